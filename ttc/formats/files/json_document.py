"""JSON in one document, over several lines or not: an array, an object, or several behind each
other, as jq prints them or with RS between them (application/json-seq)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO

from ttc import jsonl
from ttc.errors import UsageError
from ttc.formats.files import layouts
from ttc.formats.files.json_lines import BOM, is_object, parsed, raw_lines
from ttc.jsonl import Line

_BETWEEN = " \t\r\n\x1e"
_STARTS = b'{["]-0123456789tfn'


class JsonDocument:
    """One JSON document: an array, an object with a list in it, or a record. `named` are fields of
    records that the user named."""

    name = "json"
    suffixes: tuple[str, ...] = (".json",)

    def __init__(self, named: frozenset[str] = frozenset()) -> None:
        self.named = named

    def holds_records(self, head: bytes) -> bool:
        """Return whether it begins with an object, an array or RS."""
        text = head.removeprefix(BOM).lstrip()
        if text[:1] != b"[":
            return text[:1] in (b"{", b"\x1e")
        inside = text[1:].lstrip()
        return not inside or inside[0] in _STARTS

    def records(self, stream: BinaryIO, place: str) -> Iterator[Line]:
        """Return the records; UsageError if it is not valid JSON, with the line."""
        data = stream.read()
        text = decoded(data, place)
        try:
            values = _values(text, place)
        except json.JSONDecodeError as error:
            # JSON lines, of which the first is broken?
            if any(is_object(each) for each in data.split(b"\n")[1:] if each[:1] == b"{"):
                return map(parsed, raw_lines(BytesIO(data), place))
            raise UsageError(
                f"{place}:{error.lineno}: not valid JSON ({error.msg} at column {error.colno})"
            ) from None
        if len(values) == 1 and not text.lstrip(_BETWEEN).startswith("["):
            return layouts.lines_of(values[0][1], place, self.named)
        return layouts.items(values)


def decoded(data: bytes, place: str) -> str:
    """Return UTF-8 as text. UsageError names the byte that is none."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{place}: byte 0x{data[error.start]:02x} at offset {error.start} is not UTF-8; "
            "convert the file with iconv"
        ) from None


def _values(text: str, place: str) -> list[tuple[str, Any]]:
    """Return the values of an array, or those that stand behind each other, with their places: the
    line, or the number of a value that does not begin a line of its own."""
    found: list[tuple[str, Any]] = []
    at = _skip(text, 0)
    array = text[at : at + 1] == "["
    line = counted = last = 0
    # Values behind each other may have commas between them, as lines cut out of an array do.
    between = _BETWEEN if array else f"{_BETWEEN},"
    at = _skip(text, at + array)
    while at < len(text) and not (array and text[at] == "]"):
        line += text.count("\n", counted, at)
        counted = at
        where = f"{place}:{line + 1}" if line >= last or not found else f"{place}:[{len(found)}]"
        last = line + 1
        try:
            value, end = jsonl.value_at(text, at)
        except json.JSONDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{where}: {error}") from None
        found.append((where, value))
        at = _skip(text, end, between)
        if array and text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif array and text[at : at + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    if array and (rest := _skip(text, at + 1)) < len(text):
        raise json.JSONDecodeError("Extra data", text, rest)
    return found


def _skip(text: str, at: int, between: str = _BETWEEN) -> int:
    while text[at : at + 1] and text[at] in between:
        at += 1
    return at
