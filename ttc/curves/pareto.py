"""The Pareto frontier of value against cost, over pools, rules and budgets."""

from __future__ import annotations

from collections.abc import Sequence

from ttc.records import Curve, Point


def frontier(curves: Sequence[Curve], axis: str) -> list[tuple[Curve, Point]]:
    """Return the points of the Pareto frontier, cheapest first: none scores higher for less.

    `axis` is a name in `cost_axes.AXES`. Points whose value or cost is unknown, or whose value is
    a mean over only some of the problems, are left out; of equal points the first is kept.
    """
    known = [
        (cost, -point.value, at, curve, point)
        for at, curve in enumerate(curves)
        for point in curve.points
        if point.value is not None and point.note is None
        if (cost := point.cost.get(axis)) is not None
    ]
    best: list[tuple[Curve, Point]] = []
    for _, _, _, curve, point in sorted(known, key=lambda entry: entry[:3]):
        if not best or (point.value or 0) > (best[-1][1].value or 0):
            best.append((curve, point))
    return best
