"""Strict JSON lines: every error names its file and line.

Accepted: UTF-8 with or without a byte order mark, LF or CRLF, gzip (recognised by its first
bytes), blank lines. Refused, although Python's json accepts them: duplicate keys and NaN.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias, cast

from ttc.errors import UsageError

# A file, `-` for standard input, or the records themselves.
Source: TypeAlias = "str | Sequence[Mapping[str, Any]]"

GZIP_MAGIC = b"\x1f\x8b"


class Line(NamedTuple):
    """A record and its place (`file:line`)."""

    place: str
    record: dict[str, Any]


class BadLineError(UsageError):
    """A malformed line; `--skip-bad` counts these and skips them."""


def _open(source: str) -> BinaryIO:
    if source == "-":
        if sys.stdin is None:
            raise UsageError("-: standard input is closed; pipe JSON lines into it")
        stream = cast(io.BufferedReader, getattr(sys.stdin, "buffer", sys.stdin))
        if sys.stdin.isatty():
            raise UsageError("-: standard input is a terminal; pipe JSON lines into it")
    else:
        try:
            stream = Path(source).open("rb")  # noqa: SIM115 (the caller closes it)
        except OSError as error:
            raise UsageError(f"{source}: {error.strerror or error}") from None
    buffered = stream if hasattr(stream, "peek") else io.BufferedReader(cast(io.RawIOBase, stream))
    if buffered.peek(2)[:2] == GZIP_MAGIC:
        return cast(BinaryIO, gzip.GzipFile(fileobj=buffered))
    return cast(BinaryIO, buffered)


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice!r} occurs twice")
    return record


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is too large for a float")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON; write null")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant, parse_float=_finite
)

_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def parse(text: str, place: str) -> dict[str, Any]:
    """Parse one JSON object strictly; BadLineError names the place and the reason."""
    try:
        value = _STRICT.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadLineError(f"{place}: half a surrogate pair, which is not valid Unicode") from None
    except json.JSONDecodeError as error:
        raise BadLineError(
            f"{place}: not valid JSON ({error.msg} at column {error.colno})"
        ) from None
    except (ValueError, RecursionError) as error:
        raise BadLineError(f"{place}: {error}") from None
    if isinstance(value, list):
        raise BadLineError(
            f"{place}: a JSON array, not an object; split it into lines with jq -c '.[]'"
        )
    if not isinstance(value, dict):
        raise BadLineError(f"{place}: a JSON object is needed, not {text[:20]!r}")
    return value


def object_at(text: str, at: int) -> tuple[dict[str, Any], int]:
    """Return the strict JSON object that begins at `at`, and where it ends; ValueError if none."""
    found, end = _STRICT.raw_decode(text, at)
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    return found, end


class _Raw(NamedTuple):
    place: str
    offset: int
    data: bytes


def _raw_lines(source: str) -> Iterator[_Raw]:
    name = "<stdin>" if source == "-" else source
    number = offset = 0
    with nullcontext(_open(source)) if source == "-" else _open(source) as stream:
        try:
            for data in stream:
                number += 1
                if data.strip():
                    yield _Raw(f"{name}:{number}", offset, data)
                offset += len(data)
        except (gzip.BadGzipFile, EOFError, zlib.error, OSError) as error:
            raise UsageError(f"{name}:{number + 1}: cannot be read ({error})") from None


def _text(raw: _Raw) -> str:
    data = raw.data.removeprefix(b"\xef\xbb\xbf") if raw.offset == 0 else raw.data
    try:
        return data.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        at = raw.offset + len(raw.data) - len(data) + error.start
        raise BadLineError(
            f"{raw.place}: byte 0x{data[error.start]:02x} at offset {at} is not UTF-8; "
            "convert the file with iconv"
        ) from None


def text_lines(source: str) -> Iterator[tuple[str, str]]:
    """Yield the place (`file:line`) and text of each non-blank line; `-` is standard input."""
    for raw in _raw_lines(source):
        if text := _text(raw):
            yield raw.place, text


def read(source: Source, skipped: list[str] | None = None) -> Iterator[Line]:
    """Yield the records of a file, of standard input (`-`) or of a list, with their places.

    With `skipped`, errors of malformed lines are appended there instead of raising BadLineError.
    """
    lines: Iterable[_Raw | tuple[int, Mapping[str, Any]]]
    lines = _raw_lines(source) if isinstance(source, str) else enumerate(source)
    for each in lines:
        try:
            line = _line(each) if isinstance(each, _Raw) else _given(*each)
            if line is not None:
                yield line
        except BadLineError as error:
            if skipped is None:
                raise
            skipped.append(str(error))


def _line(raw: _Raw) -> Line | None:
    text = _text(raw)
    return Line(raw.place, parse(text, raw.place)) if text else None


def _given(at: int, record: Mapping[str, Any]) -> Line:
    """Return a record of a list as a line, checked like one of a file."""
    place = f"record {at}"
    try:
        text = json.dumps(record)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadLineError(f"{place}: cannot be written as JSON ({error})") from None
    return Line(place, parse(text, place))


def dump(record: dict[str, Any]) -> str:
    """Return a record as one JSON line without its newline, in ASCII (safe in any locale)."""
    return _COMPACT.encode(record)
