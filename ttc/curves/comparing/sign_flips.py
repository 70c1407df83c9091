"""The sign-flip test of a mean paired difference, and its inversion: typical values.

If nothing differs, each problem's difference has either sign with equal probability (Fisher 1935).
A shift δ is tested by flipping the signs of d_i − δ. The flipped mean is at least the observed one
exactly when the mean of the flipped subset of the d_i is at most δ, so that the p-value of every δ
is a rank among the means of subsets, and the bounds of the interval are two of these means
(Hartigan 1969, "Using subsample values as typical values"). Test and interval cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random

import numpy as np

from ttc.selectors.exact.subsets import Floats

EXACT = 18  # problems of which all 2^m sign patterns are counted
FLIPS = 20_000  # pairs of opposite patterns above
_BLOCK = 250  # patterns at a time
_ZERO = 1e-12  # smaller differences are rounding
_NEAR = 1e-9  # means that differ by less, relative to the largest difference, are equal


@dataclass(frozen=True, slots=True)
class SignFlips:
    """The means of the flipped subsets of m differences.

    `means` are sorted; `empty` counts the patterns that flip nothing, and `patterns` is the number
    of all. Means within `near` of each other are equal. `exact`: they are all patterns there are.
    """

    means: Floats
    empty: int
    patterns: int
    near: float
    exact: bool

    def p_value(self, shift: float = 0.0) -> float:
        """Return the two-sided p-value of a mean difference of `shift`."""
        below = int(np.searchsorted(self.means, shift + self.near, side="right"))
        above = len(self.means) - int(np.searchsorted(self.means, shift - self.near))
        return min(1.0, 2 * (self.empty + min(below, above)) / self.patterns)

    @property
    def p_error(self) -> float | None:
        """The standard error of the p-value of no difference; None if it is exact."""
        if self.exact:
            return None
        p = self.p_value()
        return sqrt(p * (1 - p) / FLIPS)

    def interval(self, alpha: float) -> tuple[float, float] | None:
        """Return the shifts whose p-value exceeds `alpha`: the least and the largest.

        None if the p-value of no shift is as small as `alpha`: there are too few problems.
        """
        least = max(int(alpha * self.patterns / 2) - 1, 0)
        while 2 * least / self.patterns <= alpha:
            least += 1
        rank = least - self.empty
        if rank < 1:
            return None
        low, high = float(self.means[rank - 1]), float(self.means[-rank])
        return (
            0.0 if abs(low) <= self.near else low,
            0.0 if abs(high) <= self.near else high,
        )


def least_p(problems: int) -> float:
    """Return the smallest p-value that the differences of so many problems can give."""
    if problems <= EXACT:
        return min(1.0, 2.0 ** (1 - problems))
    return 1 / (1 + FLIPS)


def sign_flips(columns: Sequence[Sequence[float]], seed: int = 0) -> list[SignFlips]:
    """Return the flips of each column of finite differences, one for each problem.

    All 2^m patterns for m ≤ EXACT problems; above, FLIPS seeded patterns, each with its opposite,
    and the observed one with its opposite (Phipson and Smyth 2010). Patterns depend on the seed
    and on m alone.
    """
    by_size: dict[int, list[int]] = {}
    for at, column in enumerate(columns):
        by_size.setdefault(len(column), []).append(at)
    found: dict[int, SignFlips] = {}
    for m, places in by_size.items():
        matrix = np.array([columns[at] for at in places], dtype=float).reshape(len(places), m).T
        matrix[np.abs(matrix) <= _ZERO] = 0.0
        near = _NEAR * np.abs(matrix).max(axis=0, initial=0.0)
        means, empty, patterns = _subset_means(matrix, seed)
        means.sort(axis=0)
        for place, at in enumerate(places):
            ranked = np.ascontiguousarray(means[:, place])
            found[at] = SignFlips(ranked, empty, patterns, float(near[place]), m <= EXACT)
    return [found[at] for at in range(len(columns))]


def _subset_means(columns: Floats, seed: int) -> tuple[Floats, int, int]:
    """Return the means of all subsets but the empty ones, (subsets, columns), the number of the
    empty ones and that of all."""
    m = len(columns)
    if m <= EXACT:
        sums, sizes = np.zeros((1, columns.shape[1])), np.zeros(1)
        for row in columns:
            sums = np.concatenate([sums, sums + row])
            sizes = np.concatenate([sizes, sizes + 1])
        return sums[1:] / sizes[1:, None], 1, 1 << m
    total = columns.sum(axis=0)
    parts = [(total / m)[None, :]]  # the opposite of the observed pattern flips all
    for bits in _patterns(m, seed):
        sums, sizes = bits @ columns, bits.sum(axis=1)
        for some, size in ((sums, sizes), (total - sums, m - sizes)):
            parts.append(some[size > 0] / size[size > 0, None])
    patterns = 2 * FLIPS + 2
    means = np.concatenate(parts)
    return means, patterns - len(means), patterns


def _patterns(m: int, seed: int) -> Iterator[Floats]:
    """Yield seeded random rows of zeros and ones, (rows, m)."""
    # The stream of Random is the same in every version of Python.
    random, width = Random(seed), (m + 7) // 8
    for start in range(0, FLIPS, _BLOCK):
        size = min(_BLOCK, FLIPS - start)
        raw = b"".join(random.getrandbits(m).to_bytes(width, "little") for _ in range(size))
        packed = np.frombuffer(raw, dtype=np.uint8).reshape(size, width)
        yield np.unpackbits(packed, axis=1, count=m, bitorder="little").astype(float)
