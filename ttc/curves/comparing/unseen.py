"""Intervals of a mean difference that few problems carry: others may be of a kind not seen.

The sign-flip interval takes the differences for symmetric about their mean. Where most are zero
and a few are not, or none is, that is not known: a rare kind of problem may be missing from the
sample, and the interval would be too narrow, or have no width at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

import numpy as np

from ttc.curves.intervals.dirichlet import mean_quantile

FEW = 5.0  # as many equal differences carry the mean at least, or the interval is widened
WEIGHT = 0.5  # of the difference that was not seen, next to 1 for each that was


def carried_by(differences: Sequence[float]) -> float:
    """Return how many equal differences would carry the mean alike, (Σ|d|)² / Σd²; 0 if all are 0.

    That is m if all m are of one size, and 1 if all but one are zero.
    """
    squares = fsum(d * d for d in differences)
    return fsum(map(abs, differences)) ** 2 / squares if squares else 0.0


def bounds(
    differences: Sequence[float], alpha: float, ends: tuple[float, float]
) -> tuple[float, float]:
    """Return the bounds of the mean if kinds of problems at `ends` were not seen.

    `ends` are a lower and an upper difference. Each bound is the quantile α/2 or 1 − α/2 of the
    mean of the differences and the end on its side, under Dirichlet weights of shape 1 for each
    difference and WEIGHT for the end. With weight 1 that is the bound of Gaffke (2005; Learned-
    Miller and Thomas 2020, "A new confidence interval for the mean of a bounded random variable"),
    with 0.5 it is narrower; for zeros and ones they are the intervals of Clopper and Pearson, and
    of Jeffreys.
    """
    values, counts = np.unique(np.asarray(differences, float), return_counts=True)
    shapes = np.append(counts.astype(float), WEIGHT)
    # The lower bound is the upper one of the mirrored differences.
    low = -mean_quantile(np.append(-values, -ends[0]), shapes, alpha / 2)
    return low, mean_quantile(np.append(values, ends[1]), shapes, alpha / 2)
