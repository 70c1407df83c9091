"""Sets of characters as sorted ranges of code points, and how GBNF writes them.

Surrogates are in no set, since UTF-8 has none, and neither is NUL, which ends a text in C.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Ranges = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
EVERY: Final[Ranges] = ((0x1, 0xD7FF), (0xE000, LAST))


def ranges(parts: Iterable[tuple[int, int]]) -> Ranges:
    """Return the union of inclusive ranges, without what UTF-8 cannot hold."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(parts):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return common(tuple(found), EVERY)


def common(first: Ranges, second: Ranges) -> Ranges:
    """Return the intersection of two sets."""
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(first) and j < len(second):
        low, high = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if low <= high:
            found.append((low, high))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def without(first: Ranges, second: Ranges) -> Ranges:
    """Return the characters of the first set that are not in the second."""
    gaps, start = list[tuple[int, int]](), 0
    for low, high in second:
        if start < low:
            gaps.append((start, low - 1))
        start = high + 1
    return common(first, (*gaps, (start, LAST)) if start <= LAST else tuple(gaps))


def union(sets: Iterable[Ranges]) -> Ranges:
    """Return the union of sets."""
    return ranges(part for each in sets for part in each)


def of(text: str) -> Ranges:
    """Return the set of the characters of a text."""
    return ranges((ord(char), ord(char)) for char in text)


def holds(among: Ranges, code: int) -> bool:
    """Return whether a code point is in a set."""
    return any(low <= code <= high for low, high in among)


def in_class(code: int) -> str:
    """Return a code point as GBNF writes it in a class or a literal."""
    if code < 0x80 and (chr(code).isalnum() or chr(code) in " _,:;=+*?.(){}<>|/!#$%&'@`~"):
        return chr(code)
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def gbnf(among: Ranges) -> str:
    """Return a non-empty set as a class of GBNF."""
    parts = []
    for low, high in among:
        parts.append(in_class(low))
        if high > low:
            parts.append(("" if high == low + 1 else "-") + in_class(high))
    return f"[{''.join(parts)}]"


def literal(text: str) -> str:
    """Return a text as a literal of GBNF."""
    return '"' + "".join(in_class(ord(char)) for char in text) + '"'
