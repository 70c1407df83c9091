"""Strict JSON: records with their places, which every error names.

Refused, although Python's json accepts them: duplicate keys, NaN, and half of a surrogate pair.
Files are read by `ttc.formats.files`.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from ttc.errors import UsageError

# A file, `-` for standard input, `hf:OWNER/NAME`, or the records themselves.
Source: TypeAlias = "str | Sequence[Mapping[str, Any]]"


class Line(NamedTuple):
    """A record and its place (`file:line`)."""

    place: str
    record: dict[str, Any]


class PlainLine(Line):
    """A line of plain text, whose record is `{"question": …}`."""

    __slots__ = ()


class BadLineError(UsageError):
    """A malformed line; `--skip-bad` counts these and skips them."""


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
    way = ", as jq does" if name == "NaN" else ""
    raise ValueError(f"{name} is not JSON; write null{way}")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant, parse_float=_finite
)

_scan = _STRICT.raw_decode
_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def parse(text: str, place: str) -> dict[str, Any]:
    """Parse one JSON object strictly; BadLineError names the place and the reason."""
    text = text.strip()
    try:
        value, end = _scan(text, 0)
        if end != len(text):
            raise json.JSONDecodeError("Extra data", text, end)
        if "\\u" in text:
            _check_text(value)
    except json.JSONDecodeError as error:
        raise BadLineError(
            f"{place}: not valid JSON ({error.msg} at column {error.colno})"
        ) from None
    except RecursionError:
        raise BadLineError(f"{place}: nested too deeply") from None
    except ValueError as error:
        raise BadLineError(f"{place}: {error}") from None
    if isinstance(value, list):
        raise BadLineError(
            f"{place}: a JSON array, not an object; split it into lines with jq -c '.[]'"
        )
    if not isinstance(value, dict):
        raise BadLineError(f"{place}: a JSON object is needed, not {text[:20]!r}")
    return value


def _check_text(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair, which is not valid Unicode") from None


def value_at(text: str, at: int) -> tuple[Any, int]:
    """Return the strict JSON value that begins at `at`, and where it ends; ValueError if none."""
    try:
        value, end = _scan(text, at)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if text.find("\\u", at, end) >= 0:
        _check_text(value)
    return value, end


def object_at(text: str, at: int) -> tuple[dict[str, Any], int]:
    """Return the strict JSON object that begins at `at`, and where it ends; ValueError if none."""
    found, end = _scan(text, at)
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    return found, end


def dump(record: dict[str, Any]) -> str:
    """Return a record as one JSON line without its newline, in ASCII (safe in any locale)."""
    return _COMPACT.encode(record)
