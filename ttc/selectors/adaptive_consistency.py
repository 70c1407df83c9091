"""Adaptive-Consistency: stop once the leading answer is likely enough to be the majority."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import NamedTuple

import numpy as np

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.estimates import Estimate
from ttc.selectors.exact.partitions import MOST_VOTES, Partitions, count_partitions, votes_of
from ttc.selectors.exact.simulated_votes import ORDERS, Beyond, simulate
from ttc.selectors.exact.subsets import bounded, check_budgets
from ttc.selectors.stopping import Stopping

# Partitions that are kept: enough for 40 votes on any answers, 72 on five, 1,000 on two.
MOST_STATES = 260_000
# Numbers of answers for which there are tables, so that problems share them.
PARTS = (2, 3, 4, 5, 6, 8)


class AdaptiveConsistency(Stopping):
    """Votes until the leader is the majority with probability c (Aggarwal et al. 2023).

    Adaptive-Consistency, "Let's Sample Step by Step": with a and b votes for the first two, it
    stops when P(p > ½) ≥ c for p ~ Beta(a + 1, b + 1), which is Σ_{i≤a} C(a + b + 1, i) /
    2^(a+b+1). The answer is the majority of the draws made. The mean is exact over all orders of
    the draws for as many votes as MOST_STATES allows (`exact.partitions`). What happens after
    that is simulated; if that is rare, the mean is a bracket instead.
    """

    name = "ac"

    def parse(self, read: OptionReader) -> None:
        super().parse(read)
        need = "a probability above 0.5 and below 1"
        self._c = read.value("c", Fraction(19, 20), _sureness, need)

    def stop(self, outcomes: Sequence[Outcome]) -> int:
        votes: Counter[object] = Counter()
        for taken, label in enumerate(self._labels(outcomes), start=1):
            if label is not None:
                votes[label] += 1
                if _sure(votes[label], _second(votes, label), self._c):
                    return taken
        return len(outcomes)

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return accuracy and expected draws at each cap k."""
        check_budgets(ks, len(outcomes))
        if not ks:
            return []
        classes, abstaining = self.classes(outcomes)
        classes.sort()
        strict = self.ties == "strict"
        known, caps = _caps(tuple(classes), abstaining, max(ks), self._c, strict)
        beyond: dict[int, Beyond] = {}
        if further := sorted({k for k in ks if caps[k].left}):
            least = _least(self._c, further[-1])
            found = simulate(classes, abstaining, further, least, known, strict=strict)
            beyond = dict(zip(further, found, strict=True))
        worths = (0.0, *(outcome.worth for outcome in outcomes))
        limits = min(worths), max(worths)
        return [_whole(caps[k], beyond.get(k), limits) for k in ks]


class _Cap(NamedTuple):
    """What is known of a rule with a cap on the draws: value and draws as far as the states go, and
    the chance `left` that it has not stopped there."""

    value: float
    drawn: float
    left: float


def _whole(cap: _Cap, beyond: Beyond | None, limits: tuple[float, float]) -> Estimate:
    """Return the estimate at a cap, with what happens beyond the states, if anything does.

    `limits` are the least and the most that a pick may be worth.
    """
    if beyond is None:
        return Estimate(bounded(cap.value, limits), drawn=cap.drawn)
    drawn = cap.drawn + beyond.drawn
    if cap.left > 1 / ORDERS:
        return Estimate(bounded(cap.value + beyond.value, limits), beyond.error, "mc", drawn)
    # Simulating what is so rare has an error as large as this bracket's.
    low, high = (cap.left * limit for limit in limits)
    return Estimate(cap.value + (low + high) / 2, (high - low) / 2, "bracket", drawn)


@lru_cache(maxsize=1 << 12)
def _caps(
    classes: tuple[tuple[int, float], ...], abstaining: int, most: int, c: Fraction, strict: bool
) -> tuple[int, list[_Cap]]:
    """Return the votes up to which the states go, and the caps 0..most, for answers with (votes,
    the sum of their worths)."""
    states = _states(len(classes), most, c)
    votes = votes_of(classes, states, strict=strict)
    known = len(votes.alive) - 1
    stopped = np.cumsum(votes.stopped)
    voters = sum(count for count, _ in classes)
    # The chance of s votes in the draws so far, s = 0..known, and of more.
    chance, more, drawn = np.zeros(known + 1), 0.0, 0.0
    chance[0] = 1.0
    caps = []
    for taken in range(most + 1):
        value = float(chance @ (stopped + votes.cut)) + more * float(stopped[-1])
        caps.append(_Cap(value, drawn, more * float(votes.alive[-1])))
        drawn += float(chance @ votes.alive)
        if (lacking := voters + abstaining - taken) <= 0:
            break
        gained = chance * (voters - np.arange(known + 1)) / lacking
        more += float(gained[-1])
        chance -= gained
        chance[1:] += gained[:-1]
    return known, caps


@lru_cache(maxsize=8)
def _table(parts: int, votes: int, c: Fraction) -> Partitions:
    return Partitions(votes, parts, _least(c, votes))


def _least(c: Fraction, votes: int) -> list[int]:
    """Return the fewest votes with which the rule stops against b = 0..votes // 2."""
    return [_needed(c).against(b) for b in range(votes // 2 + 1)]


def _states(answers: int, votes: int, c: Fraction) -> Partitions:
    """Return the states of so many answers, for so many votes or as many as MOST_STATES allows."""
    parts = next((p for p in PARTS if p >= min(answers, votes)), votes)
    votes = min(votes, MOST_VOTES)
    while count_partitions(votes, min(parts, votes)) > MOST_STATES:
        votes -= 1
    return _table(min(parts, votes), votes, c)


def _sureness(given: str) -> Fraction:
    found = Fraction(given)
    if not Fraction(1, 2) < found < 1:
        raise ValueError
    return found


def _second(votes: Counter[object], leader: object) -> int:
    return max((count for answer, count in votes.items() if answer != leader), default=0)


class _Needed:
    """The fewest votes a with which P(p > ½) ≥ c against b votes, in whole numbers, for b = 0, 1, …

    With n = a + b + 1 it keeps S(n, a) = Σ_{i≤a} C(n, i), for which S(n + 1, a) = 2·S(n, a) −
    C(n, a).
    """

    def __init__(self, c: Fraction) -> None:
        self._c = c
        self._found: list[int] = []
        self._votes, self._n, self._sum = 0, 1, 1

    def against(self, b: int) -> int:
        """Return a for this b."""
        while len(self._found) <= b:
            if self._found:
                self._grow()
            while self._sum < self._c * (1 << self._n):
                self._grow()
                self._votes += 1
                self._sum += comb(self._n, self._votes)
            self._found.append(self._votes)
        return self._found[b]

    def _grow(self) -> None:
        self._sum = 2 * self._sum - comb(self._n, self._votes)
        self._n += 1


@lru_cache(maxsize=64)
def _needed(c: Fraction) -> _Needed:
    return _Needed(c)


def _sure(a: int, b: int, c: Fraction) -> bool:
    """Return whether P(p > ½) ≥ c for a votes against b."""
    return a > b and a >= _needed(c).against(b)
