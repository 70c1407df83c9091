"""Sources side by side: for each rule a table with a row for each budget and a column for each
source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ttc.messages.visible import report_line
from ttc.records import Curve, Point
from ttc.report import intervals, oracles
from ttc.report.escaping import csv_row, in_markdown
from ttc.report.intervals import Digits
from ttc.report.tables.columns import Aligned
from ttc.report.tables.width import terminal_width
from ttc.report.tables.words import sources_of

NONE = "–"


class Pivot(NamedTuple):
    """One rule: its name, the sources, and for each budget a point of each source (None: the rule
    was left out there)."""

    rule: str
    sources: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Point | None, ...]], ...]


def pivots(curves: Sequence[Curve]) -> list[Pivot]:
    """Return a pivot for each rule, all with all sources."""
    sources = tuple(sources_of(curves))
    found: dict[str, dict[str, Curve]] = {}
    for curve in curves:
        found.setdefault(oracles.name_of(curve), {})[curve.source] = curve
    made = []
    for rule, by in found.items():
        points = {source: {p.k: p for p in curve.points} for source, curve in by.items()}
        ks = sorted({k for each in points.values() for k in each})
        rows = tuple((k, tuple(points.get(s, {}).get(k) for s in sources)) for k in ks)
        made.append(Pivot(rule, sources, rows))
    return made


def show(curves: Sequence[Curve]) -> None:
    """Print the pivots; a narrow terminal first does without intervals, then without sources."""
    digits, width = Digits.of(curves), terminal_width()
    for at, each in enumerate(pivots(curves)):
        if at:
            print()
        print(report_line(each.rule))
        for line in _lines(each, digits, width, bounded=intervals.shown(curves)):
            print(line)


def _lines(each: Pivot, digits: Digits, width: int | None, *, bounded: bool) -> Iterator[str]:
    whole = _table(each, digits, bounded=bounded)
    if width is None or not bounded or max(map(len, whole.lines())) <= width:
        yield from whole.lines(width)
        return
    yield from _table(each, digits, bounded=False).lines(width, ["the intervals"])


def _table(each: Pivot, digits: Digits, *, bounded: bool) -> Aligned:
    names = ["k", *map(report_line, each.sources)]
    rows = [
        [str(k), *(NONE if p is None else _cell(p, digits, bounded=bounded) for p in points)]
        for k, points in each.rows
    ]
    return Aligned(names, [names, *rows], [True] + [False] * len(each.sources))


def _cell(point: Point, digits: Digits, *, bounded: bool) -> str:
    value = intervals.value_text(point, digits)
    between = intervals.like_these_text(point, digits) if bounded else ""
    return f"{value} {between}".rstrip()


def as_markdown(curves: Sequence[Curve], conventions: str, footer: Sequence[str] = ()) -> str:
    """Return the pivots as tables of Markdown."""
    digits, lines = Digits.of(curves), []
    for each in pivots(curves):
        lines += [f"**{in_markdown(each.rule)}** ({conventions})", ""]
        lines.append(f"| k | {' | '.join(map(in_markdown, each.sources))} |")
        lines.append("|--:|" + "--:|" * len(each.sources))
        for k, points in each.rows:
            cells = (NONE if p is None else _cell(p, digits, bounded=True) for p in points)
            lines.append(f"| {k} | {' | '.join(cells)} |")
        lines.append("")
    if intervals.shown(curves):
        lines += [f"value [{intervals.LIKE_THESE}]", ""]
    lines += [f"- {in_markdown(line)}" for line in (*footer, *oracles.legend(curves, ""))]
    return "\n".join(lines).rstrip() + "\n"


def as_csv(curves: Sequence[Curve]) -> str:
    """Return the pivots with every digit: a line for each rule and budget, and for each source its
    value and the bounds of the interval for problems like these."""
    sources = sources_of(curves)
    heads = [f"{source}{part}" for source in sources for part in ("", " low", " high")]
    lines = [csv_row(["selector", "k", *heads])]
    for each in pivots(curves):
        for k, points in each.rows:
            cells = [(None,) * 3 if p is None else (p.value, p.low, p.high) for p in points]
            lines.append(csv_row([each.rule, k, *(cell for three in cells for cell in three)]))
    return "".join(lines)
