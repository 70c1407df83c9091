"""Intervals of shares of draws, where the draws of one problem are not independent.

A share is Σ_i y_i / Σ_i n_i over problems i. Its interval is for problems like these: problems
vary, and with each all of its draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any

from ttc.curves.intervals import clopper_pearson


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
    """Return the share of (hits, draws) over problems, with the interval of Clopper and Pearson.

    Its number of trials is that of independent draws with the same variance (Korn and Graubard
    1998, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data"). No interval with fewer than two problems.
    """
    held = [(hits, size) for hits, size in problems if size]
    total = fsum(size for _, size in held)
    if not total:
        return Share(None)
    value = fsum(hits for hits, _ in held) / total
    if level is None or len(held) < 2:
        return Share(value, draws=round(total))
    low, high = clopper_pearson(value, effective(held), level)
    return Share(value, low, high, round(total))


def effective(problems: Sequence[tuple[float, float]]) -> float:
    """Return the number of independent draws with the same variance of their share.

    The variance is p(1 − p)/n by linearization over problems. It counts one more problem of average
    size, of which every draw is of the rarer kind: a share near 0 or 1 would otherwise have a
    variance near 0 by chance.
    """
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
