"""Parquet, Arrow files and streams, and Feather, read with pyarrow batch by batch."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any, BinaryIO

from ttc.errors import UsageError
from ttc.formats.files.streams import seekable, shell_name
from ttc.jsonl import Line
from ttc.plugins.installing import install

_ROWS = 1024  # of a batch
_CONTINUES = b"\xff\xff\xff\xff"


class Parquet:
    """Parquet, as the Hugging Face Hub and pandas write it."""

    name = "parquet"
    suffixes: tuple[str, ...] = (".parquet", ".pq")

    def holds_records(self, head: bytes) -> bool:
        """Return whether it begins as Parquet does."""
        return head[:4] == b"PAR1"

    def records(self, stream: BinaryIO, place: str) -> Iterator[Line]:
        """Yield the rows with their numbers. UsageError if they cannot be read."""
        parquet = _pyarrow("pyarrow.parquet", place)
        with _Reading(place):
            file = parquet.ParquetFile(seekable(stream))
            columns = file.schema_arrow
        return _lines(file.iter_batches(batch_size=_ROWS), columns, place)


class Arrow:
    """Arrow: a file, a stream (as datasets saves it), or Feather."""

    name = "arrow"
    suffixes: tuple[str, ...] = (".arrow", ".feather", ".ipc")

    def holds_records(self, head: bytes) -> bool:
        """Return whether it begins as a file, a stream or Feather does."""
        # A stream begins with the size of its schema, which is far less than 16 MiB.
        stream = head[:4] == _CONTINUES and head[7:8] == b"\0" and head[4:7] != b"\0\0\0"
        return head[:6] == b"ARROW1" or head[:4] == b"FEA1" or stream

    def records(self, stream: BinaryIO, place: str) -> Iterator[Line]:
        """Yield the rows with their numbers. UsageError if they cannot be read."""
        arrow = _pyarrow("pyarrow", place)
        with _Reading(place):
            whole = seekable(stream)
            magic = whole.read(6)
            whole.seek(0)
            if magic[:4] == b"FEA1":
                table = import_module("pyarrow.feather").read_table(whole)
                return _lines(iter(table.to_batches(_ROWS)), table.schema, place)
            if magic == b"ARROW1":
                file = arrow.ipc.open_file(whole)
                batches = (file.get_batch(at) for at in range(file.num_record_batches))
                return _lines(batches, file.schema, place)
            reader = arrow.ipc.open_stream(whole)
            return _lines(iter(reader), reader.schema, place)


class _Reading:
    """Turns the errors of pyarrow into a UsageError that names the place."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Raise a UsageError for an error of pyarrow."""
        arrow = import_module("pyarrow")
        if isinstance(error, (arrow.ArrowException, OSError, ValueError)):
            why = " ".join(str(error).split())
            raise UsageError(f"{self.place}: cannot be read ({why})") from None


def _pyarrow(module: str, place: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise UsageError(
            f"{place}: Parquet and Arrow need a package: {install('ttc-cli[arrow]')}; or convert "
            f"it: `duckdb -json -c \"from '{shell_name(place)}'\" | ttc sample -`"
        ) from None


def _lines(batches: Iterator[Any], schema: Any, place: str) -> Iterator[Line]:
    """Yield the rows of batches."""
    with _Reading(place):
        names = list(schema.names)
        odd = [field.name for field in schema if not _is_plain(field.type)]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"{place}: two columns are called {repeated[0]!r}; rename one")
    number = 0
    while True:
        with _Reading(place):
            batch = next(batches, None)
            if batch is not None:
                batch.validate(full=True)  # what is damaged may point outside of the memory
        if batch is None:
            return
        for start in range(0, batch.num_rows, _ROWS):
            with _Reading(place):
                records = batch.slice(start, _ROWS).to_pylist()
            for record in records:
                number += 1
                for name in odd:
                    record[name] = plain(record[name])
                yield Line(f"{place}:row {number}", record)


def _is_plain(kind: Any) -> bool:
    """Return whether the values of a type are JSON already."""
    types = import_module("pyarrow").types
    if types.is_list(kind) or types.is_large_list(kind):
        return _is_plain(kind.value_type)
    if types.is_struct(kind):
        return all(_is_plain(kind.field(at).type) for at in range(kind.num_fields))
    tests = (types.is_string, types.is_large_string, types.is_integer, types.is_boolean)
    return any(test(kind) for test in tests)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: times as ISO 8601, decimals and bytes as text, NaN as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        pairs = value and all(isinstance(each, tuple) and len(each) == 2 for each in value)
        return plain(dict(value)) if pairs else [plain(each) for each in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, timedelta)):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return _text(bytes(value))
    if value is None or isinstance(value, (str, int)):
        return value
    if hasattr(value, "tolist"):  # an array
        return plain(value.tolist())
    return f"<{type(value).__name__}>"  # an image or a sound, which nothing here reads


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()
