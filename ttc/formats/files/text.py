"""Plain text: each line that is not blank is a question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from ttc import jsonl
from ttc.formats.files.json_lines import Raw, raw_lines, text_of
from ttc.jsonl import Line, PlainLine


class Text:
    """Plain lines: each is a question."""

    name = "text"
    suffixes: tuple[str, ...] = (".txt", ".text", ".lst")

    def holds_records(self, head: bytes) -> bool:
        """Return False: what looks like text may be anything; its name or the user says it."""
        return False

    def records(self, stream: BinaryIO, place: str) -> Iterator[Line]:
        """Yield a record `{"question": …}` for each line; after a BadLineError the next call goes
        on."""
        return map(_question, raw_lines(stream, place))


class Questions(Text):
    """Lines that are each a question or, if they begin with a brace, a JSON object."""

    def records(self, stream: BinaryIO, place: str) -> Iterator[Line]:
        """Yield a record for each line; after a BadLineError the next call goes on."""
        return map(_either, raw_lines(stream, place))


def _question(raw: Raw) -> PlainLine:
    return PlainLine(raw[0], {"question": text_of(raw)})


def _either(raw: Raw) -> Line:
    text = text_of(raw)
    if text.startswith("{"):
        return Line(raw[0], jsonl.parse(text, raw[0]))
    return PlainLine(raw[0], {"question": text})
