"""One draw of a problem, with what was said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ttc import interchange
from ttc.cli.output import document
from ttc.errors import UsageError
from ttc.messages.visible import for_stdout
from ttc.report.tables.columns import columns
from ttc.store import Store, samples, token_logprobs, verdicts, verifiers
from ttc.store.named import problem_named
from ttc.store.pools import Pool


def judged(
    store: Store, pool: Pool, problem: str, wanted: str | None = None, logprobs: bool = False
) -> list[dict[str, Any]]:
    """Return the draws of a problem as lines with the verdicts on them, of one verifier (`wanted`)
    or of all: the fields of the one that is first in the list of the pool."""
    found = []
    every = verifiers.verifiers_of(store.reader, pool, problem)
    judges = verifiers.first_runs(every)
    if wanted is not None:
        from ttc.outcomes.verifier_choice import choose_verifier  # which loads the plugins

        row = choose_verifier(every, wanted, pool.name)
        judges = [each for each in every if each["id"] == row]
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


def show(
    store: Store,
    pool: Pool,
    place: tuple[str, int],
    wanted: str | None,
    as_json: bool,
    logprobs: bool,
) -> None:
    """Print one draw; `place` is its problem and index."""
    name, index = place
    problem_named(store.reader, pool, name)
    drawn = judged(store, pool, name, wanted, logprobs)
    line = next((line for line in drawn if line["index"] == index), None)
    if line is None:
        last = f"its draws are 0 to {drawn[-1]['index']}" if drawn else "it has no draws"
        raise UsageError(f"{pool.name} has no draw {index} of {name!r}; {last}")
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
