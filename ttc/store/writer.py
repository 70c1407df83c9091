"""The writer thread: runs queued work in transactions and acknowledges it once committed.

All work that was queued during one transaction goes into the next. So samples of a slow engine are
committed at once, and a fast engine gets thousands of commits a second. No transaction waits for a
model.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ttc.errors import StoreError
from ttc.store import integrity
from ttc.store.database import open_writer
from ttc.store.lock import WriteLock
from ttc.store.presence import Presence
from ttc.store.sql import explain, translated

Work = Callable[[sqlite3.Connection], Any]

FREE_SPACE = 200_000_000
BATCH = 1000
CHECKPOINT_EVERY = 5000  # rows; some 15 MB of write-ahead log


class Writer:
    """Runs functions of a connection, in order and in transactions, in its own thread."""

    def __init__(self, path: Path, on_failure: Callable[[], None] | None = None) -> None:
        self._path = path
        self._on_failure = on_failure
        with translated(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = WriteLock(path)
        try:
            self._connection = open_writer(path, self._lock)
        except BaseException:
            self._lock.close()
            raise
        self._presence = Presence(path)
        self._queue: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._since_checkpoint = 0
        self._thread = threading.Thread(target=self._run, name="ttc-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> Future[Any]:
        """Queue work for the next transaction; the future is done once that is committed.

        Nothing is written after a failure: raises the error that stopped the writer.
        """
        if self._failure is not None:
            raise self._failure
        future: Future[Any] = Future()
        self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Commit queued work, checkpoint and close. Raises the error that stopped the writer."""
        self._queue.put(None)
        self._thread.join()
        try:
            self._close()
        finally:
            self._presence.close()
        if self._failure is not None:
            raise self._failure
        integrity.remember_state(self._path)

    def _close(self) -> None:
        if self._failure is None:
            try:
                self._presence.check(self._save)
            except StoreError as error:
                self._failure = error
        with contextlib.suppress(sqlite3.Error, StoreError), self._lock:
            # The store is then one file, unless a reader still uses the log.
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.close()
        self._connection.close()
        self._lock.close()

    def _run(self) -> None:
        ending = False
        while not ending:
            batch = [self._queue.get()]
            with contextlib.suppress(queue.Empty):
                while len(batch) < BATCH:
                    batch.append(self._queue.get_nowait())
            ending = None in batch
            work = [item for item in batch if item is not None]
            if work:
                self._commit(work)

    def _commit(self, batch: list[tuple[Work, Future[Any]]]) -> None:
        """Run a batch in one transaction. If a function raises, only its own work is undone."""
        results: list[tuple[Future[Any], Any, Exception | None]] = []
        try:
            if self._failure is not None:
                raise self._failure
            self._presence.check(self._save)
            self._check_space()
            with self._lock:
                before = self._connection.total_changes
                self._connection.execute("BEGIN IMMEDIATE")
                for work, future in batch:
                    results.append((future, *self._attempt(work)))
                self._connection.execute("COMMIT")
                self._since_checkpoint += self._connection.total_changes - before
                if self._since_checkpoint > CHECKPOINT_EVERY:
                    self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                    self._since_checkpoint = 0
            self._presence.check(self._save)
        except (sqlite3.Error, StoreError, OSError) as error:
            self._fail(error, [future for _, future in batch])
            return
        for future, value, problem in results:
            if problem is not None:
                future.set_exception(problem)
            else:
                future.set_result(value)

    def _attempt(self, work: Work) -> tuple[Any, Exception | None]:
        self._connection.execute("SAVEPOINT work")
        try:
            value = work(self._connection)
        except sqlite3.Error as error:
            # These two concern the file (full, damaged, locked), the others only this work.
            if type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError):
                raise
            problem: Exception = error
        except Exception as error:  # noqa: BLE001 (passed on to the caller by the future)
            problem = error
        else:
            self._connection.execute("RELEASE work")
            return value, None
        self._connection.execute("ROLLBACK TO work")
        self._connection.execute("RELEASE work")
        return None, problem

    def _check_space(self) -> None:
        if shutil.disk_usage(Path(os.path.realpath(self._path)).parent).free < FREE_SPACE:
            raise StoreError(
                f"{self._path}: less than {FREE_SPACE // 1_000_000} MB of disk are free; make "
                "room and run the same command again (all samples drawn so far are kept)"
            )

    def _save(self) -> bool:
        """Write the log into the database file that is open; return whether all of it was."""
        with contextlib.suppress(sqlite3.Error, StoreError, OSError), self._lock:
            busy, pages, done = self._connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
            return not busy and pages == done
        return False

    def _fail(self, error: BaseException, waiting: list[Future[Any]]) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        failure = explain(error, self._path) if isinstance(error, sqlite3.Error) else error
        first = self._failure is None
        self._failure = self._failure or failure
        for future in waiting:
            if not future.done():
                future.set_exception(failure)
        if first and self._on_failure is not None:
            self._on_failure()
