"""Tables with types: lines of ttc as Parquet and Arrow, read and written with pyarrow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from ttc.errors import UsageError
from ttc.exchange.columns import COLUMNS, judged, nested, read
from ttc.exchange.lines import TOOL, Lacks, record_of
from ttc.formats import Draw
from ttc.plugins import installing

_ROWS = 1000  # of a batch
_ARROW = {
    "text": "string",
    "integer": "int64",
    "number": "float64",
    "boolean": "bool_",
    "json": "string",
}


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
        yield from read(self._records(path), path, options)

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
                    yield judged({n: nested(n, v) for n, v in row.items() if v is not None})
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
