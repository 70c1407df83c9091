"""The vote of a problem: what the rule `majority` picks from all its judged draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttc.outcomes.votes import rule
from ttc.outcomes.votes import vote as vote_on
from ttc.records import Outcome
from ttc.selectors.exact.estimates import value_on
from ttc.view.table import NO_ANSWER, Table


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
    return value_on(rule(), outcomes) if outcomes else None


def values(table: Table) -> NDArray[np.float64]:
    """Return the worth of the vote of each problem; NaN without judged draws.

    The rule is applied once to problems with alike classes: as many answers with as many draws,
    as many of them right. It does not go by what the answers are.
    """
    if "votes" not in table.kept:
        known: dict[tuple[tuple[int, int], ...], float] = {}
        found = np.full(len(table.names), np.nan)
        for number, shape in _shapes(table).items():
            if shape not in known:
                worth = value(table, number)
                known[shape] = np.nan if worth is None else worth
            found[number] = known[shape]
        table.kept["votes"] = found
    kept: NDArray[np.float64] = table.kept["votes"]
    return kept


def _shapes(table: Table) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return, by number of the problem, the draws and the right draws of each answer, sorted."""
    draws = table.draws
    judged = np.flatnonzero(draws.judged)
    key = (
        draws.problem[judged].astype(np.int64) * (len(draws.answers) + 1) + draws.answer[judged] + 1
    )
    classes, place, votes = np.unique(key, return_inverse=True, return_counts=True)
    right = np.bincount(place, draws.correct[judged] == 1, minlength=len(classes)).astype(np.int64)
    problem, answer = np.divmod(classes, len(draws.answers) + 1)
    # Draws without an answer abstain, and are told from an answer by a negative count.
    votes = np.where(answer == 0, -votes, votes)
    order = np.lexsort((right, votes, problem))
    pairs = list(zip(votes[order].tolist(), right[order].tolist(), strict=True))
    numbers, starts = np.unique(problem[order], return_index=True)
    bounds = [*starts.tolist(), len(pairs)]
    return {
        number: tuple(pairs[bounds[at] : bounds[at + 1]])
        for at, number in enumerate(numbers.tolist())
    }


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
    return vote_on(_outcomes(table, number))
