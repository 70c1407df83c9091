"""Intervals of shares of draws, where the draws of one problem are not independent.

A share is Σ_i y_i / Σ_i n_i over problems i. Its interval is for problems like these: problems
vary, and with each all of its draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import fsum, pi, sqrt, tan
from statistics import NormalDist
from typing import Any


@dataclass(frozen=True, slots=True)
class Share:
    """A number with its interval for problems like these; None is unknown.

    `draws` are behind it (for kappa: those that both verifiers decided).
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    draws: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def share(problems: Sequence[tuple[float, float]], level: float | None = 95) -> Share:
    """Return the share of (hits, draws) over problems, with a Wilson interval.

    The number of draws in Wilson's formula is p(1 − p)/v, where v is the variance of the share by
    linearization over problems, and the normal quantile is that of Student's t (Korn and Graubard
    1998, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data"). v counts one more problem of average size, of which every draw is
    of the rarer kind: a share near 0 or 1 would otherwise have a variance near 0 by chance. No
    interval with fewer than two problems.
    """
    held = [(hits, size) for hits, size in problems if size]
    m, total = len(held), fsum(size for _, size in held)
    if not total:
        return Share(None)
    value = fsum(hits for hits, _ in held) / total
    if level is None or m < 2:
        return Share(value, draws=round(total))
    low, high = wilson(value, effective(held), student(1 - (1 - level / 100) / 2, m - 1))
    return Share(value, min(low, value), max(high, value), round(total))


def effective(problems: Sequence[tuple[float, float]]) -> float:
    """Return the number of independent draws with the same variance of their share."""
    m, total = len(problems), fsum(size for _, size in problems)
    value = fsum(hits for hits, _ in problems) / total
    average = total / m
    wider = [*problems, (average if value < 0.5 else 0.0, average)]
    smoothed = fsum(hits for hits, _ in wider) / (total + average)
    squares = fsum((hits - smoothed * size) ** 2 for hits, size in wider)
    variance = (m + 1) / m * squares / (total + average) ** 2
    independent = smoothed * (1 - smoothed) / variance
    if value in (0, 1):
        # Nothing shows how alike the draws of a problem are; they may be all the same.
        independent = min(independent, total**2 / fsum(size**2 for _, size in problems))
    return min(independent, total)


def wilson(share: float, n: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's interval of a share of n independent draws (Wilson 1927)."""
    square = quantile**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = quantile / (1 + square / n) * sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def student(q: float, degrees: int) -> float:
    """Return the q-quantile of Student's t.

    Exact for one and two degrees of freedom; above, the expansion of Abramowitz and Stegun 26.7.5,
    whose error is below 0.5 % for q up to 0.975.
    """
    if degrees == 1:
        return tan(pi * (q - 0.5))
    if degrees == 2:
        return (2 * q - 1) * sqrt(2 / (4 * q * (1 - q)))
    z = NormalDist().inv_cdf(q)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + fsum(term / degrees**power for power, term in enumerate(terms, start=1))
