"""Problems with a known chance of a right draw each: what rules are worth on them, and what n draws
of them show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ttc.curves.intervals.draw_variance import draw_variances
from ttc.records import Outcome
from ttc.selectors import spec
from ttc.selectors.exact.subsets import binomial_law, within

Floats = NDArray[np.float64]
Random = np.random.Generator

# Betas by α + β, and a mixture of two points near 0 and 1.
WIDTHS: dict[str, float | None] = {"wide": 0.8, "middle": 4.0, "narrow": 40.0, "two points": None}
COUNTED = ("coverage", "pass^k", "majority")
# Levels of a key, best first: their chances for a right and for a wrong draw.
RANKED = {
    "best-of-n": np.array([[6, 5, 4, 3, 2, 1.5, 1, 0.5], [1, 1.5, 2, 3, 4, 4, 4, 4]]),
    "first-finish": np.array([[2, 4, 6, 5, 3, 1], [1, 2, 4, 6, 5, 3]]),
}
RULES = (*COUNTED, *RANKED)


def chances(mean: float, width: str, size: tuple[int, ...], random: Random) -> Floats:
    """Return the chance of a right draw of problems with this mean."""
    total = WIDTHS[width]
    if total is None:
        low, high = min(0.03, mean / 2), max(0.97, (1 + mean) / 2)
        return np.where(random.random(size) < (mean - low) / (high - low), high, low)
    return random.beta(mean * total, (1 - mean) * total, size)


class Seen(NamedTuple):
    """What n draws of problems show: values and variances, each (…, ks)."""

    values: Floats
    variances: Floats


@dataclass(frozen=True)
class Rule:
    """A rule at budgets `ks` of n draws."""

    name: str
    n: int
    ks: tuple[int, ...]

    def truth(self, p: Floats) -> Floats:
        """Return the expected value on problems with these chances, (…, ks)."""
        if self.name in COUNTED:
            values, _ = by_count(self.name, self.n, self.ks)
            grid, law = _laws(self.n)
            return _interpolated(p, grid, law @ values)
        right, wrong = _levels(self.name)
        mass = p[..., None] * right + (1 - p)[..., None] * wrong
        share = np.divide(p[..., None] * right, mass, out=np.zeros_like(mass), where=mass > 0)
        left = np.cumsum(mass[..., ::-1], axis=-1)[..., ::-1]
        below = np.concatenate((left[..., 1:], np.zeros((*p.shape, 1))), axis=-1)
        return np.stack([(share * (left**k - below**k)).sum(-1) for k in self.ks], axis=-1)

    def drawn(self, p: Floats, random: Random) -> Seen:
        """Return what n draws of each problem show."""
        if self.name in COUNTED:
            counts = random.binomial(self.n, p)
            values, variances = by_count(self.name, self.n, self.ks)
            return Seen(values[counts], variances[counts])
        right, wrong = _levels(self.name)
        correct = random.binomial(self.n, p.ravel())
        hits, misses = (
            random.multinomial(correct, right),
            random.multinomial(self.n - correct, wrong),
        )
        seen = by_level(hits, misses, self.n, self.ks)
        return Seen(*(each.reshape(*p.shape, len(self.ks)) for each in seen))


@lru_cache(maxsize=64)
def by_count(name: str, n: int, ks: tuple[int, ...]) -> Seen:
    """Return value and variance for each number of right draws, by ttc; all wrong draws agree."""
    rule = spec.build(name)
    rows: list[Any] = [[], []]
    for right in range(n + 1):
        outcomes = [Outcome(i, answer=str(int(i >= right)), correct=i < right) for i in range(n)]
        rows[0].append(rule.expected(outcomes, ks))
        rows[1].append(draw_variances(rule, outcomes, ks) or [np.nan] * len(ks))
    return Seen(np.array(rows[0]), np.array(rows[1]))


def by_level(hits: NDArray[Any], misses: NDArray[Any], n: int, ks: Sequence[int]) -> Seen:
    """Return value and variance of ranked rules, from right and wrong draws at each level.

    Both are (problems, levels). The same sums as `ttc.selectors.ranking`, for many problems.
    """
    sizes = hits + misses
    left = n - np.concatenate((np.zeros((len(hits), 1), int), np.cumsum(sizes, axis=1)), axis=1)
    share = np.divide(hits, sizes, out=np.zeros(hits.shape), where=sizes > 0)
    values, variances = [], []
    for k in ks:
        all_of = within(n, (k,))[0][left]
        value = (share * (all_of[:, :-1] - all_of[:, 1:])).sum(axis=1)
        at = min(k, n - 1)
        weights = within(n - 1, (at,))[0]
        less = np.where(left > 0, weights[np.maximum(left - 1, 0)], 0.0)
        same = weights[np.minimum(left, n - 1)]
        before, after = share * -np.diff(less, axis=1), share * -np.diff(same, axis=1)
        above = np.cumsum(before, axis=1) - before
        below = after.sum(axis=1, keepdims=True) - np.cumsum(after, axis=1)
        own = less[:, :-1] - same[:, 1:]
        centre = value[:, None]
        total = np.zeros(len(hits))
        for count, gone in ((hits, 1), (misses, 0)):
            others = (hits - gone) / np.maximum(sizes - 1, 1)
            total += (count * (above + below + others * own - centre) ** 2).sum(axis=1)
        values.append(value)
        variances.append(total * ((n - 1) / n if k < n else 1.0))
    return Seen(np.stack(values, axis=-1), np.stack(variances, axis=-1))


def _levels(name: str) -> Floats:
    return RANKED[name] / RANKED[name].sum(axis=1, keepdims=True)


@lru_cache(maxsize=8)
def _laws(n: int) -> tuple[Floats, Floats]:
    """Return chances, dense near 0 and 1, and the law of the right draws at each."""
    angle = np.linspace(0, np.pi / 2, 1501)
    grid = np.sin(angle) ** 2
    grid[0], grid[-1] = 0.0, 1.0
    return grid, np.array([binomial_law(n, float(p)) for p in grid])


def _interpolated(p: Floats, grid: Floats, table: Floats) -> Floats:
    at = np.arcsin(np.sqrt(p)) / (np.pi / 2) * (len(grid) - 1)
    low = np.clip(at.astype(int), 0, len(grid) - 2)
    part = (at - low)[..., None]
    return table[low] * (1 - part) + table[low + 1] * part
