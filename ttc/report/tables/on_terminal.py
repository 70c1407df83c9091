"""Curves as tables on the terminal, no wider than it; in plain columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttc.curves.cost_axes import AXES
from ttc.messages.counts import some
from ttc.messages.visible import report_line
from ttc.records import Curve, Point
from ttc.report import intervals, oracles
from ttc.report.intervals import Digits
from ttc.report.tables.columns import no_room
from ttc.report.tables.width import terminal_width
from ttc.report.tables.words import cost_text, inexact, notes_of, sources_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

BAR = 20
WITH_BARS = 100  # columns of a terminal from which a table has bars
BARS = "bars"
NO_LIMIT = 10_000  # columns: rich breaks lines at some width
# What a narrow terminal does without, the first of them first; with too little room for the rest,
# the rule stands on a line of its own.
DROPPED = (BARS, intervals.THESE, intervals.LIKE_THESE, "cost", "rule")
HIDDEN = (BARS, "rule")  # whose lack needs no word


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What all tables of a sweep have in common."""

    axis: str
    digits: Digits
    starred: frozenset[tuple[int, int]]
    terminal: bool

    def cells(self, curve: Curve, point: Point) -> dict[str, str]:
        """Return the cells of a row, by column."""
        star = " *" if (id(curve), point.k) in self.starred else ""
        return {
            "rule": report_line(curve.selector),
            "k": str(point.k),
            "value": intervals.value_text(point, self.digits),
            intervals.THESE: intervals.these_text(point, self.digits),
            intervals.LIKE_THESE: intervals.like_these_text(point, self.digits),
            BARS: _bar(point.value),
            "cost": cost_text(point, self.axis) + star + oracles.MARK * curve.oracle,
        }

    def table(self, curves: Sequence[Curve], names: Sequence[str]) -> Table:
        """Return the table of a source with some of the columns."""
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD if self.terminal else None)
        for name in names:
            head = AXES[self.axis].label if name == "cost" else "" if name == BARS else name
            justify = "right" if name in ("k", "cost") else "left"
            least = BAR if name == BARS else None
            table.add_column(head, justify=justify, no_wrap=True, min_width=least)  # type: ignore[arg-type]
        for curve in curves:
            for at, point in enumerate(curve.points):
                cells = self.cells(curve, point)
                if at and self.terminal:
                    cells["rule"] = ""  # a pipe has it on each line, for grep and awk
                table.add_row(*(cells[name] for name in names))
            if self.terminal:
                table.add_section()
        return table


def show(
    curves: Sequence[Curve],
    axis: str,
    problems: Mapping[str, int],
    best: Sequence[tuple[Curve, Point]] | None = None,
) -> None:
    """Print one table for each source: with bars on a wide terminal, in plain columns in a pipe.

    `axis` is a name in `AXES`, `problems` the number of problems of each source. `best` are the
    points of a Pareto frontier, which are marked with a star.
    """
    width = terminal_width()
    starred = frozenset((id(curve), point.k) for curve, point in best or ())
    sheet = _Sheet(axis, Digits.of(curves), starred, width is not None or sys.stdout.isatty())
    for source in sources_of(curves):
        ours = [curve for curve in curves if curve.source == source]
        names, lost = _fitting(sheet, ours, width)
        title = f"{source}: {some(problems[source], 'problem')}"
        _write(width, [title], style="italic")
        if "rule" in names:
            _write(None, [sheet.table(ours, names)])
        else:
            for curve in ours:
                _write(width, [report_line(curve.selector)])
                _write(None, [sheet.table([curve], names)])
        _write(width, [*notes_of(ours), *([no_room(lost)] if lost else [])])


def legend(
    curves: Sequence[Curve],
    axis: str,
    best: Sequence[tuple[Curve, Point]] | None,
    lines: Sequence[str],
    mark: str = "† ",
) -> None:
    """Print below all tables what their marks mean (`mark` is that of oracles), and further
    lines."""
    less = f"* Pareto-optimal: nothing scores higher for {AXES[axis].less}"
    marks = (*(() if best is None else (less,)), *oracles.legend(curves, mark), *inexact(curves))
    _write(terminal_width(), [*marks, *lines])


def _write(width: int | None, parts: Sequence[str | Table], style: str = "dim") -> None:
    """Print lines and tables; lines are broken between words at the width."""
    console = _console(width)
    # Rich exits the process if the pipe is closed, so it renders and we write.
    with console.capture() as rendered:
        for part in parts:
            if isinstance(part, str):
                console.print(report_line(part), style=style)
            else:
                console.print(part)
    sys.stdout.write(rendered.get())


def _console(width: int | None) -> Console:
    from rich.console import Console

    # Names come from outside: brackets and colons in them are text, not markup or emoji.
    return Console(
        file=sys.stdout,
        highlight=False,
        markup=False,
        emoji=False,
        width=width or NO_LIMIT,
    )


def _fitting(
    sheet: _Sheet, curves: Sequence[Curve], width: int | None
) -> tuple[list[str], list[str]]:
    """Return the columns that a table has room for, and the headings of the others."""
    bounded = intervals.shown(curves)
    names = ["rule", "k", "value", *((intervals.THESE, intervals.LIKE_THESE) if bounded else ())]
    names += [*([BARS] if width is not None and width >= WITH_BARS else ()), "cost"]
    lost = []
    for name in DROPPED:
        if width is None or _wide(sheet.table(curves, names)) <= width:
            break
        if name in names:
            names.remove(name)
            lost.append(name)
    heads = [AXES[sheet.axis].label if name == "cost" else name for name in lost]
    return names, [head for name, head in zip(lost, heads, strict=True) if name not in HIDDEN]


def _wide(table: Table) -> int:
    """Return how many columns a table takes."""
    return _console(None).measure(table).maximum


def _bar(value: float | None) -> str:
    """Draw a value in [0, 1] as a bar of eighths of a cell; scores may be outside."""
    if value is None or not 0 <= value <= 1:
        return ""
    eighths = round(value * BAR * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
