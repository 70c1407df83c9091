"""The store: one SQLite file with every sample. It is the record, not a cache.

`Store` opens it. `pools`, `samples`, `verdicts` and `runs` have the queries, as functions of a
connection: to read, pass `store.reader`; to write, pass the function to `store.write`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from ttc.errors import StoreError
from ttc.store import runs
from ttc.store.database import OlderStoreError, open_reader
from ttc.store.sql import explain, translated
from ttc.store.writer import Writer

T = TypeVar("T")


class Store:
    """An open store. Use `reading` or `writing` to make one, and `close` or `with` to close it."""

    def __init__(self, path: Path, writer: Writer | None) -> None:
        self.path = path
        self.writer = writer
        self._lost: BaseException | None = None
        self.reader: sqlite3.Connection = open_reader(path, checked=writer is not None)

    @classmethod
    def reading(cls, path: Path) -> Store:
        """Open for reading; StoreError if there is no store at the path."""
        try:
            return cls(path, None)
        except OlderStoreError:
            Writer(path).close()
            return cls(path, None)

    @classmethod
    def writing(cls, path: Path, on_failure: Callable[[], None] | None = None) -> Store:
        """Open for writing; creates or migrates the file. `on_failure` is called once, from the
        writer's thread, if writing fails."""
        writer = Writer(path, on_failure)
        try:
            return cls(path, writer)
        except BaseException:
            writer.close()
            raise

    def submit(self, work: Callable[[sqlite3.Connection], Any]) -> Future[Any]:
        """Queue work for the next transaction; the future is done once that is committed.

        The future may be ignored: an exception of the work is raised again by the next `write` or
        by `close`.
        """
        future = self._queued(work)
        future.add_done_callback(self._note)
        return future

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work in a transaction; return its result once it is committed."""
        result: T = self._queued(work).result()
        self._raise_lost()
        return result

    def lose(self, error: BaseException) -> None:
        """Store an error of the writer's thread: the next `write` or `close` raises it."""
        self._lost = self._lost or error

    def _queued(self, work: Callable[[sqlite3.Connection], Any]) -> Future[Any]:
        if self.writer is None:
            raise StoreError(f"{self.path}: opened for reading only")
        return self.writer.submit(work)

    def _note(self, done: Future[Any]) -> None:
        if (error := done.exception()) is not None:
            self.lose(error)

    def _raise_lost(self) -> None:
        lost, self._lost = self._lost, None
        if lost is not None:
            raise lost

    def recover(self) -> list[str]:
        """Check the file if runs were killed, and close these runs; return one line for each.

        StoreError if the file is damaged.
        """
        killed = runs.unclean(self.reader)
        if not killed:
            return []
        with translated(self.path):
            found = self.reader.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(
                f"{self.path}: the store is damaged ({found}); restore a backup, or start another "
                "with --db"
            )

        def close_them(connection: sqlite3.Connection) -> None:
            for run in killed:
                runs.end(connection, run["id"])

        self.write(close_them)
        return [
            f"{run['pool']}: the run of {run['started'][:19]} was cut off; the store is intact and "
            "all samples drawn so far are kept"
            for run in killed
        ]

    def close(self) -> None:
        """Close the store. Raises if the last writes failed."""
        self.reader.close()
        if self.writer is not None:
            self.writer.close()
        self._raise_lost()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self.close()
            return
        # Report the first failure, not what follows from it. A signal is not a failure, but may
        # hide one.
        with contextlib.suppress(*([StoreError] if isinstance(error, Exception) else [])):
            self.close()
        if isinstance(error, sqlite3.Error):
            raise explain(error, self.path) from error
