"""Rows as aligned columns: as wide as the terminal on one, whole for cut, awk and files elsewhere.

A table that is too wide loses columns, the least important first, and says which; no number and no
name is ever cut.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any

from ttc.messages.durations import ago
from ttc.messages.visible import for_stdout
from ttc.report.tables.decimals import alike
from ttc.report.tables.width import cells, padded, terminal_width

GAP = 2  # blanks between columns
PROSE = 20  # columns from which a text in words may be cut
COMMAND = ": ttc "  # what a line has that names a command
# Columns of words; what stands in others is a name or a number, and is never cut.
WORDS = ("about", "question", "for", "evidence", "excerpt", "detail", "columns", "summary")


@dataclass(frozen=True, slots=True)
class Aligned:
    """A table of texts with one name a column. `rank` names the columns by importance, those that
    it does not name last, in their order, and `least` of them are never left out; `right` says
    which are numbers, and texts of `words` may be cut."""

    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[bool] = ()
    rank: Sequence[str] = ()
    least: int = 1
    words: Collection[str] = WORDS

    def lines(self, width: int | None = None, without: Sequence[str] = ()) -> Iterator[str]:
        """Yield the rows as lines of at most `width` columns (None: no limit), and a line that
        names the columns without room, and what else was left `without`."""
        kept = list(range(len(self.names)))
        widths = [max((cells(row[at]) for row in self.rows), default=0) for at in kept]
        lost = []
        while width is not None and len(kept) > self.least:
            over = sum(widths[at] for at in kept) + GAP * (len(kept) - 1) - width
            if over <= 0:
                break
            if self._cut_words(kept, widths, over):
                break
            last = max(kept, key=self._place)
            kept.remove(last)
            lost.append(last)
        for row in self.rows:
            yield self._line(row, kept, widths)
        missed = [*(self.names[at] for at in sorted(lost)), *without]
        if missed and width is not None:
            yield from wrap(no_room(missed), max(width, PROSE))

    def _cut_words(self, kept: Sequence[int], widths: list[int], over: int) -> bool:
        """Take so many columns from the texts that may be cut, the widest first; False, and
        nothing taken, if they have not so many."""
        ours = [at for at in kept if self.names[at] in self.words and widths[at] > PROSE]
        if sum(widths[at] - PROSE for at in ours) < over:
            return False
        for _ in range(over):
            widths[max(ours, key=lambda at: widths[at])] -= 1
        return True

    def _line(self, row: Sequence[str], kept: Sequence[int], widths: Sequence[int]) -> str:
        parts = [
            padded(_cut(row[at], widths[at]), widths[at], right=bool(self.right) and self.right[at])
            for at in kept
        ]
        return (" " * GAP).join(parts).rstrip()

    def _place(self, at: int) -> tuple[int, int]:
        name = self.names[at]
        return (self.rank.index(name) if name in self.rank else len(self.rank), at)


def no_room(names: Sequence[str]) -> str:
    """Return the line about columns that are not shown."""
    return f"no room for {', '.join(filter(None, names)) or 'the rest'} (COLUMNS=0 shows all)"


def _cut(text: str, width: int) -> str:
    if cells(text) <= width:
        return text
    text = text[: 4 * width]  # it may be long; an accent takes no column
    while cells(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def columns(
    rows: Sequence[Mapping[str, Any]],
    rank: Sequence[str] = (),
    *,
    times: Sequence[str] = (),
    least: int = 1,
    words: Collection[str] = WORDS,
) -> None:
    """Print rows that have the same keys; on a terminal with a header, and as wide as that.

    Numbers are aligned to the right, and those of a column have the same decimals on a terminal.
    `rank` names the columns by importance, of which `least` are never left out; `times` are those
    of points in time, which a terminal shows as "13 min ago", and texts of `words` may be cut.
    """
    names, terminal = list(rows[0]), sys.stdout.isatty()
    shown = [_shown([row[name] for row in rows], name in times, terminal) for name in names]
    table = [list(row) for row in zip(*shown, strict=True)]
    if terminal:
        table.insert(0, [name.upper() for name in names])
    right = [all(_is_number(row[name]) for row in rows) for name in names]
    rank = rank or names
    for line in Aligned(names, table, right, rank, least, words).lines(terminal_width()):
        print(line)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, type(None)))


def _shown(values: Sequence[Any], time: bool, terminal: bool) -> list[str]:
    """Return the values of a column as texts."""
    if terminal and time:
        values = [ago(value) if isinstance(value, str) else value for value in values]
    plain = [value for value in values if isinstance(value, float)]
    if terminal and plain and all(_is_number(value) for value in values):
        count = alike(plain)
        values = [f"{v:.{count}f}" if isinstance(v, float) else v for v in values]
    return [_cell(value) for value in values]


def _cell(value: Any) -> str:
    return "-" if value is None or value == "" else for_stdout(" ".join(str(value).split()))


class Line(str):
    """A line of a report that is a row of a table, so that it can be fitted to a terminal."""

    __slots__ = ("table",)
    table: Aligned


def aligned(rows: Sequence[Sequence[str]], names: Sequence[str] = ()) -> Iterator[str]:
    """Yield rows of equal length as lines, each column as wide as its widest cell.

    `names` are those of the columns, for the line about columns without room.
    """
    table = Aligned(names or [""] * len(rows[0]), rows)
    for text in table.lines():
        line = Line(text)
        line.table = table
        yield line


def fitted(lines: Iterable[str], width: int | None) -> Iterator[str]:
    """Yield the lines of a report, no wider than the terminal: tables by columns, and others by
    words, except commands, which are copied."""
    for table, found in groupby(lines, lambda line: getattr(line, "table", None)):
        if width is None:
            yield from found
        elif table is not None:
            yield from table.lines(width)
        else:
            for line in found:
                yield from [line] if COMMAND in line else wrap(line, max(width, PROSE))
