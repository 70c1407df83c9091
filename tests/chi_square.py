"""How far counts are from what chances predict."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np
from numpy.typing import NDArray


def surprise(seen: Mapping[int, int], chances: NDArray[np.float64]) -> float:
    """Return how far counts are from what chances predict, in standard deviations.

    A chi-square statistic over all values that are expected five times, the rest with the last
    of them, made normal by Wilson and Hilferty's cube root.
    """
    total = sum(seen.values())
    likely = np.flatnonzero(chances * total >= 5)
    expected = list(chances[likely] * total)
    counts = [seen.get(int(value), 0) for value in likely]
    # The rest, where there is any, with the last so that no bin is thin.
    expected[-1] += total - sum(expected)
    counts[-1] += total - sum(counts)
    x = sum((c - e) ** 2 / e for c, e in zip(counts, expected, strict=True))
    k = len(counts) - 1
    return float(((x / k) ** (1 / 3) - (1 - 2 / (9 * k))) / sqrt(2 / (9 * k)))
