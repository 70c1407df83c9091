"""The vote of a problem: what the rule `majority` picks from all its judged draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttc.records import Outcome
from ttc.selectors.exact.estimates import value_on
from ttc.selectors.spec import build
from ttc.view.table import NO_ANSWER, Table

RULE = "majority"  # with the conventions of a sweep: ties are split, no answer abstains


@dataclass(frozen=True, slots=True)
class Class:
    """One answer of a problem: how many draws gave it, and how many of them are right.

    `correct` is None if the verifier did not decide, or not alike, on the draws that gave it.
    """

    answer: str
    votes: int
    right: int
    correct: bool | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def _outcomes(table: Table, number: int) -> list[Outcome]:
    """Return the judged draws of a problem with what the vote reads of them.

    Draws that are alike share a record: the vote does not go by the index.
    """
    places, draws = table.of_problem(number), table.draws
    shared: dict[tuple[int, int], Outcome] = table.kept.setdefault("outcomes", {})
    found = []
    judged = draws.judged[places].tolist()
    pairs = zip(draws.answer[places].tolist(), draws.correct[places].tolist(), strict=True)
    for pair, counted in zip(pairs, judged, strict=True):
        if not counted:
            continue
        if pair not in shared:
            answer, correct = pair
            shared[pair] = Outcome(
                0,
                None if answer == NO_ANSWER else draws.answers[answer],
                None if correct == -1 else bool(correct),
            )
        found.append(shared[pair])
    return found


def value(table: Table, number: int) -> float | None:
    """Return what the vote of a problem is worth, as a sweep has it; None without judged draws."""
    outcomes = _outcomes(table, number)
    return value_on(build(RULE), outcomes) if outcomes else None


def values(table: Table) -> NDArray[np.float64]:
    """Return the worth of the vote of each problem; NaN without judged draws."""
    if "votes" not in table.kept:
        rule, found = build(RULE), np.full(len(table.names), np.nan)
        for number in range(len(table.names)):
            if outcomes := _outcomes(table, number):
                found[number] = value_on(rule, outcomes)
        table.kept["votes"] = found
    kept: NDArray[np.float64] = table.kept["votes"]
    return kept


def classes(table: Table, number: int) -> tuple[list[Class], int]:
    """Return the answers of a problem, the most frequent first, and how many draws have none."""
    outcomes = _outcomes(table, number)
    votes = Counter(each.answer for each in outcomes)
    none = votes.pop(None, 0)
    said: dict[str | None, Counter[bool | None]] = {}
    for each in outcomes:
        said.setdefault(each.answer, Counter())[each.correct] += 1
    found = []
    for answer, count in votes.most_common():
        alike = next(iter(said[answer])) if len(said[answer]) == 1 else None
        found.append(Class(answer or "", count, said[answer][True], alike))
    return found, none


def vote(table: Table, number: int) -> dict[str, Any] | None:
    """Return the vote of a problem as JSON; None without judged draws.

    `answer` is the answer that the rule picks (of several, `tied`, the one drawn first; None: no
    draw has one), with its `votes` of `of` judged draws; `value` is what a sweep counts for it.
    `correct` is whether it is right; None if it is undecided, or a tie or unlike verdicts make it
    neither.
    """
    outcomes = _outcomes(table, number)
    if not outcomes:
        return None
    rule = build(RULE)
    picked = rule.pick(outcomes)
    leaders = list(dict.fromkeys(outcomes[at].answer for at in picked))
    worth = value_on(rule, outcomes)
    decided = any(outcomes[at].correct is not None for at in picked) or not picked
    return {
        "answer": leaders[0] if leaders else None,
        "tied": leaders[1:],
        "votes": sum(outcomes[at].answer == leaders[0] for at in picked) if leaders else 0,
        "of": len(outcomes),
        "value": worth,
        "correct": {0.0: False, 1.0: True}.get(worth) if decided else None,
    }
