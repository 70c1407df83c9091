"""Full-text search over the texts of all samples.

The index is a file beside the store, so that neither the store's schema nor its writer knows of
it; it can be deleted at any time. It has no copies of the texts. Each search first adds the samples
that are new; where samples were removed since, it is made anew.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttc.errors import StoreError, UsageError
from ttc.messages.counts import some
from ttc.store import Store
from ttc.store.named import find_pool
from ttc.store.sql import one, rows

BATCH = 5000
BEFORE, WIDTH = 30, 100  # characters of an excerpt before the word, and in all
_VERSION = 1
_TABLES = """
DROP TABLE IF EXISTS texts;
DROP TABLE IF EXISTS state;
CREATE VIRTUAL TABLE texts USING fts5(text, content='');
CREATE TABLE state (version INTEGER, last INTEGER, count INTEGER, mark TEXT);
"""
# What tells a sample from one that got its row id after it was removed.
_MARK = (
    "SELECT key || ' ' || draw || ' ' || created FROM samples "
    "JOIN requests ON requests.id = request_id WHERE samples.id = ?"
)
_FOUND = """
SELECT pools.name AS pool, problems.name AS problem, samples.draw AS "index", samples.text
FROM searched.texts AS texts CROSS JOIN samples ON samples.id = texts.rowid
  CROSS JOIN problems ON problems.request_id = samples.request_id
  CROSS JOIN pools ON pools.id = problems.pool_id
WHERE texts MATCH :words AND (:pool IS NULL OR pools.name = :pool)
ORDER BY texts.rank LIMIT :limit
"""


@dataclass(slots=True)
class State:
    """How far an index goes: the last row id, how many samples, and the mark of the last."""

    last: int = 0
    count: int = 0
    mark: str | None = None


def beside(path: Path) -> Path:
    """Return the path of the index of a store."""
    real = Path(os.path.realpath(path))
    return real.with_name(f"{real.name}.search")


def search(store: Store, text: str, pool: str | None, limit: int) -> list[dict[str, Any]]:
    """Return the samples that have all words of a text, the best first, with an excerpt of each.

    `"…"` is a phrase, `word*` the beginning of a word. UsageError for a text without words, or a
    pool that is not there. The index is read as it is: `update` it first.
    """
    if pool is not None:
        find_pool(store.reader, pool)
    words = _words(text)
    index = beside(store.path).as_uri()
    store.reader.execute("ATTACH ? AS searched", (f"{index}?mode=ro",))
    try:
        given = {"words": words, "pool": pool, "limit": limit}
        found = list(rows(store.reader, _FOUND, given))
    finally:
        store.reader.execute("DETACH searched")
    return [{**row, "excerpt": excerpt(row["text"], words)} for row in found]


def _words(text: str) -> str:
    """Return a query for FTS5 in which no word is an operator."""
    found = re.findall(r'"[^"]*"?\*?|[^\s"]+', text)
    quoted = []
    for each in found:
        bare = each.strip('"*').replace('"', "")
        if re.search(r"\w", bare):
            quoted.append(f'"{bare}"' + "*" * each.endswith("*"))
    if not quoted:
        raise UsageError(f"{text!r}: there is no word in it to search for")
    return " ".join(quoted)


def excerpt(text: str, words: str) -> str:
    """Return the part of a text around the first of the words, on one line."""
    line = " ".join(text.split())
    parts = [re.escape(word) for word in re.findall(r"\w+", words)]
    found = re.search("|".join(parts), line, re.IGNORECASE)
    start = max(0, found.start() - BEFORE) if found else 0
    start = 0 if start < BEFORE // 3 else start
    piece = line[start : start + WIDTH]
    return ("…" if start else "") + piece + ("…" if start + WIDTH < len(line) else "")


def update(store: Store, say: Callable[[str], None], *, rebuild: bool = False) -> None:
    """Bring the index up to date; say what that takes, if it is much. StoreError if the file
    cannot be written, UsageError if this SQLite has no FTS5."""
    path = beside(store.path)
    with _writable(path) as index:
        state = None if rebuild else _state(index)
        if state is not None and not _holds(store.reader, state):
            say(f"{path}: samples were removed since; making the index anew")
            state = None
        total = _count(store.reader)
        todo = total - (state.count if state else 0)
        if todo > BATCH:
            say(
                f"{path}: adding {some(todo, 'sample', grouped=True)} to the index, "
                f"{'' if state else 'once; '}later searches only add what is new"
            )
        if state is None:
            index.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} INSERT INTO state VALUES "
                f"({_VERSION}, 0, 0, NULL); COMMIT;"
            )
        while _add(store.reader, index):
            pass


def _add(reader: sqlite3.Connection, index: sqlite3.Connection) -> int:
    """Add the next samples; return how many. Another process may add some at the same time."""
    index.execute("BEGIN IMMEDIATE")
    try:
        state = _state(index) or State()
        sql = "SELECT id, text FROM samples WHERE id > ? ORDER BY id LIMIT ?"
        found = reader.execute(sql, (state.last, BATCH)).fetchall()
        if found:
            index.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", found)
            last = found[-1][0]
            mark = one(reader, _MARK, last)
            index.execute(
                "UPDATE state SET last = ?, count = ?, mark = ?",
                (last, state.count + len(found), mark[0] if mark else None),
            )
        index.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            index.execute("ROLLBACK")
        raise
    return len(found)


def _state(index: sqlite3.Connection) -> State | None:
    """Return how far an index goes; None if there is none, or one of another version."""
    try:
        row = one(index, "SELECT version, last, count, mark FROM state")
    except sqlite3.DatabaseError:
        return None
    return State(*row[1:]) if row is not None and row[0] == _VERSION else None


def _holds(reader: sqlite3.Connection, state: State) -> bool:
    """Return whether all samples of an index are still those of the store."""
    mark = one(reader, _MARK, state.last)
    later = one(reader, "SELECT count(*) FROM samples WHERE id > ?", state.last)
    indexed = _count(reader) - (later[0] if later else 0)
    return (mark[0] if mark else None) == state.mark and indexed == state.count


def _count(reader: sqlite3.Connection) -> int:
    found = one(reader, "SELECT coalesce(sum(samples), 0) FROM request_counts")
    return int(found[0]) if found else 0


@contextlib.contextmanager
def _writable(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an index for writing; one that is damaged is deleted and begun anew."""
    try:
        with contextlib.closing(_connected(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        text = str(error)
        if "no such module" in text:
            why = "this Python's SQLite has no full-text search (FTS5)"
            raise UsageError(f"{why}; ttc db query with LIKE searches without it") from error
        if "full" in text:
            raise StoreError(f"{path}: the disk is full; free space and search again") from error
        raise StoreError(
            f"{path}: the search index cannot be used ({text}); delete this file, it is made anew"
        ) from error


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError as error:
        connection.close()
        if "not a database" not in str(error) and "malformed" not in str(error):
            raise
        path.unlink()
        return sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection
