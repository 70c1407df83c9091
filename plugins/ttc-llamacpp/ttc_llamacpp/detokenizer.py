"""Incremental detokenization: a draw's text from the bytes of its tokens, and its stop strings."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class Detokenizer:
    """The bytes so far. A token may hold part of a character, and a stop string may span tokens."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._data = bytearray()
        self._stops = [(stop.encode(), stop) for stop in stops]
        self._reach = max((len(stop) for stop, _ in self._stops), default=1) - 1

    def add(self, piece: bytes) -> str | None:
        """Append a token's bytes; return the stop string that fired, after cutting the text before
        it.

        Of several stop strings that are complete now, the one that begins first fires.
        """
        # The text before holds no whole stop string, so a new one ends within this piece.
        start = max(len(self._data) - self._reach, 0)
        self._data += piece
        found = [(self._data.find(data, start), stop) for data, stop in self._stops]
        at, stop = min(((at, stop) for at, stop in found if at >= 0), default=(-1, None))
        if stop is not None:
            del self._data[at:]
        return stop

    def read(self, *, ended: bool) -> str:
        """Return the text; invalid UTF-8 becomes U+FFFD.

        A character that was incomplete when the draw was cut off (not `ended`) is left out.
        """
        return codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self._data), ended)
