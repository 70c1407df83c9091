"""How curves are told apart: the source by colour, the rule by dash and marker.

The colours differ in lightness as much as in hue, so that they differ in grey and for the
colour-blind; every second source has hollow markers, for a copy in black and white. The second
six have the colours of the first, hollow where those are filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ttc.messages.visible import one_line
from ttc.records import Curve
from ttc.report.oracles import name_of

# Navy, orange, green, sky, rust, black: at least 10 apart in CIE lightness, any two of them.
COLOURS = ("#00356B", "#E08A00", "#1B8A63", "#7CC4EE", "#A63D00", "#000000")
MARKERS = "os^DvPX*"
DASHES = ("-", "-.", ":")
ORACLE = "--"  # no other curve is dashed


class Look(NamedTuple):
    """How a curve is drawn. `hollow`: its markers are not filled."""

    colour: str
    dash: str
    marker: str
    hollow: bool = False


def looks_of(curves: Sequence[Curve]) -> list[Look]:
    """Return the look of each curve: by source and rule, or if there is one source, by rule."""
    sources, rules = _distinct(curves)
    several = len(sources) > 1
    plain = [rule for rule in rules if not rule.endswith(" (oracle)")]
    found = []
    for curve in curves:
        source, rule = sources.index(curve.source), rules.index(name_of(curve))
        colour = source if several else rule
        dash = ORACLE if curve.oracle else DASHES[plain.index(name_of(curve)) % len(DASHES)]
        marker = MARKERS[rule % len(MARKERS)]
        hollow = several and (source + source // len(COLOURS)) % 2 == 1
        found.append(Look(COLOURS[colour % len(COLOURS)], dash, marker, hollow))
    return found


def legend_of(curves: Sequence[Curve]) -> list[tuple[str, Look | None]]:
    """Return the lines of the legend; those without a look are headings.

    With one source, or one rule, each curve has a line. Else the sources have one each, in their
    colours, and the rules, in their dashes.
    """
    sources, rules = _distinct(curves)
    looks = looks_of(curves)
    if len(sources) == 1 or len(rules) == 1:
        return list(zip(named(curves), looks, strict=True))
    lines: list[tuple[str, Look | None]] = [("colour: source", None)]
    for source in sources:
        at = next(at for at, curve in enumerate(curves) if curve.source == source)
        lines.append((one_line(source), looks[at]._replace(dash="-", marker="o")))
    lines.append(("dash and marker: rule", None))
    for rule in rules:
        at = next(at for at, curve in enumerate(curves) if name_of(curve) == rule)
        lines.append((one_line(rule), looks[at]._replace(colour="0.3", hollow=False)))
    return lines


def named(curves: Sequence[Curve]) -> list[str]:
    """Return the name of each curve: its rule, marked if it is an oracle, and its source where
    there are several; the source alone if all have one rule."""
    sources, rules = _distinct(curves)
    if len(sources) > 1 and len(rules) == 1:
        return [one_line(each.source) for each in curves]
    several = len(sources) > 1
    names = (f"{name_of(each)} ({each.source})" if several else name_of(each) for each in curves)
    return [one_line(name) for name in names]


def _distinct(curves: Sequence[Curve]) -> tuple[list[str], list[str]]:
    sources = list(dict.fromkeys(curve.source for curve in curves))
    return sources, list(dict.fromkeys(map(name_of, curves)))
