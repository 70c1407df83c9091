"""Sample × Verdict × Selector → Curve: what a budget of k would have given. No model call, ever.

A point is the mean over problems of an exact expectation over all k-subsets of a problem's
draws. A problem contributes while k is at most the number of its draws; nothing is extrapolated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isfinite
from typing import Any

from ttc.costs import AXES, expected_cost
from ttc.errors import UsageError
from ttc.records import Curve, Outcome, Point
from ttc.selectors import Selector
from ttc.uncertainty import bootstrap_means

Problems = Mapping[str, Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One selector at one k: a value (None: too few draws) and a cost for each problem."""

    selector: str
    k: int
    values: Sequence[float | None]
    costs: Sequence[Mapping[str, float | None]]


def curves(
    problems: Problems,
    selectors: Mapping[str, Selector],
    ks: Sequence[int],
    *,
    source: str,
    ci: float | None = 95,
    seed: int = 0,
) -> list[Curve]:
    """Return a curve for each selector, by the name it has in `selectors`, at each of `ks`.

    `ci` is the level of the bootstrap interval over problems in per cent, None for none; all
    points share the resamples that `seed` stands for, so that curves can be compared. UsageError
    if the outcomes lack what a selector needs.
    """
    if not any(problems.values()):
        raise UsageError(f"{source}: there are no draws to sweep")
    if any(k < 1 for k in ks):
        raise UsageError(f"k must be 1 or more, not {min(ks)}")
    if ci is not None and not 0 < ci < 100:
        raise UsageError(f"an interval covers more than 0% and less than 100%, not {ci}%")
    for name, selector in selectors.items():
        _check_needs(name, selector, problems)
    # Resamples go by position: sorted, they do not depend on the order of the input.
    pools = [problems[problem] for problem in sorted(problems)]
    budgets = sorted(set(ks))
    table = [
        cell
        for name, selector in selectors.items()
        for cell in _cells(name, selector, pools, budgets)
    ]
    bounds: Sequence[tuple[float, float] | None] = [None] * len(table)
    if ci is not None:
        bounds = bootstrap_means([cell.values for cell in table], level=ci, seed=seed)
    points: dict[str, list[Point]] = {name: [] for name in selectors}
    for cell, interval in zip(table, bounds, strict=True):
        points[cell.selector].append(_point(cell, interval, pools))
    return [Curve(name, source, tuple(curve)) for name, curve in points.items()]


def default_ks(n: int) -> list[int]:
    """Return 1, 2, 4, … up to n, and n itself."""
    return sorted({*(1 << i for i in range(n.bit_length())), n} - {0})


def warnings(problems: Problems) -> list[str]:
    """Return what a reader of any curve over these draws has to know, a line each."""
    draws = [outcome for outcomes in problems.values() for outcome in outcomes]
    counts = [len(outcomes) for outcomes in problems.values()]
    lines = []
    if truncated := sum(outcome.truncated for outcome in draws):
        share = 100 * truncated / len(draws)
        lines.append(
            f"{truncated} of {len(draws)} draws ({share:.1f}%) are truncated: they ended at the "
            "token limit, unfinished"
        )
    if undecided := sum(outcome.correct is None for outcome in draws):
        lines.append(f"{undecided} of {len(draws)} draws have no verdict and count as not correct")
    if len(set(counts)) > 1:
        lines.append(
            f"problems have between {min(counts)} and {max(counts)} draws: a point at k is the "
            "mean over those with at least k"
        )
    return lines


def as_document(
    curves: Sequence[Curve],
    *,
    source: str,
    problems: int,
    ties: str = "split",
    invalid: str = "abstain",
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the document of `ttc sweep --json`, schema 1: plain values, every number finite."""
    return {
        "schema": 1,
        "source": source,
        "problems": problems,
        "conventions": {"ties": ties, "invalid": invalid, "draw": "without"},
        "curves": [
            {
                "selector": curve.selector,
                "points": [_point_as_dict(point) for point in curve.points],
            }
            for curve in curves
        ],
        "warnings": list(warnings),
    }


def _check_needs(name: str, selector: Selector, problems: Problems) -> None:
    draws = [outcome for outcomes in problems.values() for outcome in outcomes]
    # Whatever a rule looks at, the value of its pick is whether that is correct.
    for field in sorted(selector.needs | {"correct"}):
        lacking = sum(getattr(outcome, field, None) is None for outcome in draws)
        # Single draws may be without an answer (they abstain) or a verdict (not correct).
        optional = field in ("answer", "correct")
        if not lacking or (optional and lacking < len(draws)):
            continue
        if field == "answer" and not any(outcome.correct for outcome in draws):
            continue
        remedy = f"for a file, name the field that holds it: --map {field}=FIELD"
        if optional:
            remedy = f"run ttc verify first or, {remedy}"
        raise UsageError(
            f"{name} needs {field}, which {lacking} of {len(draws)} draws lack; {remedy}"
        )


def _cells(
    name: str, selector: Selector, pools: Sequence[Sequence[Outcome]], ks: Sequence[int]
) -> list[_Cell]:
    values: list[dict[int, float]] = []
    costs: list[dict[int, Mapping[str, float | None]]] = []
    for outcomes in pools:
        usable = [k for k in ks if k <= len(outcomes)]
        try:
            expected = selector.expected(outcomes, usable)
        except ValueError as error:
            raise UsageError(f"{name}: {error}") from error
        values.append(dict(zip(usable, expected, strict=True)))
        cost = expected_cost(outcomes, usable, selector.finishes)
        costs.append(dict(zip(usable, cost, strict=True)))
    return [
        _Cell(
            name,
            k,
            [by_k.get(k) for by_k in values],
            [by_k[k] for by_k in costs if k in by_k],
        )
        for k in ks
    ]


def _point(
    cell: _Cell, interval: tuple[float, float] | None, pools: Sequence[Sequence[Outcome]]
) -> Point:
    values = [value for value in cell.values if value is not None]
    if not all(map(isfinite, values)):
        raise ValueError(f"{cell.selector} returned a value that is not finite at k = {cell.k}")
    low, high = interval if interval is not None else (None, None)
    cost = {axis: _mean([by_axis[axis] for by_axis in cell.costs]) for axis in AXES}
    return Point(
        k=cell.k,
        value=_mean(values),
        low=low,
        high=high,
        problems=len(values),
        cost=cost | {"samples": cell.k},
        note=_note(cell.k, len(values), pools),
    )


def _note(k: int, contributing: int, pools: Sequence[Sequence[Outcome]]) -> str | None:
    if contributing == len(pools):
        return None
    if contributing:
        return f"only {contributing} of {len(pools)} problems have {k} or more draws"
    fewest, most = min(map(len, pools)), max(map(len, pools))
    if fewest == most:
        return f"k exceeds the {most} draws of every problem"
    return f"k exceeds the draws of every problem, {most} at most"


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean; None where a value is missing or there is none."""
    present = [value for value in values if value is not None]
    if not values or len(present) < len(values):
        return None
    return fsum(present) / len(present)


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
    if point.note is not None:
        plain["note"] = point.note
    return plain
