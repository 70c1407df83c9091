"""Tests of one problem's correct draws: whether its success rate fell, also beyond a margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ttc.curves.holm import NEAR, Floats, Hypothesis
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.subsets import hypergeometric, log_choose

STEPS = 2000  # of a success rate, over which the unconditional test takes its maximum
MOST_BUDGET = 128  # terms of larger budgets do not narrow what a margin allows


class Counts(NamedTuple):
    """How many of a problem's draws are correct."""

    correct: int
    draws: int

    def __str__(self) -> str:
        return f"{self.correct}/{self.draws}"

    @property
    def rate(self) -> float:
        """The share of correct draws."""
        return self.correct / self.draws


@lru_cache(maxsize=1 << 14)
def fisher(old: Counts, new: Counts) -> Hypothesis:
    """Return Fisher's exact test (1935) that a success rate fell: one-sided, given the total.

    With t correct of all draws, p = P(Y ≤ y) for Y hypergeometric: the correct ones among as many
    draws as `new` has. Valid wherever the rate did not fall; every rule whose value rises with the
    rate (coverage, pass^k, the mean) falls exactly if the rate does, so one test serves them at
    any k.
    """
    attained, least = _conditional(old.draws, new.draws, old.correct + new.correct)
    return Hypothesis(float(attained[new.correct - least]), attained)


@lru_cache(maxsize=1 << 12)
def _conditional(n: int, m: int, total: int) -> tuple[Floats, int]:
    """Return P(Y ≤ y) for y from the least possible one, and that one."""
    law = hypergeometric(n + m, total, m)
    least = max(0, total - n)
    cumulated = np.minimum(np.cumsum(law[least:]), 1.0)
    cumulated[-1] = 1.0
    return cumulated, least


def allowed(
    margin: float, rules: Mapping[str, Selector], terms: Sequence[tuple[str, int]]
) -> Floats:
    """Return the lowest new success rate q under which no term falls by more than `margin`.

    At old rates 0, 1/STEPS, …, 1. A rule of counts is worth g(p) = Σ_c B(c; k, p) v(c) at budget
    k and rate p, with v(c) its value on k draws of which c are correct; q is the largest over
    terms of inf{q: g(q) ≥ g(p) − margin}, rounded down to a step.
    """
    grid = np.linspace(0, 1, STEPS + 1)
    lowest = np.zeros(STEPS + 1)
    for name, k in terms:
        if k > MOST_BUDGET:
            continue
        worth = [
            rules[name].expected([Outcome(i, correct=i < c) for i in range(k)], [k])[0]
            for c in range(k + 1)
        ]
        value = np.maximum.accumulate(binomials(k, grid) @ np.asarray(worth))
        above = np.searchsorted(value, value - margin - 1e-12, side="left")
        lowest = np.maximum(lowest, grid[np.maximum(above - 1, 0)])
    return np.asarray(np.minimum(lowest, grid))


def beyond(old: Counts, new: Counts, lowest: Floats) -> float:
    """Return the p-value of a fall beyond what `allowed` gives: an exact unconditional test.

    It orders outcomes by Fisher's p (Boschloo 1970; with a margin Röhmel and Mansmann 1999) and
    takes the largest probability of outcomes as extreme over all old rates p, at the lowest rate q
    that is allowed. Such outcomes become likelier as p rises and q falls, so the bound of each step
    (p at its end, q at its beginning) holds within it: p is an upper bound, by a few per cent.
    """
    table = _fisher_table(old.draws, new.draws)
    return _largest(table <= table[old.correct, new.correct] * NEAR, lowest)


def p_values(n: int, m: int, lowest: Floats | None, threshold: float) -> Floats:
    """Return the p-value of x = 0..n correct before (rows) and y = 0..m after (columns).

    With a margin only whether it is at most `threshold` is right: 0 where it is, else 1.
    """
    table = _fisher_table(n, m)
    if lowest is None:
        return table
    levels = np.unique(table)
    low, high = -1, len(levels)  # the largest level whose region is small enough
    while high - low > 1:
        middle = (low + high) // 2
        small = _largest(table <= levels[middle] * NEAR, lowest) <= threshold
        low, high = (middle, high) if small else (low, middle)
    bound = levels[low] * NEAR if low >= 0 else -1.0
    return np.where(table <= bound, 0.0, 1.0)


def _largest(region: NDArray[np.bool_], lowest: Floats) -> float:
    """Return an upper bound of the largest probability of a region of x (rows) and y."""
    n, m = (size - 1 for size in region.shape)
    depth = region.sum(axis=1)  # for each x it holds the y = 0, 1, … below this
    grid = np.linspace(0, 1, STEPS + 1)
    at_most = np.cumsum(binomials(m, lowest), axis=1)
    reached = np.concatenate([np.zeros((STEPS + 1, 1)), at_most], axis=1)[:, depth]
    chances = (binomials(n, grid)[1:] * reached[:-1]).sum(axis=1)
    return min(float(chances.max()), 1.0)


@lru_cache(maxsize=64)
def _fisher_table(n: int, m: int) -> Floats:
    """Return Fisher's p for x = 0..n correct before (rows) and y = 0..m after."""
    table = np.ones((n + 1, m + 1))
    for total in range(n + m + 1):
        attained, least = _conditional(n, m, total)
        y = np.arange(least, min(total, m) + 1)
        table[total - y, y] = attained
    return table


def binomials(n: int, rates: Floats) -> Floats:
    """Return the binomial law of n draws at each rate, shape (rates, n + 1)."""
    y = np.arange(n + 1)
    ways = np.asarray(log_choose(n, y), dtype=np.float64)
    inner = np.clip(rates, 1e-300, 1 - 1e-16)[:, None]
    law = np.exp(ways + y * np.log(inner) + (n - y) * np.log1p(-inner))
    law[rates <= 0] = y == 0
    law[rates >= 1] = y == n
    return np.asarray(law)
