"""Counts the tokens of thoughts, from the texts of a draw's tokens."""

from __future__ import annotations

import codecs
from bisect import bisect_left
from collections.abc import Callable, Iterable

from ttc.answers import thinking


def thought_tokens(pieces: Iterable[bytes], before: str = "") -> int:
    """Return how many tokens of a draw belong to its thoughts, without the marks around these.

    `pieces` are the bytes of each token in order, empty for one that shows no text. `before` is
    what the model continued from inside the answer: the mark that the prompt opened a thought
    with, and the beginning of an answer that was given.

    A token belongs to what its first character belongs to.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    parts, starts, length = [before], list[int](), len(before)
    for piece in pieces:
        starts.append(length)
        part = decoder.decode(piece)
        parts.append(part)
        length += len(part)
    parts.append(decoder.decode(b"", True))
    spans = thinking.read("".join(parts)).spans
    return sum(bisect_left(starts, end) - bisect_left(starts, start) for start, end in spans)


def thought_tokens_by_text(count: int, text: Callable[[int], str], before: str = "") -> int:
    """Return the number of `thought_tokens` of `count` tokens, where `text(i)` decodes the first i.

    It decodes a number of times that grows with the logarithm of `count`, and once if there is no
    thought.
    """
    spans = thinking.read(before + text(count)).spans

    def start(index: int) -> int:
        # A character that later tokens complete is decoded as U+FFFD until then.
        return len(before) + len(text(index).rstrip("\ufffd"))

    def first(position: int) -> int:
        return bisect_left(range(count), position, key=start)

    return sum(first(end) - first(begin) for begin, end in spans)
