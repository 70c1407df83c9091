"""What `ttc show` does once its options are parsed."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from ttc import interchange, keys
from ttc.backends import counts
from ttc.cli.output import document
from ttc.errors import UsageError
from ttc.messages.visible import for_stdout, report_line
from ttc.outcomes import opinions
from ttc.report.columns import columns
from ttc.session import Session
from ttc.store import Store, imported, pools, samples, tags, verdicts, verifiers
from ttc.store.pools import Pool


def show(
    session: Session, name: str, problem: str | None, index: int | None, as_json: bool
) -> None:
    """Print what is asked for. UsageError, with near names, for what is not there."""
    with Store.reading(session.database) as store:
        pool = pools.find(store.reader, name)
        if pool is None:
            near = get_close_matches(name, pools.names(store.reader), n=1)
            hint = f"did you mean {near[0]}?" if near else "ttc ls lists them"
            raise UsageError(f"no pool {name!r}; {hint}")
        if problem is None:
            _pool(store, pool, as_json)
        elif index is None:
            _problem(store, pool, problem, as_json)
        else:
            _sample(store, pool, problem, index, as_json)


def _pool(store: Store, pool: Pool, as_json: bool) -> None:
    judged = verifiers.verifiers_of(store.reader, pool)
    problems = counts.with_tokens(pools.problems_overview(store.reader, pool), as_json=as_json)
    if as_json:
        about = {"pool": pool.name, "model": pool.model, "identity": dict(pool.identity)}
        about["tags"] = tags.values(store.reader, pool)
        document({"schema": 1, **about, "verifiers": judged, "problems": problems})
        return
    print(report_line(f"pool {pool.name}: {pool.model}"))
    for field, value in pool.identity.items():
        print(for_stdout(f"  {field}: {value}", line=True))
    if unknown := imported.questions_unknown(store.reader, pool):
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


def _judged(store: Store, pool: Pool, problem: str) -> list[dict[str, Any]]:
    found = []
    judges = opinions.first_runs(verifiers.verifiers_of(store.reader, pool))
    by = {row["id"]: row["name"] for row in reversed(judges)}
    told = {name: verdicts.by_sample(store.reader, pool, row) for row, name in by.items()}
    for row_id, sample in samples.of_pool(store.reader, pool, problem=problem):
        line = interchange.sample_line(sample)
        for name, kept in told.items():
            if row_id in kept:
                line |= interchange.verdict_fields(kept[row_id], name)
        found.append(line)
    return sorted(found, key=lambda line: line["index"])


def _problem(store: Store, pool: Pool, problem: str, as_json: bool) -> None:
    asked = samples.problem_of(store.reader, pool, problem)
    if asked is None:
        raise UsageError(f"{pool.name} has no problem {problem!r}; ttc show {pool.name} lists them")
    drawn = _judged(store, pool, problem)
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
    fields = ("index", "finish_reason", "completion_tokens", "answer", "correct")
    if drawn:
        columns([{field: line.get(field) for field in fields} for line in drawn])


def _sample(store: Store, pool: Pool, problem: str, index: int, as_json: bool) -> None:
    drawn = _judged(store, pool, problem)
    line = next((line for line in drawn if line["index"] == index), None)
    if line is None:
        raise UsageError(
            f"{pool.name} has no draw {index} of {problem!r}; "
            f"ttc show {pool.name} {problem} lists them"
        )
    if as_json:
        document(line)
        return
    print(for_stdout(line.pop("text")))
    print()
    for field, value in line.items():
        print(for_stdout(f"{field}: {value}", line=True))
