"""What the tables of curves say in words, on the terminal and in files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ttc.curves.cost_axes import AXES
from ttc.curves.result import SweepResult
from ttc.records import Curve, Point
from ttc.report import intervals

_INVALID = {
    "abstain": "no answer abstains",
    "class": "no answer is an answer",
    "wrong": "no answer is a wrong vote",
}
_DRAW = {
    "without": "over all k-subsets",
    "with": "over k draws with replacement",
    "prefix": "of the first k draws",
}


def in_words(conventions: Mapping[str, str]) -> str:
    """Return the conventions that hold for every curve, in words."""
    ties = {"split": "ties split", "first": "ties to the first drawn", "strict": "ties are wrong"}
    parts = (
        "exact " + _DRAW[conventions["draw"]],
        ties.get(conventions["ties"], f"ties {conventions['ties']}"),
        _INVALID.get(conventions["invalid"], f"no answer: {conventions['invalid']}"),
        *([f"values are by {conventions['value']}"] if "value" in conventions else []),
    )
    return "; ".join(parts)


def explained(result: SweepResult) -> list[str]:
    """Return what the intervals are and the conventions of all curves, a line each."""
    return [*intervals.in_words(result), in_words(result.options.conventions)]


def cost_text(point: Point, axis: str) -> str:
    """Return the cost of a point on an axis; a dash if it is unknown."""
    return AXES[axis].text(point.cost.get(axis))


def notes_of(curves: Sequence[Curve]) -> list[str]:
    """Return why values are undefined, by budget."""
    notes = {(point.k, point.note) for curve in curves for point in curve.points if point.note}
    return [f"k = {k}: {note}" for k, note in sorted(notes)]


def sources_of(curves: Sequence[Curve]) -> list[str]:
    """Return the names of the sources, in their order."""
    return list(dict.fromkeys(curve.source for curve in curves))


def inexact(curves: Sequence[Curve]) -> Iterator[str]:
    """Yield the line about errors, if a point has one."""
    if any(point.error is not None for curve in curves for point in curve.points):
        yield "±: error of a simulation or a bracket, which no interval includes"
