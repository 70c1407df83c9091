"""How large a difference a comparison can find: the minimum detectable effect."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import NormalDist, stdev

POWER = 0.8


def t_quantile(q: float, degrees: int) -> float:
    """Return the q-quantile of Student's t, by the expansion of Abramowitz and Stegun 26.7.5."""
    x = NormalDist().inv_cdf(q)
    terms = (
        x,
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return fsum(term / degrees**at for at, term in enumerate(terms))


def detectable_over_problems(
    differences: Sequence[float], alpha: float, exact: int
) -> float | None:
    """Return the mean difference that the sign-flip test at `alpha` finds with 80 % power.

    (t_{1 − a/2} + t_{.8})·s/√m with m − 1 degrees of freedom, s the standard deviation of the
    differences and a the largest p-value up to `alpha` that m ≤ `exact` problems can give. If only
    a pattern of equal signs is as extreme, the chance of equal signs of normal differences is
    solved for 80 %. None if p cannot be as small as `alpha`, or all differences are equal, so that
    their spread is unknown.
    """
    m = len(differences)
    if m < 2 or not (spread := stdev(differences)):
        return None
    if m <= exact:
        patterns = int(alpha * 2**m / 2 * (1 + 1e-12))
        if not patterns:
            return None
        if patterns == 1:
            return spread * NormalDist().inv_cdf(POWER ** (1 / m))
        alpha = patterns * 2 / 2**m
    return spread / sqrt(m) * (t_quantile(1 - alpha / 2, m - 1) + t_quantile(POWER, m - 1))
