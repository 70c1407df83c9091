"""Tables of texts: lines of ttc as CSV and TSV, read and written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ttc.errors import UsageError
from ttc.exchange.columns import FLAT, cell, judged, read, value_of
from ttc.exchange.lines import TOOL, Lacks, record_of
from ttc.formats import Draw
from ttc.formats.logs.opening import opened

_LONGEST = (1 << 31) - 1
_NUL = "\ud800"  # stands for NUL, which the reader of Python 3.10 refuses; no UTF-8 gives it
_SPECIAL = re.compile(r'[",\t\r\n]')


class Csv:
    """CSV with a column for each field of a line; nested values are JSON."""

    name = "csv"
    tool = TOOL
    suffix = ".csv"
    _delimiter = ","

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether the first row names a problem and a text."""
        first = head.decode("utf-8-sig", "replace").partition("\n")[0].strip()
        return {"problem", "text"} <= set(first.split(self._delimiter))

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a table. Options: those of `jsonl`."""
        yield from read(self._records(path), path, options)

    def _records(self, path: Path) -> Iterator[dict[str, Any]]:
        csv.field_size_limit(_LONGEST)
        with opened(path) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            lines = (line.replace("\0", _NUL) for line in text)
            reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
            try:
                names = next(reader, [])
                for row in reader:
                    if row:
                        place = f"{path}:{reader.line_num}"
                        yield _record(names, [each.replace(_NUL, "\0") for each in row], place)
            except (csv.Error, UnicodeDecodeError) as error:
                raise UsageError(f"{path}:{reader.line_num + 1}: not valid CSV ({error})") from None

    def write(self, draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
        """Write a row for each draw, with its first verdict if it has any."""
        lacks, lost = Lacks(), _Lost(self.name)
        stream.write(self._row(FLAT))
        for draw in draws:
            record = record_of(draw)
            lost.see(record)
            stream.write(self._row(cell(record.get(name)) for name in FLAT))
            lacks.see(draw)
        return [*lost.notes(), *lacks.notes(self.name)]

    def _row(self, cells: Iterable[str]) -> bytes:
        """Return a row. The writer of the standard library refuses NUL before Python 3.11."""
        quoted = (
            '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text for text in cells
        )
        return (self._delimiter.join(quoted) + "\n").encode()


class Tsv(Csv):
    """As CSV, with tabs between the columns."""

    name = "tsv"
    suffix = ".tsv"
    _delimiter = "\t"


class _Lost:
    """Collects what a table of texts cannot hold."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: dict[str, None] = {}

    def see(self, record: Mapping[str, Any]) -> None:
        """Note the fields of a line that have no cell, or one that reads otherwise."""
        for name in ("confidences", "logprobs"):
            if name in record:
                self._found[name] = None
        for name in ("answer", "stop", "detail"):
            if record.get(name) == "":
                self._found[f"{name} that is empty but known"] = None

    def notes(self) -> list[str]:
        """Return a line for all of it."""
        if not self._found:
            return []
        return [f"{self._name} cannot hold: {', '.join(self._found)}"]


def _record(names: Sequence[str], row: Sequence[str], place: str) -> dict[str, Any]:
    if len(row) != len(names):
        raise UsageError(f"{place}: {len(row)} cells, but the first row names {len(names)} fields")
    record: dict[str, Any] = {}
    for name, text in zip(names, row, strict=True):
        try:
            value = value_of(name, text)
        except ValueError as error:
            raise UsageError(f"{place}: {name!r}: {error}") from None
        # A cell that is empty says nothing.
        if value is not None:
            record[name] = value
    return judged(record)
