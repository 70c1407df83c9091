"""The store as the page reads it: never older than the last commit, and read once per change.

A pool is read into a `Table` (`ttc.view.table`) when it is first asked for, and again once it has
changed. SQLite tells cheaply whether anything was committed (`PRAGMA data_version`); if so, a few
counts and the time of the latest verdict tell whether it was in this pool. One that takes over a
second to read is read again no sooner than after four times as long, 30 seconds at most.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ttc.errors import StoreError, UsageError
from ttc.outcomes.verifier_choice import choose_verifier
from ttc.store import Store, pools
from ttc.store.database import open_reader
from ttc.store.named import find_pool
from ttc.store.pools import Pool
from ttc.store.sql import translated
from ttc.store.verifiers import verifiers_of
from ttc.view import table
from ttc.view.memory import Memory
from ttc.view.parameters import UnknownError
from ttc.view.table import Table
from ttc.view.verifiers import Judge, Judges, judges_of

T = TypeVar("T")

TABLES = 4  # pools that stay in memory, each with one verifier
RESULTS = 32  # curves, comparisons and searches that are remembered
STATES = 1000  # pools of which it is known when they changed last


@dataclass(frozen=True, slots=True)
class Shelf:
    """A pool with its verifiers and the one that counts, as they are now, in memory."""

    pool: Pool
    judges: Judges
    judge: Judge | None
    table: Table


class Library:
    """A store, read by several threads; never written to.

    `names` are the pools to show, none for all; `verifier` is the -V of the command line.
    With `still`, a pool that was read is not read again, as an export needs it.
    UsageError for a pool that is not there, StoreError for a store that cannot be read.
    """

    def __init__(
        self,
        path: Path,
        names: Sequence[str] = (),
        verifier: str | None = None,
        *,
        still: bool = False,
    ) -> None:
        self.path = path
        self.names = tuple(dict.fromkeys(names))
        self.verifier = verifier
        self.still = still
        self._lock = threading.RLock()
        self._file: tuple[int, int] | None = None
        self._idle: list[sqlite3.Connection] = []
        self._watch: sqlite3.Connection | None = None
        self._tables, self._results = Memory(TABLES), Memory(RESULTS)
        self._states = Memory(STATES)
        Store.reading(path).close()  # checks the file, and migrates an older one
        with self.reading() as reader:
            shown = [find_pool(reader, name) for name in self.names] or self.pools(reader)
            if verifier is not None and shown:
                _check_verifier(reader, shown, verifier)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to the file that is at the path now."""
        with translated(self.path):
            file = self._current()
            with self._lock:
                reader = self._idle.pop() if self._idle else None
            if reader is None:
                reader = open_reader(self.path, checked=True, threads=True)
            try:
                yield reader
            finally:
                with self._lock:
                    if file == self._file:
                        self._idle.append(reader)
                    else:
                        reader.close()

    def _current(self) -> tuple[int, int]:
        """Return the identity of the file; forget what was read if another one is there now."""
        found = _identity(self.path)
        if found is None:
            raise StoreError(
                f"{self.path}: the store was deleted or moved; start ttc view again with --db"
            )
        with self._lock:
            if found != self._file:
                self.close()
                self._file = found
        return found

    def close(self) -> None:
        """Close all connections that are not in use, and forget what was read."""
        with self._lock:
            for reader in (*self._idle, *([] if self._watch is None else [self._watch])):
                reader.close()
            self._idle.clear()
            self._watch, self._file = None, None
            for kept in (self._tables, self._results, self._states):
                kept.clear()

    def pools(self, reader: sqlite3.Connection) -> list[Pool]:
        """Return the pools to show, oldest first, or in the order in which they were named."""
        found = (pools.find(reader, name) for name in self.names or pools.names(reader))
        return [pool for pool in found if pool is not None]  # one may have been removed

    def pool(self, reader: sqlite3.Connection, name: str) -> Pool:
        """Return the pool of a name. UnknownError, with near names, if there is none."""
        try:
            return find_pool(reader, name)
        except UsageError as error:
            raise UnknownError(str(error)) from None

    def judges(self, reader: sqlite3.Connection, pool: Pool) -> Judges:
        """Return the verifiers of a pool."""
        return judges_of(reader, pool, self.verifier)

    def shelf(self, reader: sqlite3.Connection, name: str, label: str | None = None) -> Shelf:
        """Return a pool in memory, with the verdicts of the verifier of a label (None: the one that
        counts by default)."""
        pool = self.pool(reader, name)
        state = self.state(reader, pool)
        judges = self.remembered(("judges", pool.id), state, lambda: self.judges(reader, pool))
        judge = judges.named(label, pool.name)
        row = None if judge is None else judge.row
        before: Table | None = self._tables.last((pool.id, row))
        if before is not None and before.pool == pool and before.lasts(time.monotonic()):
            return Shelf(pool, judges, judge, before)
        held = self._tables.get(
            (pool.id, row), state, lambda: table.read(reader, pool, row, judges.compared)
        )
        return Shelf(pool, judges, judge, held)

    def outdated(self, reader: sqlite3.Connection, shelf: Shelf) -> bool:
        """Return whether a pool has changed since it was read."""
        state, row = self.state(reader, shelf.pool), shelf.judge and shelf.judge.row
        return not self._tables.holds((shelf.pool.id, row), state)

    def state(self, reader: sqlite3.Connection, pool: Pool) -> Hashable:
        """Return what changes if anything that the page shows of a pool does."""
        version = 0 if self.still else self._version()
        return self._states.get(pool.id, (version, pool.name), lambda: _state(reader, pool))

    def _version(self) -> int:
        """Return a number that changes with each commit to the store."""
        with self._lock:
            if self._watch is None:
                self._watch = open_reader(self.path, checked=True, threads=True)
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def remembered(self, key: Hashable, state: Hashable, compute: Callable[[], T]) -> T:
        """Return what was computed under this key, unless the state has changed since."""
        return self._results.get(key, state, compute)


def _check_verifier(reader: sqlite3.Connection, shown: Sequence[Pool], verifier: str) -> None:
    """Raise UsageError if none of the pools has verdicts by a verifier."""
    wrong = []
    for pool in shown:
        try:
            choose_verifier(verifiers_of(reader, pool), verifier, pool.name)
        except UsageError as error:
            wrong.append(error)
    if len(wrong) == len(shown):
        raise wrong[0]


_STATE = """
SELECT
  (SELECT count(*) || ' ' || coalesce(max(id), 0) FROM problems WHERE pool_id = :pool),
  (SELECT group_concat(reference_id || tags) FROM problems WHERE pool_id = :pool),
  (SELECT sum(samples) FROM problems JOIN request_counts USING (request_id)
    WHERE pool_id = :pool),
  (SELECT count(*) || ' ' || coalesce(max(attempts.id), 0) FROM problems
    JOIN attempts USING (request_id) WHERE pool_id = :pool),
  (SELECT count(*) || ' ' || coalesce(max(verdicts.created), '') FROM problems
    JOIN samples USING (request_id) JOIN verdicts ON sample_id = samples.id
    WHERE pool_id = :pool),
  (SELECT max(samples.id) FROM problems JOIN samples USING (request_id) WHERE pool_id = :pool)
"""


def _state(reader: sqlite3.Connection, pool: Pool) -> tuple[Any, ...]:
    found = reader.execute(_STATE, {"pool": pool.id}).fetchone()
    return (pool.name, found[0], hash(found[1]), *found[2:])


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
