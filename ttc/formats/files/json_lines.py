"""Strict JSON lines.

Accepted: UTF-8 with or without a byte order mark, LF or CRLF, blank lines. Refused, although
Python's json accepts them: duplicate keys and NaN.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, TypeAlias

from ttc import jsonl
from ttc.formats.files.layouts import holds_records, lines_of
from ttc.jsonl import BadLineError, Line

BOM = b"\xef\xbb\xbf"
_LOOKED_AT = 50  # lines


# The place of a line that is not blank, the offset of its first byte in the file, and the line.
Raw: TypeAlias = tuple[str, int, bytes]


class JsonLines:
    """JSON lines: one JSON object per line. `named` are fields of records that the user named."""

    name = "json-lines"
    suffixes: tuple[str, ...] = (".jsonl", ".ndjson", ".jsonlines")

    def __init__(self, named: frozenset[str] = frozenset()) -> None:
        self.named = named

    def holds_records(self, head: bytes) -> bool:
        """Return whether the first line is an object, or one of the next behind a bad one."""
        text = head.removeprefix(BOM).lstrip()
        first, newline, rest = text.partition(b"\n")
        if text.startswith(b"{"):
            return is_object(first) if newline else not _goes_on(text)
        if text[:1] in b"[\x1e":
            return False
        # The last line of the head may be cut.
        lines = rest.split(b"\n", _LOOKED_AT)
        return any(each.startswith(b"{") and is_object(each) for each in lines)

    def records(self, stream: BinaryIO, place: str) -> Iterator[Line]:
        """Yield the records with their places (`file:line`); after a BadLineError the next call
        goes on. A single line that holds a list of records is read as those."""
        lines = raw_lines(stream, place)
        first = next(lines, None)
        if first is not None and may_hold_records(first[2]):
            second = next(lines, None)
            if second is None:
                return lines_of(parsed(first).record, place, self.named)
            return map(parsed, chain((first, second), lines))
        return map(parsed, chain(() if first is None else (first,), lines))


def is_object(line: bytes) -> bool:
    """Return whether a line is a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _goes_on(text: bytes) -> bool:
    """Return whether more stands behind an object on its line."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.msg == "Extra data"
    except (ValueError, RecursionError):
        pass
    return False


def may_hold_records(line: bytes) -> bool:
    """Return whether a line is an object that holds records, rather than being one."""
    try:
        return holds_records(json.loads(line))
    except (ValueError, RecursionError):
        return False


def raw_lines(stream: BinaryIO, place: str) -> Iterator[Raw]:
    """Yield the lines that are not blank, without the byte order mark."""
    offset = 0
    for number, data in enumerate(stream, 1):
        size = len(data)
        # Files that were put behind each other may each have a mark.
        if data.startswith(BOM):
            data, size, offset = data[len(BOM) :], size - len(BOM), offset + len(BOM)
        if data.strip():
            yield f"{place}:{number}", offset, data
        offset += size


def text_of(raw: Raw) -> str:
    """Return the text of a line; BadLineError if it is not UTF-8."""
    place, offset, data = raw
    try:
        return data.decode().strip()
    except UnicodeDecodeError as error:
        at = error.start
        raise BadLineError(
            f"{place}: byte 0x{data[at]:02x} at offset {offset + at} is not UTF-8; "
            "convert the file with iconv"
        ) from None


def parsed(raw: Raw) -> Line:
    """Return the record of a line; BadLineError if it is none."""
    place = raw[0]
    return Line(place, jsonl.parse(text_of(raw), place))
