"""Confidence intervals of a mean over problems, for two questions.

*Problems like these*: how far could the mean be off if other problems of the same kind were asked,
with fresh draws? The values v_i of P problems are independent, each unbiased. Gaffke's bound
(Gaffke 2005; Learned-Miller and Thomas 2020, "A new confidence interval for the mean of a bounded
random variable") needs nothing but their range [0, 1]: the upper one is the quantile of the mean of
v_1, …, v_P and 1 under uniform Dirichlet weights, the lower one that of v_1, …, v_P and 0. For
values 0 and 1 it is the interval of Clopper and Pearson (1934).

*These problems*: how far could it be off if only the draws were made anew? The mean has the
variance V = Σ_i V_i / P², and the interval is that of Clopper and Pearson for as many independent
trials as have this variance, m = θ(1 − θ)/V (Korn and Graubard 1998, "Confidence intervals for
proportions with small expected number of positive counts estimated from survey data").
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from ttc.curves.intervals.dirichlet import mean_quantiles
from ttc.curves.uncertainty import Interval, bootstrap_means
from ttc.selectors.exact.subsets import Floats

METHODS = ("gaffke", "wilson", "percentile", "bca")
# Draws that might come out otherwise though none did. At 95 %, 1.96·√4 = 3.9: if 3.7 or more are
# expected, some do.
CHANGES = 4.0
OF_DRAWS = "korn-graubard"
FEW = 64  # distinct values of a column
ROUNDING = 1e-12  # by which values may differ from one another, or from 0 and 1, and be the same


class Bounds(NamedTuple):
    """An interval and the name of the method that made it; both None if there is none.

    The methods are METHODS, and for these problems `korn-graubard` (OF_DRAWS), `clopper-pearson`
    where the variance of the draws is unknown, and `jackknife` for values without bounds.
    """

    interval: Interval | None = None
    method: str | None = None


class Spread(NamedTuple):
    """What is known of how the mean of P problems moves with their draws.

    `variance` is that of the mean, None if unknown; `fewest` the least n/k of its problems.
    """

    problems: int
    fewest: float
    variance: float | None


def like_these(
    columns: Sequence[Sequence[float | None]],
    method: str = METHODS[0],
    *,
    bounded: Sequence[bool],
    level: float = 95,
    seed: int = 0,
) -> list[Bounds]:
    """Return an interval of the mean of each column, for other problems like these.

    A column has a value for each problem, None where it does not contribute; `bounded` says
    whether its values cannot but be in [0, 1]. `method` is one of METHODS. Where it cannot be had
    another takes its place: `gaffke` for a bootstrap of problems that all have one value, `bca`
    for values without bounds. A column without values, or of one value without bounds, has no
    interval.
    """
    present = [[value for value in column if value is not None] for column in columns]
    chosen = [
        _method_for(values, limited, method)
        for values, limited in zip(present, bounded, strict=True)
    ]
    found = [Bounds()] * len(columns)
    for name in ("percentile", "bca"):
        places = [at for at, each in enumerate(chosen) if each == name]
        if places:
            drawn = bootstrap_means(
                [columns[at] for at in places], level=level, seed=seed, bca=name == "bca"
            )
            for at, interval in zip(places, drawn, strict=True):
                found[at] = Bounds(interval, name)
    places = [at for at, each in enumerate(chosen) if each == "gaffke"]
    for at, interval in zip(places, gaffkes([present[at] for at in places], level), strict=True):
        found[at] = Bounds(interval, "gaffke")
    for at, (values, each) in enumerate(zip(present, chosen, strict=True)):
        if each == "wilson":
            found[at] = Bounds(wilson(fsum(values) / len(values), len(values), level), each)
    return found


def _method_for(values: Sequence[float], bounded: bool, method: str) -> str | None:
    if not values:
        return None
    equal = max(values) - min(values) <= ROUNDING
    if not bounded:
        return None if equal else method if method in ("percentile", "bca") else "bca"
    return "gaffke" if equal and method in ("percentile", "bca") else method


def gaffke(values: Sequence[float], level: float = 95, weight: float = 1.0) -> Interval:
    """Return Gaffke's interval of the mean of independent variables in [0, 1].

    `weight` is the shape of the pseudo-value: 1 is the bound, 0.5 that of Jeffreys for values 0
    and 1, which is narrower and covers less.
    """
    return gaffkes([values], level, weight)[0]


def gaffkes(
    columns: Sequence[Sequence[float]], level: float = 95, weight: float = 1.0
) -> list[Interval]:
    """Return `gaffke` of each column."""
    tail = (1 - level / 100) / 2
    found: dict[int, Interval] = {}
    kinds = [
        np.unique(np.clip(np.asarray(values, dtype=np.float64), 0.0, 1.0), return_counts=True)
        for values in columns
    ]
    # Rows of few values are quicker together, rows of many one by one.
    few = [at for at, (distinct, _) in enumerate(kinds) if len(distinct) <= FEW]
    many = [[at] for at, (distinct, _) in enumerate(kinds) if len(distinct) > FEW]
    for places in (few, *many) if few else many:
        points, shapes = _padded([kinds[at] for at in places], weight)
        lower = 1 - points
        lower[:, -1] = 1.0
        highs = mean_quantiles(points, shapes, tail).tolist()
        lows = (1 - mean_quantiles(lower, shapes, tail)).tolist()
        for at, low, high in zip(places, lows, highs, strict=True):
            found[at] = _around(low, fsum(columns[at]) / len(columns[at]), high)
    return [found[at] for at in range(len(columns))]


def _padded(kinds: Sequence[tuple[Floats, Any]], weight: float) -> tuple[Floats, Floats]:
    """Return values and how often each occurs as rows of equal length, with the pseudo-value last;
    what is missing has the shape 0."""
    points, shapes = np.ones((2, len(kinds), 1 + max(len(distinct) for distinct, _ in kinds)))
    shapes[:] = 0.0
    shapes[:, -1] = weight
    for row, (distinct, counts) in enumerate(kinds):
        points[row, : len(distinct)], shapes[row, : len(distinct)] = distinct, counts
    return points, shapes


def _around(low: float, mean: float, high: float) -> Interval:
    """Return an interval in [0, 1] that holds the mean."""
    return Interval(max(0.0, min(low, mean)), min(1.0, max(high, mean)))


def wilson(mean: float, trials: float, level: float = 95) -> Interval:
    """Return the score interval of a share of independent trials (Wilson 1927)."""
    z2 = NormalDist().inv_cdf((1 + level / 100) / 2) ** 2
    centre = (mean + z2 / (2 * trials)) / (1 + z2 / trials)
    half = sqrt(z2 * (mean * (1 - mean) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    return Interval(max(0.0, min(centre - half, mean)), min(1.0, max(centre + half, mean)))


def clopper_pearson(mean: float, trials: float, level: float = 95) -> Interval:
    """Return the exact interval of a share of trials, whose number need not be whole."""
    return clopper_pearsons([mean], [trials], level)[0]


def clopper_pearsons(
    means: Sequence[float], trials: Sequence[float], level: float = 95
) -> list[Interval]:
    """Return `clopper_pearson` of each mean."""
    if not means:
        return []
    right, tail = np.clip(means, 0.0, 1.0) * trials, (1 - level / 100) / 2
    wrong, one = np.asarray(trials) - right, np.ones(len(means))
    ends = np.tile([1.0, 0.0, 1.0], (len(means), 1))
    highs = mean_quantiles(ends, np.stack([right, wrong, one], axis=1), tail).tolist()
    lows = (1 - mean_quantiles(ends, np.stack([wrong, right, one], axis=1), tail)).tolist()
    return [_around(*each) for each in zip(lows, means, highs, strict=True)]


def these(mean: float, spread: Spread, *, level: float = 95, bounded: bool = True) -> Bounds:
    """Return an interval of a mean over fixed problems whose draws alone vary.

    The trials are at least P·n/k, since Var(U) ≤ k/n · q(1 − q) for a mean over k-subsets whose
    expectation is q (Hoeffding 1948), and independent trials with unequal chances spread less than
    with equal ones. Their variance never counts as less than that of CHANGES draws of one problem.
    """
    return all_of_these([mean], [spread], level=level, bounded=[bounded])[0]


def all_of_these(
    means: Sequence[float], known: Sequence[Spread], *, level: float, bounded: Sequence[bool]
) -> list[Bounds]:
    """Return `these` for each mean."""
    found = [Bounds()] * len(means)
    places = [at for at, limited in enumerate(bounded) if limited]
    trials = [trials_of(means[at], known[at]) for at in places]
    made = clopper_pearsons([means[at] for at in places], trials, level)
    for at, interval in zip(places, made, strict=True):
        method = "clopper-pearson" if known[at].variance is None else OF_DRAWS
        found[at] = Bounds(interval, method)
    reach = NormalDist().inv_cdf((1 + level / 100) / 2)
    for at, (mean, spread) in enumerate(zip(means, known, strict=True)):
        if not bounded[at] and spread.variance:
            half = reach * sqrt(spread.variance)
            found[at] = Bounds(Interval(mean - half, mean + half), "jackknife")
    return found


def trials_of(mean: float, spread: Spread) -> float:
    """Return how many independent trials vary as the mean of these problems does."""
    fewest = max(spread.fewest, 1.0)
    least = spread.problems * fewest
    if spread.variance is None:
        return least
    unseen = CHANGES / (fewest * spread.problems) ** 2
    return max(least, mean * (1 - mean) / (spread.variance + unseen))


def within_unit(values: Sequence[float | None]) -> bool:
    """Return whether all values are in [0, 1], up to rounding."""
    return all(value is None or -ROUNDING <= value <= 1 + ROUNDING for value in values)
