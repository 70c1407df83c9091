"""The JSON objects of an answer's body, told by its bytes and not by its content type.

A body is a stream of server-sent events, JSON lines, or one JSON document, and proxies label each
of them as they like. Bytes go in as they come, in pieces of any size; objects come out.

Lines end at LF or CRLF: U+2028, U+2029, NEL, VT and FF inside a string are text, and Python's
`splitlines` (which HTTP libraries use for lines) would cut it there. Where events are no JSON when
read so, a lone CR is taken as the end of a line too, as the specification of events has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

_BOM = b"\xef\xbb\xbf"
# Far beyond any event; what has no end is not read into memory until there is none left.
_LONGEST = 64 << 20
_FIELDS = (b"data", b"event", b"id", b"retry")


class MalformedError(Exception):
    """The answer is not what the protocol says; `text` is what came instead."""

    def __init__(self, why: str, text: str = "") -> None:
        super().__init__(why)
        self.text = text


class EventParser:
    """Reads a body. `{}` stands for the end that a stream tells of (`[DONE]`)."""

    def __init__(self) -> None:
        self._begun = self._found = False
        self._line = bytearray()
        self._searched = self._held = 0
        # The data lines of the event that is being read; and lines that belong to no event, which
        # are the whole body where it has none.
        self._data: list[bytes] = []
        self._loose: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[Json]:
        """Take a piece of the body and yield what it completes. MalformedError."""
        self._line += data
        self._held += len(data)
        if not self._begun:
            if len(self._line) < len(_BOM) and _BOM.startswith(self._line):
                return
            self._begun = True
            if self._line.startswith(_BOM):
                del self._line[: len(_BOM)]
        while (end := self._line.find(b"\n", self._searched)) >= 0:
            line = bytes(self._line[:end])
            del self._line[: end + 1]
            self._searched = 0
            yield from self._take(line.removesuffix(b"\r"))
        # A line that comes in many pieces is searched once, in linear time.
        self._searched = len(self._line)
        if self._held > _LONGEST:
            raise MalformedError(f"an event of more than {_LONGEST >> 20} MiB")

    def end(self) -> Iterator[Json]:
        """Yield what the end of the body completes. MalformedError."""
        line = bytes(self._line)
        self._line.clear()
        if line:
            yield from self._take(line.removesuffix(b"\r"))
        yield from self._dispatch()
        loose = b"\n".join(self._loose).strip()
        # Beside events, lines that are no fields are to be ignored; not so broken JSON.
        if loose and (not self._found or loose[:1] in b"{["):
            yield from objects(loose)

    def _take(self, line: bytes) -> Iterator[Json]:
        """Take a line without its end."""
        name, _, value = line.partition(b":")
        if b"\r" in line and _parsed(value if name == b"data" else line) is None:
            for part in line.split(b"\r"):
                yield from self._take(part)
        elif not line:
            yield from self._dispatch()
        elif name == b"data":
            yield from self._datum(value)
        elif line[:1] in b"{[" and not self._loose and (found := _parsed(line)) is not None:
            yield from self._emit(found)
        elif name and name not in _FIELDS:
            self._loose.append(line)

    def _datum(self, value: bytes) -> Iterator[Json]:
        # Most events are one line, and some servers leave out the blank one that ends them.
        found = None if self._data else _parsed(value)
        if found is None:
            self._data.append(value.removeprefix(b" "))
        else:
            yield from self._emit(found)

    def _dispatch(self) -> Iterator[Json]:
        data = b"\n".join(self._data).strip()
        self._data.clear()
        # `data: : PROCESSING` is a comment that a proxy has wrapped.
        yield from self._emit(objects(data) if data and not data.startswith(b":") else [])

    def _emit(self, found: list[Json]) -> list[Json]:
        self._found |= bool(found)
        self._held = len(self._line)
        return found


def _parsed(data: bytes) -> list[Json] | None:
    """Return the objects of a text, None if it is no JSON by itself."""
    try:
        return objects(data)
    except MalformedError:
        return None


def objects(data: bytes) -> list[Json]:
    """Return a JSON object, or those of an array, as a list. MalformedError if it is neither."""
    text = data.decode("utf-8", "replace").strip()
    if text.strip('"').upper() == "[DONE]":
        return [{}]
    try:
        # Not strict: some servers leave control characters in strings as they are.
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise MalformedError(f"malformed JSON: {text[:60]!r}", text) from None
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise MalformedError(f"not a JSON object: {text[:60]!r}")
    return rows
