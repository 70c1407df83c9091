"""Votes that stop early, over all orders of the draws: states are partitions of the vote count.

Given how many votes each answer has after s votes, all orders of these votes are equally likely,
and whether the rule has stopped depends on the order alone. So

    P(votes are c, and the rule did not stop before) = Π_i C(n_i, c_i) / C(N, s) · q(λ(c))

where λ is the partition of s into the c_i, and q(λ) = Σ_j λ_j / s · q(λ − e_j), over the λ − e_j in
which the rule does not stop, is the same for every problem. `Partitions` has q. `Votes` sums over
all c for one problem, an answer at a time: W(μ), the sum of the products over all ways in which the
answers so far have the votes μ, and V(μ), the same times the share of correct draws of the leaders.
That takes time in proportion to the number of partitions, not to that of the c.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ttc.selectors.exact.subsets import Floats

Ints: TypeAlias = NDArray[np.int64]
Codes: TypeAlias = NDArray[np.uint64]
MOST_VOTES = 1000  # whose products fit into floating-point numbers


def count_partitions(votes: int, parts: int) -> int:
    """Return how many partitions of 0, 1, …, `votes` there are into at most `parts` parts."""
    ways = [1] + [0] * votes
    for part in range(1, parts + 1):  # into parts up to `parts`: as many
        for s in range(part, votes + 1):
            ways[s] += ways[s - part]
    return sum(ways)


class _Columns(NamedTuple):
    """Partitions as columns: the sum, the parts largest, second and last, how often the largest
    occurs, the number of parts, and a code that tells them apart."""

    total: Ints
    first: Ints
    second: Ints
    last: Ints
    leaders: Ints
    size: Ints
    code: Codes

    def at(self, where: NDArray[np.bool_] | Ints) -> _Columns:
        return _Columns._make(column[where] for column in self)

    def append(self, part: int, code: np.uint64) -> _Columns:
        """Return them with one more part, which is not larger than the last."""
        new = np.full_like(self.total, part)
        return _Columns(
            self.total + part,
            np.where(self.size == 0, new, self.first),
            np.where(self.size == 1, new, self.second),
            new,
            self.leaders + ((self.size == 0) | (self.first == part)),
            self.size + 1,
            self.code + code,
        )


class Partitions:
    """All partitions of 0..votes into at most `parts` parts, a state each, sorted by their sum.

    `first` and `second` have the two largest parts (0 if there is none), `leaders` how often the
    largest occurs; the states of the sum s begin at `starts[s]`. The rule stops
    when the leader has at least `least[b]` votes and the next answer b = 0..votes // 2, where
    `least` does not fall and is above b. `stopping` says whether a state is such, and `reached` is
    the chance q that a random order of its votes does not stop before the last one.

    An open state has room for one more part: `place` has its place among the open ones, and
    `grown[v]`, at that place, the state with one more part v, for all open ones with a sum up to
    votes − v.
    """

    def __init__(self, votes: int, parts: int, least: Sequence[int]) -> None:
        self.votes = votes
        # The code of a partition is the sum of random numbers that stand for its parts.
        codes = np.random.default_rng(1).integers(1, 1 << 63, votes + 1, dtype=np.uint64)
        found = _enumerate(votes, parts, codes)
        self.total, self.first, self.second = found.total, found.first, found.second
        self.leaders = found.leaders
        self.starts: Ints = np.searchsorted(self.total, np.arange(votes + 2))
        self._open = np.flatnonzero(found.size < parts)
        self.place = np.full(len(self.total), -1)
        self.place[self._open] = np.arange(len(self._open))
        self.grown = self._link(found.code, codes)
        self.stopping: NDArray[np.bool_] = self.first >= np.asarray(least)[self.second]
        self.reached = self._count_orders()

    def _link(self, code: Codes, codes: Codes) -> list[Ints]:
        order = np.argsort(code)
        ranked = code[order]
        if (ranked[1:] == ranked[:-1]).any():
            raise AssertionError("two partitions have one code")
        grown = [self._open]
        for part in range(1, self.votes + 1):
            fits = np.searchsorted(self._open, self.starts[self.votes - part + 1])
            grown.append(order[np.searchsorted(ranked, code[self._open[:fits]] + codes[part])])
        return grown

    def _count_orders(self) -> Floats:
        steps = [self._steps(part) for part in range(1, self.votes + 1)]
        to, before, weight = (np.concatenate(column) for column in zip(*steps, strict=True))
        order = np.argsort(to, kind="stable")
        to, before, weight = to[order], before[order], weight[order]
        ends = np.searchsorted(to, self.starts)
        reached = np.zeros(len(self.total))
        unstopped = reached.copy()
        reached[0] = unstopped[0] = 1.0
        for s in range(1, self.votes + 1):
            here, states = slice(ends[s], ends[s + 1]), slice(self.starts[s], self.starts[s + 1])
            flow = weight[here] * unstopped[before[here]]
            reached[states] = np.bincount(to[here] - states.start, flow, states.stop - states.start)
            unstopped[states] = np.where(self.stopping[states], 0.0, reached[states])
        return reached

    def _steps(self, part: int) -> tuple[Ints, Ints, Floats]:
        """Return the states that have this part, those with one less in its place, and the chance
        that the last vote of a random order made the difference."""
        grown = self.grown[part]
        occurs = np.zeros(len(self.total))
        states = grown
        while len(states):  # those with at least one such part, two, …
            occurs[states] += 1
            places = self.place[states]
            states = grown[places[(places >= 0) & (places < len(grown))]]
        return grown, self.grown[part - 1][: len(grown)], occurs[grown] * part / self.total[grown]


def _enumerate(votes: int, parts: int, codes: Codes) -> _Columns:
    none = np.zeros(1, dtype=np.int64)
    level = _Columns(none, none, none, none + votes, none, none, none.astype(np.uint64))
    levels = [level]
    for count in range(1, min(parts, votes) + 1):
        longer = []
        for part in range(1, votes // count + 1):
            fits = (level.total + part <= votes) & (level.last >= part)
            longer.append(level.at(fits).append(part, codes[part]))
        level = _Columns._make(map(np.concatenate, zip(*longer, strict=True)))
        levels.append(level)
    found = _Columns._make(map(np.concatenate, zip(*levels, strict=True)))
    return found.at(np.argsort(found.total, kind="stable"))


class Votes(NamedTuple):
    """What a rule does on one problem after s votes in random order, for s = 0..votes.

    `alive` is the chance that it has not stopped. `stopped` and `cut` are shares of correct draws,
    times the chance: of the leader where it stops at just this vote, and of the leaders where it
    has not stopped and the votes end here.
    """

    alive: Floats
    stopped: Floats
    cut: Floats


def votes_of(classes: Sequence[tuple[int, float]], states: Partitions, *, strict: bool) -> Votes:
    """Return `Votes` for answers with (votes, the sum of their worths).

    They go as far as both `states` and the votes do. Tied leaders share the value; with `strict`
    they have none.

    There must not be more answers than parts, unless there are as many parts as votes.
    """
    voters = sum(votes for votes, _ in classes)
    most = min(states.votes, voters)
    # Any odds would do; these keep the numbers near 1.
    odds = most / voters if voters else 0.0
    ways, worth = _sums(classes, states, most, odds)
    subsets = _row(voters, most, odds, exp(-most / 2))
    ends = states.starts[: most + 1]
    end = states.starts[most + 1]
    scale = np.repeat(subsets, np.diff(states.starts[: most + 2]))
    chance = states.reached[:end] / scale
    unstopped = np.where(states.stopping[:end], 0.0, chance)
    leaders = np.maximum(states.leaders[:end], 1)
    won = np.where(leaders > 1, 0.0, worth) if strict else worth / leaders
    return Votes(
        np.add.reduceat(ways * unstopped, ends),
        np.add.reduceat(worth * (chance - unstopped), ends),
        np.add.reduceat(won * unstopped, ends),
    )


def _sums(
    classes: Sequence[tuple[int, float]], states: Partitions, most: int, odds: float
) -> tuple[Floats, Floats]:
    """Return W and V of all states up to the sum `most`, times odds^s and exp(−most / 2)."""
    voters = sum(votes for votes, _ in classes)
    ways, worth = np.ones(1), np.zeros(1)
    drawn = 0
    # Small classes first: they reach few states.
    for votes, correct in sorted(classes):
        share = correct / votes
        row = _row(votes, min(votes, most), odds, exp(-most / 2 * votes / voters))
        here, led = np.flatnonzero(ways != 0), np.flatnonzero(worth != 0)
        old, old_worth = ways[here], worth[led]
        first, leading = states.first[here], states.first[led]
        drawn = min(drawn + votes, most)
        ways, worth = np.zeros((2, states.starts[drawn + 1]))
        ways[here] = row[0] * old
        worth[led] = row[0] * old_worth
        places, leading_places = states.place[here], states.place[led]
        for part, factor in enumerate(row.tolist()[1:], start=1):
            fits = np.searchsorted(here, states.starts[most - part + 1])
            to = states.grown[part][places[:fits]]
            # No two states grow into one by the same part, so `+=` misses nothing.
            ways[to] += factor * old[:fits]
            if share:
                worth[to] += np.where(first[:fits] <= part, factor * share * old[:fits], 0.0)
            fits = np.searchsorted(led, states.starts[most - part + 1])
            to = states.grown[part][leading_places[:fits]]
            worth[to] += np.where(leading[:fits] >= part, factor * old_worth[:fits], 0.0)
    return ways, worth


def _row(n: int, most: int, odds: float, start: float) -> Floats:
    """Return start · C(n, c) · odds^c for c = 0..most."""
    factors = [start]
    for c in range(most):
        factors.append(factors[-1] * (n - c) / (c + 1) * odds)
    return np.array(factors)
