"""Tables of texts: lines of ttc as CSV and TSV, read and written."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from ttc.errors import UsageError
from ttc.exchange.columns import FLAT, cell, judged, read, value_of
from ttc.exchange.lines import TOOL, Lacks, record_of
from ttc.formats import Draw
from ttc.formats.logs.opening import opened

_LONGEST = (1 << 31) - 1


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
            reader = csv.reader(text, delimiter=self._delimiter, strict=True)
            try:
                names = next(reader, [])
                for row in reader:
                    if row:
                        place = f"{path}:{reader.line_num}"
                        yield _record(names, row, place)
            except (csv.Error, UnicodeDecodeError) as error:
                raise UsageError(f"{path}:{reader.line_num + 1}: not valid CSV ({error})") from None

    def write(self, draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
        """Write a row for each draw, with its first verdict if it has any."""
        lacks, lost = Lacks(), _Lost(self.name)
        open_still = cast("BinaryIO", _Open(stream))
        text = io.TextIOWrapper(open_still, encoding="utf-8", newline="", write_through=True)
        table = csv.writer(text, delimiter=self._delimiter, lineterminator="\n")
        table.writerow(FLAT)
        for draw in draws:
            record = record_of(draw)
            lost.see(record)
            table.writerow([cell(record.get(name)) for name in FLAT])
            lacks.see(draw)
        text.flush()
        return [*lost.notes(), *lacks.notes(self.name)]


class Tsv(Csv):
    """As CSV, with tabs between the columns."""

    name = "tsv"
    suffix = ".tsv"
    _delimiter = "\t"


class _Open(io.RawIOBase):
    """A stream that stays open when what writes to it is closed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, data: Any) -> int:
        """Write bytes."""
        self._stream.write(data)
        return len(data)


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
