"""CSV and TSV: a row of names, then a record a row.

Accepted: a byte order mark, newlines in quotes, `,` `;` `|` and tab between cells (found in the row
of names), Excel's line `sep=;`. Refused: rows of other lengths, names that are empty or repeated,
and a first row that is data.
"""

from __future__ import annotations

import csv
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, BinaryIO

from ttc.errors import UsageError
from ttc.formats.files.column_values import Column
from ttc.formats.files.json_lines import BOM
from ttc.formats.files.layouts import QUESTIONS
from ttc.formats.files.streams import seekable, shell_name
from ttc.jsonl import BadLineError, Line
from ttc.messages.counts import some

_DELIMITERS = ",;\t|"
_KNOWN = QUESTIONS | {"answer", "correct", "id", "task_id", "target", "answerkey", "solution"}
_NAME = re.compile(r"[^\W\d][\w .\-/()#%]{0,60}")
_LONGEST = (1 << 31) - 1
_SAME = 3  # rows of equal length behind names that are not known


class Csv:
    """CSV: a row of names, then a record a row."""

    name = "csv"
    suffixes: tuple[str, ...] = (".csv",)
    delimiters = _DELIMITERS

    def holds_records(self, head: bytes) -> bool:
        """Return whether the first row has names of fields that are known, or names followed by
        rows of as many cells."""
        text = head.decode("utf-8-sig", "replace")
        if text.startswith("sep="):
            return True
        rows = _first_rows(text, self.delimiters)
        if not rows:
            return False
        names = [cell.strip() for cell in rows[0]]
        if any(name.lower() in _KNOWN for name in names):
            return len(names) > 1 or len(rows) > 1
        alike = len(names) > 1 and [len(row) for row in rows[1:]] == [len(names)] * _SAME
        return alike and len(set(names)) == len(names) and all(map(_NAME.fullmatch, names))

    def records(self, stream: BinaryIO, place: str) -> Iterator[Line]:
        """Yield the records with the lines they begin at; after a BadLineError for a row of another
        length the next call goes on. UsageError for a file that is no table."""
        whole = seekable(stream)
        columns = _columns(whole, place, self.delimiters)
        whole.seek(0)
        return map(columns.line, columns.rows(whole))


class Tsv(Csv):
    """TSV: as CSV, with tabs between cells."""

    name = "tsv"
    suffixes = (".tsv", ".tab")
    delimiters = "\t"


