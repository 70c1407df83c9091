"""A problem of a pool with its draws and their vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttc import keys
from ttc.cli.output import document
from ttc.cli.showing.cells import short
from ttc.cli.showing.draw import judged
from ttc.messages.visible import for_stdout, report_line
from ttc.outcomes.votes import vote
from ttc.records import INFRA, Outcome, Problem
from ttc.report.tables.columns import columns
from ttc.store import Store
from ttc.store.named import problem_named
from ttc.store.pools import Pool


def show(
    store: Store, pool: Pool, name: str, wanted: str | None, as_json: bool, logprobs: bool
) -> None:
    """Print a problem."""
    problem = problem_named(store.reader, pool, name)
    drawn = judged(store, pool, name, wanted, logprobs and as_json)
    decided = _vote(drawn)
    if as_json:
        document(
            {
                "schema": 1,
                "pool": pool.name,
                "problem": name,
                **keys.prompt_content(problem),
                "reference": dict(problem.reference),
                "tags": dict(problem.tags),
                "vote": decided,
                "samples": drawn,
            }
        )
        return
    _asked(problem)
    print()
    fields = ["index", "finish_reason", "completion_tokens", "answer", "correct"]
    if any(line.get("think_tokens") for line in drawn):
        fields.append("think_tokens")
    if drawn:
        columns([{field: line.get(field) for field in fields} for line in drawn])
    if decided is not None:
        print()
        print(for_stdout(_vote_line(decided), line=True))


def _asked(problem: Problem) -> None:
    for message in problem.messages:
        print(for_stdout(f"{message.role}: {message.content}"))
    if problem.prompt is not None:
        print(for_stdout(problem.prompt))
    elif not problem.messages:
        print("question unknown: the log does not have it; ttc import … --problems DATA adds it")
    print(for_stdout(f"reference: {problem.reference or 'none'}", line=True))
    if problem.tags:
        tagged = ", ".join(f"{name} = {value}" for name, value in problem.tags.items())
        print(report_line(f"tags: {tagged}"))


def _vote(drawn: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the vote of the judged draws; None if several verifiers judged them, each its own."""
    lines = [line for line in drawn if line.get("status") and line["status"] not in INFRA]
    if len({line["verifier"] for line in lines}) > 1:
        return None
    return vote([Outcome(line["index"], line["answer"], line["correct"]) for line in lines])


def _vote_line(decided: Mapping[str, Any]) -> str:
    if decided["answer"] is None:
        return f"vote: none of {decided['of']} draws has an answer"
    words = {True: "correct", False: "wrong", None: "undecided"}
    line = f"vote: {short(decided['answer'])} ({decided['votes']} of {decided['of']} draws)"
    if decided["tied"]:
        others = ", ".join(str(short(each)) for each in decided["tied"][:3])
        return f"{line}, tied with {others}; worth {decided['value']:.4g}"
    return f"{line}, {words[decided['correct']]}"
