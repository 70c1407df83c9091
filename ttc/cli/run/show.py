"""What `ttc show` does once its options are parsed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ttc import interchange, keys
from ttc.cli.output import document
from ttc.errors import UsageError
from ttc.messages.counts import with_tokens
from ttc.messages.visible import for_stdout, report_line
from ttc.report.tables.columns import columns
from ttc.session import Session
from ttc.store import (
    Store,
    counts,
    imported,
    samples,
    tags,
    token_logprobs,
    verdicts,
    verifiers,
)
from ttc.store.named import find_pool
from ttc.store.pools import Pool


def show(
    session: Session,
    name: str,
    problem: str | None,
    index: int | None,
    as_json: bool,
    logprobs: bool = False,
) -> None:
    """Print what is asked for. UsageError, with near names, for what is not there."""
    with Store.reading(session.database) as store:
        pool = find_pool(store.reader, name)
        if problem is None:
            _pool(store, pool, as_json)
        elif index is None:
            _problem(store, pool, problem, as_json, logprobs)
        else:
            _sample(store, pool, problem, index, as_json, logprobs)


def _pool(store: Store, pool: Pool, as_json: bool) -> None:
    judged = verifiers.verifiers_of(store.reader, pool)
    problems = with_tokens(counts.problems_overview(store.reader, pool), as_json=as_json)
    if as_json:
        about = {"pool": pool.name, "model": pool.model, "identity": dict(pool.identity)}
        about["tags"] = tags.values(store.reader, pool)
        document({"schema": 1, **about, "verifiers": judged, "problems": problems})
        return
    print(report_line(f"pool {pool.name}: {pool.model}"))
    for field, value in pool.identity.items():
        print(for_stdout(f"  {field}: {value}", line=True))
    if unknown := imported.unknown_questions(store.reader, pool).get(pool.name):
        print(f"  question unknown for {unknown} of {len(problems)} problems")
    for row in judged:
        judge = f"{row['name']} {row['version']} {row['config']}"
        read = {True: ", which read the reference", None: ", which may have read the reference"}
        reading = read.get(row["reads_reference"], "")
        print(report_line(f"  {row['verdicts']} verdicts by {judge}{reading}"))
    if found := tags.values(store.reader, pool):
        print(report_line(f"  tags: {', '.join(f'{name} ({n})' for name, n in found.items())}"))
    if problems:
        columns(problems)


def _judged(store: Store, pool: Pool, problem: str, logprobs: bool = False) -> list[dict[str, Any]]:
    found = []
    judges = verifiers.first_runs(verifiers.verifiers_of(store.reader, pool, problem))
    by = {row["id"]: row["name"] for row in reversed(judges)}
    told = {name: verdicts.by_sample(store.reader, pool, row, problem) for row, name in by.items()}
    for row_id, sample in samples.of_pool(store.reader, pool, problem=problem):
        if logprobs:
            sample = replace(sample, token_logprobs=token_logprobs.of(store.reader, row_id))
        line = interchange.sample_line(sample)
        for name, kept in told.items():
            if row_id in kept:
                for field in ("detail", "verifier_tokens"):
                    line.pop(field, None)  # those of another verifier
                line |= interchange.verdict_fields(kept[row_id], name)
        found.append(line)
    return sorted(found, key=lambda line: line["index"])


def _problem(store: Store, pool: Pool, problem: str, as_json: bool, logprobs: bool = False) -> None:
    asked = samples.problem_of(store.reader, pool, problem)
    if asked is None:
        raise UsageError(f"{pool.name} has no problem {problem!r}; ttc show {pool.name} lists them")
    drawn = _judged(store, pool, problem, logprobs and as_json)
    if as_json:
        document(
            {
                "schema": 1,
                "pool": pool.name,
                "problem": problem,
                **keys.prompt_content(asked),
                "reference": dict(asked.reference),
                "tags": dict(asked.tags),
                "samples": drawn,
            }
        )
        return
    for message in asked.messages:
        print(for_stdout(f"{message.role}: {message.content}"))
    if asked.prompt is not None:
        print(for_stdout(asked.prompt))
    elif not asked.messages:
        print("question unknown: the log does not have it; ttc import … --problems DATA adds it")
    print(for_stdout(f"reference: {asked.reference or 'none'}", line=True))
    if asked.tags:
        tagged = ", ".join(f"{name} = {value}" for name, value in asked.tags.items())
        print(report_line(f"tags: {tagged}"))
    print()
    fields = ["index", "finish_reason", "completion_tokens", "answer", "correct"]
    if any(line.get("think_tokens") for line in drawn):
        fields.append("think_tokens")
    if drawn:
        columns([{field: line.get(field) for field in fields} for line in drawn])


def _sample(
    store: Store, pool: Pool, problem: str, index: int, as_json: bool, logprobs: bool
) -> None:
    drawn = _judged(store, pool, problem, logprobs)
    line = next((line for line in drawn if line["index"] == index), None)
    if line is None:
        raise UsageError(
            f"{pool.name} has no draw {index} of {problem!r}; "
            f"ttc show {pool.name} {problem} lists them"
        )
    if as_json:
        document(line)
        return
    tokens = line.pop("logprobs", {}).get("content")
    print(for_stdout(line.pop("text")))
    print()
    for field, value in line.items():
        print(for_stdout(f"{field}: {value}", line=True))
    if tokens:
        print()
        columns([_token(each) for each in tokens])
    elif logprobs:
        print("logprobs: none were kept; ttc sample --logprobs K keeps those of new draws")


def _token(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a row about a token: itself, and the likeliest ones at its place."""
    top = entry["top_logprobs"]
    likeliest = ", ".join(f"{each['token']!r} {each['logprob']:.3f}" for each in top)
    return {
        "token": repr(entry["token"]),
        "logprob": entry["logprob"],
        "likeliest": likeliest,
    }
