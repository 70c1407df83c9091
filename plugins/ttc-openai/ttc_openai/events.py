"""Incremental parser of response bodies: bytes in, JSON objects out.

A body is a stream of server-sent events, JSON lines, or one JSON document. The content type is
ignored, since proxies set it as they like. Bytes come in pieces of any size.

Lines end at LF or CRLF. U+2028, U+2029, NEL, VT and FF inside a string are text; Python's
`splitlines` (which HTTP libraries use for lines) would split there. If a line is no JSON when read
so, a lone CR also ends a line, as in the specification of events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

_BOM = b"\xef\xbb\xbf"
# Far beyond any event; stops an endless one from filling the memory.
_LONGEST = 64 << 20
_FIELDS = (b"data", b"event", b"id", b"retry")


class MalformedError(Exception):
    """The response violates the protocol; `text` is what came instead."""

    def __init__(self, why: str, text: str = "") -> None:
        super().__init__(why)
        self.text = text


class EventParser:
    """The state of one body. `{}` stands for the end marker of a stream (`[DONE]`)."""

    def __init__(self) -> None:
        self._begun = self._found = False
        self._line = bytearray()
        self._searched = self._held = 0
        # The data lines of the current event; and lines that belong to no event, which are the
        # whole body if it has no events.
        self._data: list[bytes] = []
        self._loose: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[Json]:
        """Add bytes and yield the objects that they complete. Raises MalformedError."""
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
        # Continue the search here, so that a line in many pieces takes linear time.
        self._searched = len(self._line)
        if self._held > _LONGEST:
            raise MalformedError(f"an event of more than {_LONGEST >> 20} MiB")

    def end(self) -> Iterator[Json]:
        """Yield the objects that the end of the body completes. Raises MalformedError."""
        line = bytes(self._line)
        self._line.clear()
        if line:
            yield from self._take(line.removesuffix(b"\r"))
        yield from self._dispatch()
        loose = b"\n".join(self._loose).strip()
        # Beside events, unknown lines are ignored, but not broken JSON.
        if loose and (not self._found or loose[:1] in b"{["):
            yield from objects(loose)

    def _take(self, line: bytes) -> Iterator[Json]:
        """Process a line without its end."""
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
        # Most events are one line, and some servers omit the blank line that ends them.
        found = None if self._data else _parsed(value)
        if found is None:
            self._data.append(value.removeprefix(b" "))
        else:
            yield from self._emit(found)

    def _dispatch(self) -> Iterator[Json]:
        data = b"\n".join(self._data).strip()
        self._data.clear()
        # `data: : PROCESSING` is a comment that a proxy wrapped.
        yield from self._emit(objects(data) if data and not data.startswith(b":") else [])

    def _emit(self, found: list[Json]) -> list[Json]:
        self._found |= bool(found)
        self._held = len(self._line)
        return found


def _parsed(data: bytes) -> list[Json] | None:
    """Return the objects of a text, None if it is not JSON by itself."""
    try:
        return objects(data)
    except MalformedError:
        return None


def objects(data: bytes) -> list[Json]:
    """Return a JSON object, or those of an array, as a list. Raises MalformedError otherwise."""
    text = data.decode("utf-8", "replace").strip()
    if text.strip('"').upper() == "[DONE]":
        return [{}]
    try:
        # Not strict: some servers send raw control characters in strings.
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise MalformedError(f"malformed JSON: {text[:60]!r}", text) from None
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise MalformedError(f"not a JSON object: {text[:60]!r}")
    return rows
