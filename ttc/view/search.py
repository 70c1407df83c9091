"""Search: which draws and problems have a text in them, and the part of a text to show.

The texts stay in the store. What a search found is remembered while the pool does not change, so
that a filter or another page of it costs nothing; a longer text is searched where a part of it was.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import numpy as np

from ttc.store import columns
from ttc.view.library import Library, Shelf
from ttc.view.table import Mask

EXCERPT = 160  # characters
BEFORE = 50  # of them before what was searched for
NEAR = 2000  # characters of which an excerpt is made: white space is joined
COUNTED = 1 << 20  # characters of a text in which matches are counted


def draws(library: Library, reader: sqlite3.Connection, shelf: Shelf, needle: str) -> Mask:
    """Return which draws of a pool have a text in theirs, in any case."""

    def find() -> Mask:
        found = columns.matching(reader, shelf.pool, needle)
        return np.isin(shelf.table.draws.sample, np.array(found, dtype=np.int64))

    return library.remembered(("search", shelf.pool.id, needle), shelf.table.serial, find)


def problems(reader: sqlite3.Connection, shelf: Shelf, needle: str) -> Mask:
    """Return which problems of a pool have a text in their id or question, in any case."""
    found = columns.matching_problems(reader, shelf.pool, needle)
    return np.isin(shelf.table.rows, np.array(found, dtype=np.int64))


def shown(text: str, needle: str) -> dict[str, Any]:
    """Return an excerpt of a text on one line: around the first match, or its end.

    With a search, `matches` is the number of matches.
    """
    if not needle:
        return {"excerpt": _cut(text[-NEAR:], len(text) > NEAR)}
    places = re.compile(re.escape(needle), re.IGNORECASE)
    first = places.search(text)
    if first is None:
        return {"excerpt": _cut(text[-NEAR:], len(text) > NEAR), "matches": 0}
    begin = max(0, first.start() - BEFORE)
    line = " ".join(text[begin : first.start() + NEAR].split())
    lead = "…" if first.start() > BEFORE else ""
    count = sum(1 for _ in places.finditer(text[:COUNTED]))
    piece = line[:EXCERPT]
    return {"excerpt": lead + piece + ("…" if len(line) > EXCERPT else ""), "matches": count}


def _cut(end: str, longer: bool) -> str:
    line = " ".join(end.split())
    if len(line) <= EXCERPT and not longer:
        return line
    return "…" + line[-EXCERPT:]
