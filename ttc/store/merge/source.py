"""Opens a store to merge from: checked, never written, and migrated only in a copy."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ttc.errors import StoreError, UsageError
from ttc.store.database import (
    NewerStoreError,
    OlderStoreError,
    copied,
    in_use,
    open_reader,
    open_writer,
)
from ttc.store.integrity import faults
from ttc.store.lock import WriteLock
from ttc.store.sql import translated


def check(path: Path, target: Path) -> None:
    """Raise UsageError if the path is no file or is the target, StoreError if it is not a store
    that this ttc can read."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file; name the stores to merge")
    if target.exists() and path.samefile(target):
        raise UsageError(f"{path}: is the store to merge into; name the others only")
    with _as_source(path), contextlib.suppress(OlderStoreError):
        open_reader(path, alone=True).close()


@contextlib.contextmanager
def opened(path: Path, scratch: Path) -> Iterator[sqlite3.Connection]:
    """Open a store that was checked. If its schema is older, a copy in the folder `scratch` is
    migrated. StoreError if it is damaged."""
    with contextlib.ExitStack() as stack:
        with _as_source(path):
            try:
                connection = open_reader(path, alone=True)
            except OlderStoreError:
                folder = tempfile.TemporaryDirectory(prefix=".ttc-merge-", dir=scratch)
                copy = Path(stack.enter_context(folder)) / "copy.db"
                copied(path, copy, alone=True)
                with contextlib.closing(WriteLock(copy)) as lock:
                    open_writer(copy, lock).close()
                connection = open_reader(copy)
            stack.callback(connection.close)
            if found := faults(connection, path):
                raise StoreError(f"{path}: the store is damaged ({found[0]})")
        with translated(path), _unchanged(path):
            yield connection


@contextlib.contextmanager
def _unchanged(path: Path) -> Iterator[None]:
    """Raise StoreError if a store was written while it was read without a lock. A lock would leave
    SQLite's files beside the source."""

    def state() -> tuple[int, int, bool]:
        stat = path.stat()
        return stat.st_size, stat.st_mtime_ns, in_use(path)

    before = state()
    yield
    if not before[-1] and state() != before:
        raise StoreError(
            f"{path}: was written while it was merged; the merged rows are kept, run the same "
            "command again for the rest"
        )


@contextlib.contextmanager
def _as_source(path: Path) -> Iterator[None]:
    """Replace the remedy of an error, which is about opening a store, by one about merging it."""
    try:
        yield
    except OlderStoreError:
        raise
    except NewerStoreError as error:
        raise StoreError(f"{str(error).partition('; ')[0]}; upgrade ttc-cli to merge it") from error
    except StoreError as error:
        what = str(error).partition("; ")[0]
        raise StoreError(f"{what}; nothing of it was merged: leave it out") from error
