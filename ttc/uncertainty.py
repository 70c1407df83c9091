"""How far a mean over problems could be off: the percentile bootstrap over problems."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from random import Random
from typing import NamedTuple

# Values count in steps of 2^-53 of their column's range, as finely as a float divides [0, 1].
_STEPS = 1 << 53


class Interval(NamedTuple):
    """The bounds of the middle `level` per cent of the resampled means."""

    low: float
    high: float


def bootstrap_means(
    columns: Sequence[Sequence[float | None]],
    *,
    level: float = 95,
    resamples: int = 2000,
    seed: int = 0,
) -> list[Interval | None]:
    """Return the bootstrap interval of the mean of each column; a row is one problem.

    Problems are drawn with replacement, as many as there are, and a column's mean is taken over
    those drawn (Efron 1979; the percentile interval of Efron and Tibshirani 1993, ch. 13). The
    bounds are the quantiles q = (1 ∓ level/100)/2 of the B sorted means: the value at position
    (B − 1)·q, linear between neighbours. None stands for a problem that does not contribute to
    the column; a column to which fewer than two contribute has no interval.

    One set of resamples serves all columns and depends on nothing but the seed and the number of
    problems, so that columns can be compared, also with those of another call.
    """
    if not 0 < level < 100:
        raise ValueError(f"an interval covers more than 0% and less than 100%, not {level}%")
    n = len(columns[0]) if columns else 0
    scaled = [_Scaled.of(column) for column in columns if len(column) == n]
    if len(scaled) < len(columns):
        raise ValueError("each column needs a value, or None, for every problem")
    if n < 2:
        return [None] * len(columns)
    totals = _resampled_totals([column.steps for column in scaled], n, resamples, Random(seed))
    tail = (1 - level / 100) / 2
    intervals: list[Interval | None] = []
    for column, pairs in zip(scaled, totals, strict=True):
        means = sorted(column.mean(total, count) for count, total in pairs if count)
        if not means or n - column.steps.count(None) < 2:
            intervals.append(None)
        else:
            intervals.append(Interval(_quantile(means, tail), _quantile(means, 1 - tail)))
    return intervals


class _Scaled(NamedTuple):
    """A column mapped to whole steps of its range, which add up without rounding."""

    low: float
    span: float
    steps: list[int | None]

    @classmethod
    def of(cls, column: Sequence[float | None]) -> _Scaled:
        present = [value for value in column if value is not None]
        if not all(map(isfinite, present)):
            raise ValueError("a value that is not finite has no place in a mean")
        low = min(present, default=0.0)
        span = max(present, default=0.0) - low
        steps = [None if v is None else round((v - low) / (span or 1) * _STEPS) for v in column]
        return cls(low, span, steps)

    def mean(self, total: int, count: int) -> float:
        return self.low + self.span * (total / (count * _STEPS))


def _resampled_totals(
    columns: Sequence[Sequence[int | None]], n: int, resamples: int, random: Random
) -> list[list[tuple[int, int]]]:
    """Return, for each column and resample, how many problems contribute and their total.

    A problem's whole row is packed into one integer, so that adding a problem to a resample adds
    it to every column at once. Each field holds the total in its low bits, the count above.
    """
    count_from = _STEPS.bit_length() + n.bit_length()
    size = (count_from + n.bit_length()) // 8 + 1
    rows = [
        int.from_bytes(b"".join(_field(step, count_from, size) for step in row), "little")
        for row in zip(*columns, strict=True)
    ]
    totals: list[list[tuple[int, int]]] = [[] for _ in columns]
    # random.choices is not promised to draw alike in every Python version; random() is.
    uniform = random.random
    for _ in range(resamples):
        drawn = sum([rows[int(uniform() * n)] for _ in range(n)])
        raw = drawn.to_bytes(size * len(columns), "little")
        for i, pairs in enumerate(totals):
            field = int.from_bytes(raw[i * size : (i + 1) * size], "little")
            pairs.append(divmod(field, 1 << count_from))
    return totals


def _field(step: int | None, count_from: int, size: int) -> bytes:
    return (0 if step is None else step + (1 << count_from)).to_bytes(size, "little")


def _quantile(ranked: Sequence[float], q: float) -> float:
    position = (len(ranked) - 1) * q
    below = int(position)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (ranked[above] - ranked[below]) * (position - below)
