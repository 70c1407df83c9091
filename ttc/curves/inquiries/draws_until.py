"""Draws until X: the fewest draws of a problem at which the mean of a rule reaches a target.

Within the draws the curve is exact at every k: the answer is read off, and its interval is that of
the curve, inverted. Beyond them only coverage has a law; see `draws_beyond`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from ttc.curves.curve import curves_of
from ttc.curves.inquiries.draws_beyond import Until, extrapolated
from ttc.curves.intervals import METHODS
from ttc.curves.scaling_laws import counts_of
from ttc.curves.table import Problems, tabulate
from ttc.errors import wrong_option
from ttc.messages.counts import some
from ttc.records import Point
from ttc.selectors import Selector

ROUNDING = 1e-9
_FORM = re.compile(r"\s*(\S.*?)\s*=\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*", re.IGNORECASE)
# Bounds of the answer, each with the end of a point's interval that it comes from.
LOWER = {"low", "low_draws"}
_ENDS = {"low": "high", "high": "low", "low_draws": "high_draws", "high_draws": "low_draws"}


@dataclass(frozen=True, slots=True)
class Target:
    """A rule and the mean value that it is to reach."""

    rule: str
    value: float


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a sweep on which the answer depends."""

    ci: float | None = 95
    seed: int = 0
    interval: str = METHODS[0]
    draw: str = "without"


def parse(text: str) -> Target:
    """Return the target that `RULE=X` describes. UsageError for anything else."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise wrong_option("until", text, "write RULE=X, as in coverage=0.9")
    target = Target(found[1], float(found[2]))
    if not isfinite(target.value) or (target.rule == "coverage" and not 0 < target.value <= 1):
        raise wrong_option("until", text, "coverage is above 0 and at most 1")
    return target


def until(
    problems: Problems,
    rules: Mapping[str, Selector],
    targets: Sequence[Target],
    settings: Settings,
    *,
    source: str,
) -> list[Until]:
    """Return the answer for each target. `rules` has the rule of each by name.

    UsageError if the draws lack a field that a rule needs.
    """
    drawn = {name: draws for name, draws in problems.items() if draws}
    return [_answer(drawn, target, rules[target.rule], settings, source) for target in targets]


def _answer(
    problems: Problems, target: Target, rule: Selector, settings: Settings, source: str
) -> Until:
    drawn = min(map(len, problems.values()), default=0)
    points = _points(problems, target, rule, settings, source, drawn)
    found, passed = _crossing(points, Until(target.rule, target.value, drawn))
    bounds = (found.low, found.high, found.low_draws, found.high_draws)
    if rule.name == "coverage" and (found.k is None or (settings.ci and None in bounds)):
        counts, ci = counts_of(problems), settings.ci
        return extrapolated(found, counts, passed=passed, ci=ci, seed=settings.seed)
    if found.k is None:
        why = f"not reached within {some(drawn, 'draw')}, and only coverage has a law beyond them"
        beyond: dict[str, Any] = dict.fromkeys(passed & LOWER, drawn + 1)
        return replace(found, note=why, **beyond)
    return found


def _crossing(points: Iterator[Point], answer: Until) -> tuple[Until, set[str]]:
    """Return where a curve and its intervals reach the target, and the bounds that they do not
    reach: those are beyond the draws.

    The interval at each k holds the mean there. So k is no smaller than the first budget at which
    an upper limit reaches the target, and no larger than the first at which a lower limit does.
    The error of a value that is not exact widens both.
    """
    goal = answer.target - ROUNDING
    passed: set[str] = set()
    for point in points:
        error = point.error or 0.0
        if answer.k is None and point.value is not None and point.value >= goal:
            answer = replace(answer, k=point.k, estimator="exact" if point.exact else "±", total=0)
        limits: dict[str, float | None]
        limits = {bound: getattr(point, end) for bound, end in _ENDS.items()}
        for bound, limit in limits.items():
            slack = error if bound in LOWER else -error
            if getattr(answer, bound) is None and limit is not None and limit + slack >= goal:
                reached: dict[str, Any] = {bound: point.k}
                answer = replace(answer, **reached)
        passed = {
            bound
            for bound, limit in limits.items()
            if limit is not None and getattr(answer, bound) is None
        }
        if answer.k is not None and not passed:
            break
    return answer, passed


def _points(
    problems: Problems,
    target: Target,
    rule: Selector,
    settings: Settings,
    source: str,
    drawn: int,
) -> Iterator[Point]:
    """Yield the points of the curve at every k, since rules may also fall; as many as are taken."""
    start, end = 1, 16
    while start <= drawn:
        ks = range(start, min(end, drawn) + 1)
        table = tabulate(problems, {target.rule: rule}, ks, source=source, draw=settings.draw)
        (curve,) = curves_of(table, ci=settings.ci, seed=settings.seed, interval=settings.interval)
        yield from curve.points
        start, end = end + 1, 2 * end
