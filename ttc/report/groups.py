"""Curves of groups of problems: headings for their tables, panels for their plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ttc.curves.groups import Group
from ttc.curves.result import SweepResult
from ttc.messages.counts import some
from ttc.messages.visible import one_line
from ttc.records import Curve, Point
from ttc.report import intervals

# Panels beyond these would be too small to read; lines beyond these would look alike.
MOST_PANELS, MOST_LINES = 12, 8
ALL = "all problems"


class Panel(NamedTuple):
    """A part of a plot: its title, its curves, and the points of the Pareto frontier in it."""

    title: str
    curves: Sequence[Curve]
    best: Sequence[tuple[Curve, Point]] = ()


def titled(result: SweepResult, *, counted: bool = False) -> tuple[list[Curve], dict[str, int]]:
    """Return the curves of the groups, each with the heading of its group as the source, and the
    number of problems by heading; with `counted` it is in the heading as well."""
    heads = {
        (group.source, group.by, group.name): one_line(
            f"{group.source}, {group.title}" + (f" ({group.size})" if counted else "")
        )
        for group in result.groups
    }
    curves = [
        replace(curve, source=heads[curve.source, curve.by or "", curve.group or ""])
        for curve in result.by_group
    ]
    sizes = {heads[each.source, each.by, each.name]: len(each.problems) for each in result.groups}
    return curves, sizes


def footer(result: SweepResult) -> list[str]:
    """Return what the intervals of groups are, as far as the footer of all problems lacks it: a
    small group may need another method."""
    said = intervals.in_words(result)
    own = intervals.in_words(replace(result, curves=result.by_group))
    return [f"groups: {line}" for line in own if line not in said]


def panels(result: SweepResult) -> list[Panel]:
    """Return the panels of a plot: one for all problems and one for each group, with a line for
    each rule and source.

    A single rule over a single source is one panel with a line for each group, if there are at
    most MOST_LINES lines. Of more than MOST_PANELS panels only the largest groups are drawn; see
    `undrawn`.
    """
    whole = Panel("" if not result.groups else ALL, result.curves, result.frontier or ())
    drawn = _drawn(result.groups)
    if len(result.curves) == 1 and 0 < len(result.groups) < MOST_LINES:
        lines = [*result.curves, *result.by_group]
        several = len({group.by for group in result.groups}) > 1
        named = [replace(line, selector=_line(line, several)) for line in lines]
        return [Panel(result.curves[0].selector, named, whole.best)]
    found = [
        Panel(
            name if "," in by else f"{by} = {name}",
            [curve for curve in result.by_group if (curve.by, curve.group) == (by, name)],
        )
        for by, name in drawn
    ]
    return [whole, *found]


def undrawn(groups: Sequence[Group]) -> list[str]:
    """Return a line about the groups that a plot leaves out; none if it shows all."""
    every, drawn = _sizes(groups), _drawn(groups)
    if len(every) == len(drawn):
        return []
    most = max(size for group, size in every.items() if group not in drawn)
    return [
        f"the plot shows the {len(drawn)} largest of {len(every)} groups; the others have at most "
        f"{some(most, 'problem')} each, and are in the tables"
    ]


def _sizes(groups: Sequence[Group]) -> dict[tuple[str, str], int]:
    """Return the number of problems of each group, in the source that has most of it."""
    sizes: dict[tuple[str, str], int] = {}
    for group in groups:
        key = group.by, group.name
        sizes[key] = max(sizes.get(key, 0), len(group.problems))
    return sizes


def _drawn(groups: Sequence[Group]) -> list[tuple[str, str]]:
    sizes = _sizes(groups)
    largest = sorted(sizes, key=lambda key: -sizes[key])[: MOST_PANELS - 1]
    return [key for key in sizes if key in largest]


def _line(curve: Curve, several: bool) -> str:
    if curve.group is None:
        return ALL
    return f"{curve.by} = {curve.group}" if several else curve.group
