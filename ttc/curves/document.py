"""Curves and all else that a sweep found as one JSON document, schema 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ttc.records import Curve, Point

if TYPE_CHECKING:
    from ttc.curves.sweep import SweepResult

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


def document_of(result: SweepResult) -> dict[str, Any]:
    """Return the document of a whole sweep: curves, and under further names what it has of
    comparisons, gates, predictions, splits, policies and the Pareto frontier."""
    names = list(result.problems)
    problems = {problem for table in result.tables for problem in table.problems}
    whole = as_document(
        result.curves,
        source=names[0],
        problems=len(problems),
        conventions=result.options.conventions,
        warnings=result.warnings,
    )
    if len(names) > 1:
        whole["source"] = names
        for curve, entry in zip(result.curves, whole["curves"], strict=True):
            entry["source"] = curve.source
    if result.comparisons:
        whole["comparisons"] = [each.as_dict() for each in result.comparisons]
    if result.decisions:
        whole["gates"] = [each.as_dict() for each in result.decisions]
    for source, found in result.predictions.items():
        saturated = result.saturations[source]
        whole.setdefault("predictions", {})[source] = {
            "coverage": [each.as_dict() for each in found],
            "saturation": None if saturated is None else saturated.as_dict(),
        }
    for source, split in result.splits.items():
        whole.setdefault("splits", {})[source] = split.as_dict()
    for source, policies in result.policies.items():
        whole.setdefault("policies", {})[source] = [each.as_dict() for each in policies]
    if result.frontier is not None:
        whole["pareto"] = [
            {"source": curve.source, "selector": curve.selector, "k": point.k}
            for curve, point in result.frontier
        ]
    return whole


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
    if point.error is not None:
        plain["error"] = point.error
    if point.note is not None:
        plain["note"] = point.note
    return plain
