"""Tables of the lines of ttc: CSV, TSV, Parquet and Arrow, read and written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from ttc import jsonl
from ttc.errors import UsageError
from ttc.exchange.columns import COLUMNS, FLAT, cell, nested, value_of
from ttc.exchange.lines import TOOL, Lacks, draws_of, record_of
from ttc.formats import Draw
from ttc.formats.logs.opening import opened
from ttc.plugins import installing

_ROWS = 1000  # of a batch
_LONGEST = (1 << 31) - 1
_ARROW = {
    "text": "string",
    "integer": "int64",
    "number": "float64",
    "boolean": "bool_",
    "json": "string",
}


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
        yield from _read(self._records(path), path, options)

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
        if "confidences" in record:
            self._found["confidences"] = None
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
    return _judged(record)


def _judged(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record in which a verdict has all of its fields: in a line, null is written."""
    if record.get("status") is not None:
        for name in ("answer", "correct", "score", "reads_reference"):
            record.setdefault(name, None)
    return record


def _read(
    records: Iterator[dict[str, Any]], path: Path, options: Mapping[str, str]
) -> Iterator[Draw]:
    yield from draws_of(cast("jsonl.Source", records), str(path), options)


class Parquet:
    """Parquet with a column for each field of a line; nested values are JSON."""

    name = "parquet"
    tool = TOOL
    suffix = ".parquet"
    _begins: tuple[bytes, ...] = (b"PAR1",)

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether it begins so, and has columns for a problem and a text."""
        if not head.startswith(self._begins):
            return False
        try:
            return {"problem", "text"} <= set(self._names(path))
        except (UsageError, OSError, ValueError):
            return False

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a table. Options: those of `jsonl`."""
        yield from _read(self._records(path), path, options)

    def write(self, draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
        """Write a row for each draw, with its first verdict if it has any."""
        arrow = _library("pyarrow")
        schema, lacks = _schema(arrow), Lacks()
        with self._writer(arrow, stream, schema) as table:
            every = iter(draws)
            while some := list(islice(every, _ROWS)):
                rows = [record_of(draw) for draw in some]
                table.write_batch(_batch(arrow, rows, schema))
                for draw in some:
                    lacks.see(draw)
        return lacks.notes(self.name)

    def _writer(self, arrow: Any, stream: BinaryIO, schema: Any) -> Any:
        return _library("pyarrow.parquet").ParquetWriter(stream, schema)

    def _names(self, path: Path) -> list[str]:
        with path.open("rb") as file:
            return list(_library("pyarrow.parquet").ParquetFile(file).schema_arrow.names)

    def _batches(self, path: Path) -> Iterator[Any]:
        with path.open("rb") as file:
            yield from _library("pyarrow.parquet").ParquetFile(file).iter_batches(_ROWS)

    def _records(self, path: Path) -> Iterator[dict[str, Any]]:
        number = 0
        for batch in self._batches(path):
            for row in batch.to_pylist():
                number += 1
                try:
                    yield _judged({n: nested(n, v) for n, v in row.items() if v is not None})
                except ValueError as error:
                    raise UsageError(f"{path}: row {number}: {error}") from None


class Arrow(Parquet):
    """An Arrow file, which Feather is too, with a column for each field of a line."""

    name = "arrow"
    suffix = ".arrow"
    _begins = (b"ARROW1",)

    def _writer(self, arrow: Any, stream: BinaryIO, schema: Any) -> Any:
        return arrow.ipc.new_file(stream, schema)

    def _names(self, path: Path) -> list[str]:
        with path.open("rb") as file:
            return list(_library("pyarrow").ipc.open_file(file).schema.names)

    def _batches(self, path: Path) -> Iterator[Any]:
        with path.open("rb") as stream:
            file = _library("pyarrow").ipc.open_file(stream)
            for at in range(file.num_record_batches):
                yield file.get_batch(at)


def _schema(arrow: Any) -> Any:
    fields = []
    for name, kind in COLUMNS.items():
        made = arrow.list_(arrow.float64()) if kind == "numbers" else getattr(arrow, _ARROW[kind])()
        fields.append((name, made))
    return arrow.schema(fields)


def _batch(arrow: Any, rows: Sequence[Mapping[str, Any]], schema: Any) -> Any:
    columns = [
        arrow.array([_typed(kind, row.get(name)) for row in rows], type=schema.field(name).type)
        for name, kind in COLUMNS.items()
    ]
    return arrow.record_batch(columns, schema=schema)


def _typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "json":
        return json.dumps(value, allow_nan=False)
    return float(value) if kind == "number" else value


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        how = installing.install("ttc-cli[arrow]")
        raise UsageError(
            f"Parquet and Arrow need pyarrow; {how}; --format jsonl and csv need nothing"
        ) from None
