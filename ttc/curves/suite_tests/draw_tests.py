"""Permutation tests that values fell: draws are exchanged between the two pools of a problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from ttc.curves.holm import Floats, Hypothesis
from ttc.curves.suite_tests.draw_scores import pooled, scores
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.subsets import hypergeometric

FEW = 499  # permutations of every problem
MANY = 4999  # of every problem, if the mean may have fallen
MOST = 199_999  # of a problem that may have fallen and has too many to go through them all
ENUMERATED = 20_000
CLEAR = 25  # as many permutations that fall as far tell that chance explains a fall
BLOCK = 10_000

Term = tuple[str, int]


@dataclass(frozen=True)
class Shuffled:
    """The draws of one problem in both pools, ready to be exchanged.

    `scores` are by draw (the `old` ones first, then the `new`) and term; a term whose k is beyond
    the draws of a pool scores 0.
    """

    problem: str
    old: int
    new: int
    scores: Floats

    @cached_property
    def spread(self) -> Floats:
        """The standard deviation of each term's sum over permutations."""
        n = self.old + self.new
        apart = (self._centered**2).sum(axis=0)
        return np.asarray(np.sqrt(self.old * self.new / (n * max(n - 1, 1)) * apart))

    @property
    def observed(self) -> Floats:
        """The sum of the new draws' scores by term, less its mean over permutations."""
        return np.asarray(self._centered[self.old :].sum(axis=0))

    def sampled(self, count: int, seed: Sequence[int]) -> Floats:
        """Return that sum (by term, columns) in random permutations (rows)."""
        n = self.old + self.new
        # The raw stream of a bit generator is the same in every version of numpy.
        stream = np.random.PCG64(np.random.SeedSequence(list(seed)))
        if self.law is not None:
            sums, chances = self.law
            uniform = np.asarray(stream.random_raw(count)) / 2.0**64
            at = np.searchsorted(np.cumsum(chances)[:-1], uniform, side="right")
            return np.asarray(sums[at])
        order = np.asarray(stream.random_raw(count * n)).reshape(count, n).argsort(axis=1)
        return self.sums(order[:, : self.new])

    def sums(self, chosen: NDArray[np.intp]) -> Floats:
        """Return that sum with the draws of each row called new."""
        return np.asarray(self._centered[chosen].sum(axis=1))

    @cached_property
    def law(self) -> tuple[Floats, Floats] | None:
        """Return all sums and their probabilities, if the draws are of no more than two kinds."""
        kinds, kind = np.unique(self.scores.round(9), axis=0, return_inverse=True)
        if len(kinds) > 2:
            return None
        second = kind.reshape(-1) == len(kinds) - 1
        n, marked = self.old + self.new, int(second.sum())
        law = hypergeometric(n, marked, self.new)
        y, centered = np.arange(len(law)), self._centered
        a, b = centered[np.argmin(second)], centered[np.argmax(second)]
        return y[:, None] * b + (self.new - y)[:, None] * a, law

    @cached_property
    def _centered(self) -> Floats:
        return np.asarray(self.scores - self.scores.mean(axis=0))


def shuffled(
    problem: str,
    old: Sequence[Outcome],
    new: Sequence[Outcome],
    rules: Mapping[str, Selector],
    terms: Sequence[Term],
) -> Shuffled:
    """Return the scores of a problem's draws for terms of these rules."""
    both, table = pooled(old, new), np.zeros((len(old) + len(new), len(terms)))
    for name, rule in rules.items():
        places = [
            (at, k)
            for at, (rule_of, k) in enumerate(terms)
            if rule_of == name and k <= min(len(old), len(new))
        ]
        if places:
            table[:, [at for at, _ in places]] = scores(rule, both, [k for _, k in places])
    table[:, np.ptp(table, axis=0) < 1e-9] = 0.0
    return Shuffled(problem, len(old), len(new), table)


@lru_cache(maxsize=4)
def _all(n: int, m: int) -> NDArray[np.intp]:
    return np.array(list(combinations(range(n), m)), dtype=np.intp).reshape(-1, m)


