"""The JSON document of curves, schema 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttc.records import Curve, Point

CONVENTIONS = {"ties": "split", "invalid": "abstain", "draw": "without"}


def as_document(
    curves: Sequence[Curve],
    *,
    source: str,
    problems: int,
    conventions: Mapping[str, str] = CONVENTIONS,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the document of `ttc sweep --json`, schema 1: plain values, every number finite."""
    return {
        "schema": 1,
        "source": source,
        "problems": problems,
        "conventions": dict(conventions),
        "curves": [
            {
                "selector": curve.selector,
                "points": [_point_as_dict(point) for point in curve.points],
            }
            for curve in curves
        ],
        "warnings": list(warnings),
    }


def _point_as_dict(point: Point) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "k": point.k,
        "value": point.value,
        "low": point.low,
        "high": point.high,
        "problems": point.problems,
        "cost": dict(point.cost),
        "exact": point.exact,
    }
    if point.method is not None or point.method_draws is not None:
        plain["low_draws"] = point.low_draws
        plain["high_draws"] = point.high_draws
        plain["intervals"] = {"problems": point.method, "draws": point.method_draws}
    if point.error is not None:
        plain["error"] = point.error
    if point.note is not None:
        plain["note"] = point.note
    return plain
