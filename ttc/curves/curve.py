"""Table → Curve: the mean value of each rule at each budget k, with its intervals and cost.

A point is the mean over problems of an exact expectation over all k-subsets of a problem's
draws. A problem contributes while k is at most the number of its draws; nothing is extrapolated.
No model is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, isfinite, sqrt

from ttc.curves.cost_axes import AXES
from ttc.curves.intervals import METHODS, Bounds, all_of_these, like_these, within_unit
from ttc.curves.intervals.fixed_suite import spreads
from ttc.curves.table import Cell, Problems, Table, tabulate
from ttc.errors import UsageError
from ttc.messages.counts import some
from ttc.records import Curve, Point
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import Estimate


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

    This is `tabulate` and then `curves_of`; see there for what they raise.
    """
    return curves_of(tabulate(problems, selectors, ks, source=source), ci=ci, seed=seed)


def curves_of(
    table: Table, *, ci: float | None = 95, seed: int = 0, interval: str = METHODS[0]
) -> list[Curve]:
    """Return the curves of a table.

    `ci` is the level of both intervals in per cent, None for none; `interval` is the method of
    the one for problems like these, a name in `intervals.METHODS`. All bootstraps share the
    resamples of `seed`, so that curves can be compared. UsageError if `ci` is out of range.
    """
    if ci is not None and not 0 < ci < 100:
        raise UsageError(f"an interval covers more than 0% and less than 100%, not {ci}%")
    nothing = [Bounds()] * len(table.cells)
    others, fixed = (nothing, nothing) if ci is None else _bounds(table, ci, seed, interval)
    points: dict[str, list[Point]] = {cell.selector: [] for cell in table.cells}
    for cell, like, same in zip(table.cells, others, fixed, strict=True):
        points[cell.selector].append(_point(cell, like, same, table))
    return [
        Curve(name, table.source, tuple(curve), oracle=name in table.oracles)
        for name, curve in points.items()
    ]


def default_ks(n: int) -> list[int]:
    """Return 1, 2, 4, … up to n, and n itself."""
    return sorted({*(1 << i for i in range(n.bit_length())), n} - {0})


def _bounds(
    table: Table, level: float, seed: int, method: str
) -> tuple[list[Bounds], list[Bounds]]:
    """Return for each cell the interval for problems like these and the one for these problems."""
    columns = [cell.values for cell in table.cells]
    outside = {
        cell.selector
        for cell, values in zip(table.cells, columns, strict=True)
        if not within_unit(values)
    }
    bounded = [cell.selector not in outside for cell in table.cells]
    means = [_mean([value for value in values if value is not None]) for values in columns]
    places = [at for at, mean in enumerate(means) if mean is not None]
    known = spreads(table)
    made = all_of_these(
        [means[at] or 0.0 for at in places],
        [known[at] for at in places],
        level=level,
        bounded=[bounded[at] for at in places],
    )
    fixed = [Bounds()] * len(columns)
    for at, each in zip(places, made, strict=True):
        fixed[at] = each
    return like_these(columns, method, bounded=bounded, level=level, seed=seed), fixed


def _point(cell: Cell, others: Bounds, fixed: Bounds, table: Table) -> Point:
    found = [estimate for estimate in cell.estimates if estimate is not None]
    values = [estimate.value for estimate in found]
    if not all(map(isfinite, values)):
        raise ValueError(f"{cell.selector} returned a value that is not finite at k = {cell.k}")
    low, high = others.interval or (None, None)
    low_draws, high_draws = fixed.interval or (None, None)
    cost = {axis: _mean([by_axis[axis] for by_axis in cell.costs]) for axis in AXES}
    exact = all(estimate.kind == "exact" for estimate in found)
    return Point(
        k=cell.k,
        value=_mean(values),
        low=low,
        high=high,
        low_draws=low_draws,
        high_draws=high_draws,
        method=others.method,
        method_draws=fixed.method,
        problems=len(values),
        cost=cost if cell.costs else cost | {"samples": cell.k},
        exact=exact,
        error=None if exact else _error(found),
        note=_note(cell.k, len(values), table),
    )


def _error(found: Sequence[Estimate]) -> float:
    """Return the error of a mean: brackets add up, errors of simulations add in quadrature."""
    brackets = fsum(each.error for each in found if each.kind == "bracket")
    simulated = fsum(each.error**2 for each in found if each.kind == "mc")
    return float((brackets + sqrt(simulated)) / len(found))


def _note(k: int, contributing: int, table: Table) -> str | None:
    pools = table.pools
    if table.draw == "with" and k > min(map(len, pools)):
        return "plug-in: k exceeds the draws, taken with replacement"
    if contributing == len(pools):
        return None
    if contributing:
        return f"only {contributing} of {len(pools)} problems have {k} or more draws"
    fewest, most = min(map(len, pools)), max(map(len, pools))
    if fewest == most:
        return f"k exceeds the {some(most, 'draw')} of every problem"
    return f"k exceeds the draws of every problem, {most} at most"


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean; None where a value is missing or there is none."""
    present = [value for value in values if value is not None]
    if not values or len(present) < len(values):
        return None
    return fsum(present) / len(present)
