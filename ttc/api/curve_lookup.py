"""Finding a curve, or a point of it, in a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ttc.records import Curve, Point
from ttc.selectors import spec


def find(curves: Sequence[Curve], key: Any) -> Curve | Point:
    """Return the curve of a rule, or its point at a k; see `ttc.api.Sweep`.

    `key` is the rule, or a tuple of the rule, k, the source and the group; what is left out is
    None. KeyError if there is no such curve or point, or more than one.
    """
    rule, k, source, group = (*((key,) if isinstance(key, str) else key), None, None, None)[:4]
    if rule not in {curve.selector for curve in curves}:
        rule, budget = spec.named(rule)  # `sweep["maj", 8]`, `sweep["pass@8"]`
        k = budget if k is None else k
    found = [
        curve
        for curve in curves
        if curve.selector == rule and source in (None, curve.source) and curve.group == group
    ]
    if not found:
        raise KeyError(_missing(curves, rule, source, group))
    if len(found) > 1 and len({curve.by for curve in found}) > 1:
        named = ", ".join(str(curve.by) for curve in found)
        raise KeyError(f"{group!r} is a group by each of {named}; pick one of .curves")
    if len(found) > 1:
        names = ", ".join(curve.source for curve in found)
        raise KeyError(f"{rule!r} has several curves, of {names}; name the source as well")
    if k is None:
        return found[0]
    for point in found[0].points:
        if point.k == k:
            return point
    budgets = ", ".join(str(point.k) for point in found[0].points)
    raise KeyError(f"{rule!r} has no point at k = {k}; there are {budgets}")


def _missing(curves: Sequence[Curve], rule: object, source: object, group: object) -> str:
    there = ", ".join(dict.fromkeys(curve.selector for curve in curves))
    at = "" if source is None else f" of {source!r}"
    if group is None:
        return f"no curve {rule!r}{at}; there are {there}"
    groups = dict.fromkeys(curve.group for curve in curves if curve.group is not None)
    return f"no curve {rule!r}{at} of the group {group!r}; there are {there}, and the groups " + (
        ", ".join(groups) or "none"
    )
