"""Another store, opened to be read whole: checked first, never written, migrated as a copy."""

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
    """Raise UsageError for what is no file or the target itself, StoreError for what is no store
    that this ttc can read."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file; name the stores to merge")
    if target.exists() and path.samefile(target):
        raise UsageError(f"{path}: is the store to merge into; name the others only")
    with _as_source(path), contextlib.suppress(OlderStoreError):
        open_reader(path, alone=True).close()


@contextlib.contextmanager
def opened(path: Path, scratch: Path) -> Iterator[sqlite3.Connection]:
    """Open a store that was checked. One of an older schema is migrated as a copy, made in the
    folder `scratch`. StoreError if it is damaged."""
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
    """Raise StoreError if a store was written to while it was read without a lock: SQLite leaves
    files beside a store that it locks for reading, and a source is not ours to litter."""

    def state() -> tuple[int, int, bool]:
        told = path.stat()
        return told.st_size, told.st_mtime_ns, in_use(path)

    before = state()
    yield
    if not before[-1] and state() != before:
        raise StoreError(
            f"{path}: was written to while it was merged; what came is kept, and the same command "
            "brings the rest"
        )


@contextlib.contextmanager
def _as_source(path: Path) -> Iterator[None]:
    """Give errors the remedy of somebody who merges; that of opening a store is to use another."""
    try:
        yield
    except OlderStoreError:
        raise
    except NewerStoreError as error:
        raise StoreError(f"{str(error).partition('; ')[0]}; upgrade ttc-cli to merge it") from error
    except StoreError as error:
        what = str(error).partition("; ")[0]
        raise StoreError(f"{what}; nothing of it was merged: leave it out") from error