def lowest(sums: Floats, spread: Floats) -> Floats:
    """Return the smallest standardized sum over the terms that vary: the statistic of a maximum
    test (Westfall and Young 1993), one for all terms."""
    varies = spread > 0
    if not varies.any():
        return np.zeros(sums.shape[:-1])
    return np.asarray((sums[..., varies] / spread[varies]).min(axis=-1))


def problem_test(problem: Shuffled, fell: Floats, few: Floats, seed: Sequence[int]) -> Hypothesis:
    """Return the test that some term of a problem fell.

    `fell` is by term the part of the fall that counts: 0 where the value did not fall, less than 1
    where a margin is tolerated: the statistic is reduced by the tolerated share, which is exact
    without a margin and an approximation with one. `few` are the statistics of the first
    permutations: they decide if chance clearly explains the fall (Besag and Clifford 1991). Else
    all permutations are gone through, or MOST seeded ones with the observed one added (Phipson and
    Smyth 2010).
    """
    spread, n = problem.spread, problem.old + problem.new
    if not (spread > 0).any():
        return Hypothesis(1.0, attained=np.ones(1))
    ways = comb(n, problem.new)
    grain = 1 / ways if ways <= 1 / np.finfo(float).eps else 0.0
    seen = float(lowest(problem.observed * fell, spread))
    if seen >= 0:
        return Hypothesis(1.0, grain=grain)
    as_far = int((few <= seen + 1e-9).sum())
    if as_far >= CLEAR:
        return Hypothesis((1 + as_far) / (1 + len(few)), grain=grain)
    if problem.law is not None:
        every, chances = lowest(problem.law[0], spread), problem.law[1]
        by_size = np.argsort(every, kind="stable")
        attained = np.minimum(np.cumsum(chances[by_size]), 1.0)
        last = np.searchsorted(every[by_size], seen + 1e-9, side="right")
        return Hypothesis(float(attained[last - 1]), attained)
    if ways <= ENUMERATED:
        every = lowest(problem.sums(_all(n, problem.new)), spread)
        return Hypothesis(float((every <= seen + 1e-9).mean()), grain=grain)
    as_far = tried = 0
    while tried < MOST and as_far < CLEAR:
        count = min(BLOCK, MOST - tried)
        drawn = problem.sampled(count, (*seed, 1, tried))
        as_far += int((lowest(drawn, spread) <= seen + 1e-9).sum())
        tried += count
    return Hypothesis((1 + as_far) / (1 + tried), grain=grain)


def permuted(
    problems: Sequence[Shuffled], fell: Floats, seed: int, first: int
) -> tuple[Floats, list[Floats]]:
    """Return the p-value of the mean of each term, corrected for each other, and the statistics
    over the `first` terms of each problem's first permutations.

    The statistic of a term is the sum over problems of the difference of its mean scores,
    standardized by its standard deviation over permutations within each problem; that of all terms
    is the smallest. `fell` is above 0 for each term whose mean fell; the p-value of the others is
    1.
    """
    scale = [1 / each.old + 1 / each.new for each in problems]
    spread, total = np.zeros(len(fell)), np.zeros(len(fell))
    for weight, each in zip(scale, problems, strict=True):
        spread += (weight * each.spread) ** 2
        total += weight * each.observed
    spread = np.sqrt(spread)
    counted = (spread > 0) & (fell > 0)
    seen = np.where(counted, total / np.where(spread > 0, spread, 1.0), 0.0)
    as_low, tried = np.zeros(len(fell)), 0
    kept: list[Floats] = []
    for block, count in enumerate(_blocks()):
        sums = np.zeros((count, len(fell)))
        for at, (weight, each) in enumerate(zip(scale, problems, strict=True)):
            drawn = each.sampled(count, (seed, at, 0, block))
            sums += weight * drawn
            if not block:
                kept.append(lowest(drawn[:, :first], each.spread[:first]))
        as_low += (lowest(sums, spread)[:, None] <= seen + 1e-9).sum(axis=0)
        tried += count
        if not counted.any() or as_low[counted].min() >= CLEAR:
            break
    return np.where(counted, (1 + as_low) / (1 + tried), 1.0), kept


def _blocks() -> Iterator[int]:
    yield FEW
    for _ in range((MANY - FEW) // (FEW + 1)):
        yield FEW + 1