class _Columns:
    """The columns of a table, and how its rows are split."""

    def __init__(self, place: str, delimiter: str, quoting: Any) -> None:
        self.place = place
        self.delimiter = delimiter
        self.quoting = quoting
        self.names: list[str] = []
        self.found: list[Column] = []

    def rows(self, stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows behind the names, and the line that each begins at. UsageError if the
        quotes do not close."""
        reader, before = self._reader(stream)
        next(reader, None)
        line = reader.line_num
        try:
            for row in reader:
                if row:
                    yield before + line + 1, row
                line = reader.line_num
        except csv.Error as error:
            raise UsageError(f"{self.place}:{before + line + 1}: not valid CSV ({error})") from None

    def _reader(self, stream: BinaryIO) -> tuple[Any, int]:
        lines = _lines(stream, self.place)
        before = 0
        first = next(lines, "")
        if first.startswith("sep="):
            before, first = 1, next(lines, "")
        csv.field_size_limit(_LONGEST)
        every = chain((first,), lines)
        strict = self.quoting != csv.QUOTE_NONE
        options: Any = {"delimiter": self.delimiter, "quoting": self.quoting, "strict": strict}
        return csv.reader(every, **options), before

    def header(self, stream: BinaryIO) -> list[str]:
        """Return the first row."""
        try:
            return list(next(self._reader(stream)[0], []))
        except csv.Error as error:
            raise UsageError(f"{self.place}:1: not valid CSV ({error})") from None

    def line(self, numbered: tuple[int, list[str]]) -> Line:
        """Return a row as a record. BadLineError if it has more or fewer cells than names."""
        number, row = numbered
        place = f"{self.place}:{number}"
        if len(row) > len(self.names) and not any(row[len(self.names) :]):
            row = row[: len(self.names)]
        if len(row) != len(self.names):
            raise BadLineError(
                f"{place}: {some(len(row), 'cell')}, "
                f"but the first row names {len(self.names)} fields"
            )
        cells = zip(self.found, row, strict=True)
        return Line(place, dict(zip(self.names, (c.value(v) for c, v in cells), strict=True)))


def _lines(stream: BinaryIO, place: str) -> Iterator[str]:
    offset = 0
    for number, data in enumerate(stream, 1):
        try:
            yield (data.removeprefix(BOM) if number == 1 else data).decode()
        except UnicodeDecodeError as error:
            at = error.start + (len(BOM) if number == 1 and data.startswith(BOM) else 0)
            raise UsageError(
                f"{place}:{number}: byte 0x{data[at]:02x} at offset {offset + at} is not UTF-8; "
                f"convert it: `iconv -f WINDOWS-1252 -t UTF-8 {shell_name(place)} | ttc sample -`"
            ) from None
        offset += len(data)


def _columns(stream: BinaryIO, place: str, delimiters: str) -> _Columns:
    """Return the columns of a table, after a look at all of its cells."""
    head = stream.read(1 << 16).decode("utf-8-sig", "replace")
    stream.seek(0)
    columns = _Columns(place, _delimiter(head, delimiters), csv.QUOTE_MINIMAL)
    columns.names = _names(columns.header(stream), place, columns.delimiter)
    if columns.delimiter == "\t" and not _fits(columns, stream):
        # Many programs write TSV in which a quote is just a quote.
        columns.quoting = csv.QUOTE_NONE
    stream.seek(0)
    columns.found = [Column(name) for name in columns.names]
    for _, row in columns.rows(stream):
        for column, cell in zip(columns.found, row, strict=False):
            column.see(cell)
    return columns


def _fits(columns: _Columns, stream: BinaryIO) -> bool:
    stream.seek(0)
    try:
        return all(len(row) == len(columns.names) for _, row in columns.rows(stream))
    except UsageError:
        return False


def _delimiter(head: str, among: str) -> str:
    first, _, second = head.partition("\n")
    if first.startswith("sep=") and len(first.strip()) == 5:
        return first[4]
    bare = re.sub(r'"(?:[^"]|"")*"', "", first) or second
    return max(among, key=bare.count)


def _first_rows(head: str, delimiters: str) -> list[list[str]]:
    """Return the names and up to three rows behind them, as far as the head has them whole."""
    text = head if head.endswith("\n") else head.rpartition("\n")[0]
    delimiter = _delimiter(head, delimiters)
    lines = (text or head).removeprefix(f"sep={delimiter}").lstrip("\r\n").splitlines(True)
    try:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        return [row for row in islice(reader, 1 + _SAME) if row]
    except csv.Error:
        return []


def _names(row: list[str], place: str, delimiter: str) -> list[str]:
    """Return the names of the fields. UsageError if the first row has none."""
    while row and not row[-1].strip():
        row.pop()
    names = [name.strip() or f"unnamed_{at + 1}" for at, name in enumerate(row)]
    if not names:
        raise UsageError(f"{place}:1: the first row has no names of fields")
    odd = [n for n in names if len(n) > 100 or "\n" in n or re.fullmatch(r"[-+.\d]+", n)]
    if odd or (len(names) > 1 and any(name.endswith("?") for name in names)):
        raise UsageError(
            f"{place}:1: the first row has data, not the names of the fields; put them before it: "
            f"`({_printing(_sketch(names, delimiter))}; cat {shell_name(place)}) | "
            "ttc sample -`"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UsageError(f"{place}:1: two columns are called {twice[0]!r}; rename one")
    return names


def _sketch(row: list[str], delimiter: str) -> str:
    """Return a row of names as long as this row."""
    inner = "ABCD" if len(row) == 6 else [f"field_{at + 2}" for at in range(len(row) - 2)]
    return delimiter.join(["question", *inner, *["answer"][: len(row) - 1]])


def _printing(row: str) -> str:
    """Return the command that prints a row, tabs written out: messages show them as spaces."""
    if "\t" not in row:
        return f"echo {shlex.quote(row)}"
    return "printf '" + row.replace("\t", "\\t") + "\\n'"
