"""Bootstrap intervals of means over problems, and tails of laws."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import erfc, exp, fsum, isfinite, lgamma, log, sqrt
from random import Random
from statistics import NormalDist
from typing import NamedTuple

# Values count in steps of 2^-53 of their column's range, as finely as a float divides [0, 1].
_STEPS = 1 << 53


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


def bootstrap_means(
    columns: Sequence[Sequence[float | None]],
    *,
    level: float = 95,
    resamples: int = 2000,
    seed: int = 0,
    bca: bool = False,
) -> list[Interval | None]:
    """Return the bootstrap interval of the mean of each column; a row is one problem.

    Problems are drawn with replacement, as many as there are, and a column's mean is taken over
    those drawn (Efron 1979; the percentile interval of Efron and Tibshirani 1993, ch. 13). The
    bounds are the quantiles q = (1 ∓ level/100)/2 of the B sorted means: the value at position
    (B − 1)·q, linear between neighbours; `bca` corrects q for bias and skewness. None stands for
    a problem that does not contribute to the column; a column to which fewer than two contribute
    has no interval.

    One set of resamples serves all columns and depends on nothing but the seed and the number of
    problems, so that columns can be compared, also with those of another call.
    """
    if not 0 < level < 100:
        raise ValueError(f"an interval covers more than 0% and less than 100%, not {level}%")
    tail = (1 - level / 100) / 2
    intervals: list[Interval | None] = []
    for column, means in zip(columns, resampled_means(columns, resamples, seed), strict=True):
        present = [value for value in column if value is not None]
        if not means or len(present) < 2:
            intervals.append(None)
            continue
        low, high = _bca_tails(present, means, tail) if bca else (tail, 1 - tail)
        ranked = sorted(means)
        intervals.append(Interval(quantile(ranked, low), quantile(ranked, high)))
    return intervals


def resampled_means(
    columns: Sequence[Sequence[float | None]], resamples: int = 2000, seed: int = 0
) -> list[list[float]]:
    """Return the mean of each column in every resample that has a value of it.

    Resample b is the same for all columns whose every problem has a value.
    """
    n = len(columns[0]) if columns else 0
    scaled = [_Scaled.of(column) for column in columns if len(column) == n]
    if len(scaled) < len(columns):
        raise ValueError("each column needs a value, or None, for every problem")
    if n < 2:
        return [[] for _ in columns]
    totals = _resampled_totals([column.steps for column in scaled], n, resamples, Random(seed))
    return [
        [column.mean(total, count) for count, total in pairs if count]
        for column, pairs in zip(scaled, totals, strict=True)
    ]


def _bca_tails(values: Sequence[float], means: Sequence[float], tail: float) -> tuple[float, float]:
    """Return the quantiles of the bias-corrected and accelerated interval (Efron 1987).

    z0 is the normal quantile of the share of resampled means below the mean (ties count half);
    the acceleration of a mean is its skewness, Σ d³ / (6 (Σ d²)^1.5) with d = x − mean.
    """
    normal = NormalDist()
    mean = fsum(values) / len(values)
    apart = [value - mean for value in values]
    spread = fsum(d * d for d in apart)
    if not spread:
        return tail, 1 - tail
    below = sum((m < mean) + (m == mean) / 2 for m in means) / len(means)
    # An estimate outside all resamples would send the correction to infinity.
    z0 = normal.inv_cdf(min(max(below, 0.5 / len(means)), 1 - 0.5 / len(means)))
    acceleration = fsum(d**3 for d in apart) / (6 * spread**1.5)

    def corrected(q: float) -> float:
        z = z0 + normal.inv_cdf(q)
        return normal.cdf(z0 + z / (1 - acceleration * z))

    return corrected(tail), corrected(1 - tail)


def chi_squared_tail(x: float, degrees: int) -> float:
    """Return P(X ≥ x) of a chi-squared variable with whole degrees of freedom, as a finite sum."""
    half = x / 2
    if half <= 0:
        return 1.0
    first = 0.5 if degrees % 2 else 0.0
    tail = erfc(sqrt(half)) if degrees % 2 else 0.0
    terms = (
        exp((first + i) * log(half) - half - lgamma(first + i + 1)) for i in range(degrees // 2)
    )
    return min(1.0, tail + fsum(terms))


class _Scaled(NamedTuple):
    """A column mapped to whole steps of its range, which add up without rounding."""

    low: float
    span: float
    steps: list[int | None]

    @classmethod
    def of(cls, column: Sequence[float | None]) -> _Scaled:
        present = [value for value in column if value is not None]
        if not all(map(isfinite, present)):
            raise ValueError("a mean of values that are not finite is undefined")
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


def auc(scores: Sequence[float], truths: Sequence[bool]) -> float | None:
    """Return the area under the ROC curve; None unless there are both true and false ones.

    That is the probability that a true one scores above a false one, ties counting one half: the
    Mann-Whitney statistic over all pairs.
    """
    right = sum(truths)
    wrong = len(truths) - right
    if not right or not wrong:
        return None
    above, below = 0.0, 0
    ranked = sorted(zip(scores, truths, strict=True))
    for _, tied in groupby(ranked, key=lambda pair: pair[0]):
        rights = [truth for _, truth in tied]
        losers = len(rights) - sum(rights)
        above += sum(rights) * (below + losers / 2)
        below += losers
    return above / (right * wrong)


def quantile(ranked: Sequence[float], q: float) -> float:
    """Return the q-quantile of sorted numbers, linear between neighbours."""
    position = (len(ranked) - 1) * q
    below = int(position)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (ranked[above] - ranked[below]) * (position - below)
