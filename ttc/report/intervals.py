"""The intervals of a sweep in words: which question each answers, and by which method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from ttc.curves.intervals import OF_DRAWS
from ttc.curves.intervals.fixed_suite import part_of
from ttc.curves.result import SweepResult
from ttc.records import Curve, Point
from ttc.report.tables.decimals import decimals_for, fixed

THESE, LIKE_THESE = "these problems", "problems like these"
# By method: its name, and why it stands in for the one that was asked for.
NAMED = {
    "gaffke": ("Gaffke", "all problems have one value, which a bootstrap takes for certain"),
    "wilson": ("Wilson", ""),
    "percentile": ("percentile bootstrap", ""),
    "bca": ("BCa bootstrap", "the values are not bounded by 0 and 1"),
    "korn-graubard": ("Korn–Graubard", ""),
    "clopper-pearson": ("Clopper–Pearson", "the draws' variance is unknown, so it is wide"),
    "jackknife": ("jackknife", "the values are not bounded by 0 and 1"),
}


class Digits(NamedTuple):
    """The decimals of the values and of the bounds of a table."""

    value: int = 4
    bound: int = 3

    @classmethod
    def of(cls, curves: Iterable[Curve]) -> Digits:
        """Return the decimals with which no value and no bound looks like 0 or 1 unless it is."""
        points = [point for curve in curves for point in curve.points]
        bounds = [(p.low, p.high, p.low_draws, p.high_draws) for p in points]
        return cls(
            decimals_for((point.value for point in points), cls().value, 6),
            decimals_for(chain.from_iterable(bounds), cls().bound, 4),
        )


USUAL = Digits()


def value_text(point: Point, digits: Digits = USUAL) -> str:
    """Return a value with its error; a dash if it is undefined."""
    if point.value is None:
        return "–"
    error = "" if point.error is None else f" ±{point.error:.{digits.value}f}"
    return f"{fixed(point.value, digits.value)}{error}"


def with_intervals(point: Point, digits: Digits = USUAL) -> str:
    """Return a value with its error and both intervals."""
    between = (these_text(point, digits), like_these_text(point, digits))
    return " ".join(filter(None, (value_text(point, digits), *between)))


def these_text(point: Point, digits: Digits = USUAL) -> str:
    """Return the interval for these problems; empty if there is none."""
    return _text(point.low_draws, point.high_draws, digits)


def like_these_text(point: Point, digits: Digits = USUAL) -> str:
    """Return the interval for problems like these; empty if there is none."""
    return _text(point.low, point.high, digits)


def shown(curves: Sequence[Curve]) -> bool:
    """Return whether some point has an interval."""
    points = [point for curve in curves for point in curve.points]
    return any(point.method is not None or point.method_draws is not None for point in points)


def in_words(result: SweepResult) -> list[str]:
    """Return what the intervals of a sweep are, a line each; none without intervals."""
    points = [(curve.selector, point) for curve in result.curves for point in curve.points]
    these = [(rule, point.method_draws) for rule, point in points]
    others = [(rule, point.method) for rule, point in points]
    level = f"{result.options.ci or 0:g}% interval"
    lines = list(_lines(THESE, f"{level}, only the draws vary", OF_DRAWS, these))
    for table in result.tables:
        measured, there = len(part_of(table)), sum(map(bool, table.pools))
        if lines and measured < there:
            lines.append(
                f"{table.source}: the draws' variance is that of {measured} of {there} problems"
            )
    asked = result.options.interval
    return [*lines, *_lines(LIKE_THESE, f"{level}, the problems vary too", asked, others)]


def _text(low: float | None, high: float | None, digits: Digits) -> str:
    if low is None or high is None:
        return ""
    return f"[{fixed(low, digits.bound)}, {fixed(high, digits.bound)}]"


def _lines(
    question: str, what: str, asked: str, methods: Sequence[tuple[str, str | None]]
) -> Iterator[str]:
    used = dict.fromkeys(method for _, method in methods if method is not None)
    for method in sorted(used, key=lambda each: each != asked):
        name, why = NAMED[method]
        if method == asked:
            yield f"{question}: {what} ({name})"
        else:
            rules = ", ".join(dict.fromkeys(rule for rule, by in methods if by == method))
            yield f"{question}: {what} ({name} for {rules}: {why})"
