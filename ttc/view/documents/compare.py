"""`compare`: two pools, as `ttc sweep A B --compare` has them, and problem by problem."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import numpy as np

from ttc.errors import UsageError
from ttc.outcomes.differences import fisher
from ttc.store import columns
from ttc.view import computing, facets, parameters, votes
from ttc.view.documents.rows import QUESTION
from ttc.view.library import Library, Shelf
from ttc.view.table import Table

SHOWN = 1000  # problems
RULE = "majority"


def compare(library: Library, given: Mapping[str, str]) -> dict[str, Any]:
    """Return how `b` differs from `a`: the mean of a rule at k, and the problems that differ.

    `difference` is the value of b less that of a, over the problems that both have. `k` is the
    largest that all of them have draws for, unless given. `flipped` are the problems whose share of
    right draws differs, the least likely by chance first: `p` is that of `ttc show A --diff B`.
    `vote` says what the vote of all draws is worth on either side, `turned` whether it changed
    between right and wrong. `only_a` and `only_b` count the other problems.
    """
    names = parameters.text(given, "a"), parameters.text(given, "b")
    if names[0] == names[1]:
        raise UsageError(f"{names[0]}: name two pools to compare")
    with library.reading() as reader:
        a, b = (library.shelf(reader, name, _label(library, reader, name, given)) for name in names)
        states = tuple(library.state(reader, each.pool) for each in (a, b))
        shared = _shared(a.table, b.table)
        rule, (most, any_has) = given.get("rule") or RULE, _most(a.table, b.table, shared)
        k = parameters.whole(given, "k", most) or most
        if k > any_has:
            raise UsageError(f"k={k}: no problem has more than {any_has} draws in both pools")
        whole = _compared(library, (a, b), rule, k, states)
        flipped = _flipped(a.table, b.table, shared)
        rows = [int(a.table.rows[row["number_a"]]) for row in flipped[:SHOWN]]
        asked = columns.asked(reader, rows, QUESTION)
        for row, at in zip(flipped, rows, strict=False):
            row["question"] = asked.get(at, (None, None))[0]
    return {
        "a": names[0],
        "b": names[1],
        "verifier_a": a.judge and a.judge.label,
        "verifier_b": b.judge and b.judge.label,
        "rule": rule,
        "k": k,
        "most": most,
        **whole,
        "differing": len(flipped),
        "flipped": flipped[:SHOWN],
        "only_a": len(a.table.names) - len(shared),
        "only_b": len(b.table.names) - len(shared),
    }


def _label(
    library: Library, reader: sqlite3.Connection, name: str, given: Mapping[str, str]
) -> str | None:
    """Return the label of a verifier, if the pool has verdicts by it."""
    label = given.get("verifier")
    judges = library.judges(reader, library.pool(reader, name))
    return label if any(judge.label == label for judge in judges.every) else None


def _shared(a: Table, b: Table) -> list[tuple[int, int]]:
    """Return the numbers of the problems that both pools have judged draws of."""
    there = [table.per_problem(table.draws.judged) for table in (a, b)]
    return [
        (at, b.numbers[name])
        for at, name in enumerate(a.names)
        if name in b.numbers and there[0][at] and there[1][b.numbers[name]]
    ]


def _most(a: Table, b: Table, shared: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the largest budgets that all shared problems, and that one of them, have draws for."""
    if not shared:
        both = f"{a.pool.name} and {b.pool.name} have no problem"
        if not a.numbers.keys() & b.numbers.keys():
            raise UsageError(f"{both} in common, so there is nothing to compare; choose others")
        raise UsageError(f"{both} with verdicts in common; ttc verify judges them")
    pairs = np.array(shared)
    counts = np.minimum(
        *(table.per_problem(table.draws.judged)[pairs[:, at]] for at, table in enumerate((a, b)))
    )
    return int(counts.min()), int(counts.max())


def _compared(
    library: Library, sides: tuple[Shelf, Shelf], rule: str, k: int, states: Any
) -> dict[str, Any]:
    """Return the difference of the means as `ttc sweep --compare` has it."""
    read = {each.pool.name: None if each.judge is None else each.judge.row for each in sides}
    job = computing.job_of(library.path, read, {"rules": [rule], "ks": [k], "compare": True})
    key = ("compare", tuple(each.pool.id for each in sides), tuple(read.values()), rule, k)
    draws = sum(len(each.table.draws) for each in sides)
    found = library.remembered(key, states, lambda: computing.compute(job, draws))
    whole = found["comparisons"][0]
    return {
        "value_a": whole["baseline"],
        "value_b": whole["value"],
        "difference": whole["difference"],
        "low": whole["low"],
        "high": whole["high"],
        "p": whole["p"],
        "test": "sign flips over the problems that both have, two-sided",
        "problems": whole["problems"],
        "detectable": whole["detectable"],
        "warnings": found["warnings"],
    }


def _flipped(a: Table, b: Table, shared: list[tuple[int, int]]) -> list[dict[str, Any]]:
    right = [table.per_problem(facets.draws_with(table, "correct")) for table in (a, b)]
    judged = [table.per_problem(table.draws.judged) for table in (a, b)]
    found = []
    for one, other in shared:
        c, n = int(right[0][one]), int(judged[0][one])
        d, m = int(right[1][other]), int(judged[1][other])
        if c * m == d * n:
            continue
        worth = float(votes.values(a)[one]), float(votes.values(b)[other])
        found.append(
            {
                "problem": a.names[one],
                "number_a": one,
                "number_b": other,
                "a": {"n": n, "correct": c, "vote": worth[0]},
                "b": {"n": m, "correct": d, "vote": worth[1]},
                "p": fisher(c, n, d, m),
                "turned": {worth[0], worth[1]} == {0.0, 1.0},
                "question": None,
            }
        )
    return sorted(found, key=lambda row: (row["p"], -_change(row), row["number_a"]))


def _change(row: Mapping[str, Any]) -> float:
    rates = [row[side]["correct"] / row[side]["n"] for side in ("a", "b")]
    return float(np.abs(rates[1] - rates[0]))
