"""Giving the space of removed rows back to the disk."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ttc.errors import StoreError
from ttc.messages.counts import size
from ttc.store import integrity, runs
from ttc.store.database import open_writer
from ttc.store.lock import WriteLock
from ttc.store.sql import translated

_READERS = 1000  # milliseconds to wait for those that read the old pages


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """The bytes of a store before and after; `later` if its file shrinks only once other programs
    that read it have ended."""

    before: int
    after: int
    later: bool = False


def vacuum(path: Path) -> Vacuumed:
    """Write the store anew without the space of removed rows, completely or not at all.

    Readers go on reading. StoreError if a run draws into it, or the disk has no room for a second
    copy and its log.
    """
    if not path.exists():
        raise StoreError(f"{path}: no store there yet; ttc sample creates one")
    with contextlib.ExitStack() as stack:
        stack.enter_context(translated(path))
        lock = stack.enter_context(contextlib.closing(WriteLock(path)))
        connection = stack.enter_context(contextlib.closing(open_writer(path, lock)))
        with lock:
            for run in runs.under_way(connection):
                if runs.alive(run) and run["pid"] != os.getpid():
                    raise StoreError(
                        f"{path}: pid {run['pid']} is drawing into {run['pool']}; vacuum when it "
                        "has ended"
                    )
            before = path.stat().st_size
            _check_room(path, before)
            connection.execute("VACUUM")
            connection.execute(f"PRAGMA busy_timeout = {_READERS}")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            after = path.stat().st_size
    integrity.remember_state(path)
    return Vacuumed(before, after, bool(busy))


def _check_room(path: Path, before: int) -> None:
    """Raise StoreError if there is no room for the copy and the log that SQLite makes."""
    folder = Path(os.path.realpath(path)).parent
    free, need = shutil.disk_usage(folder).free, 2 * before
    if free < need:
        raise StoreError(
            f"{path}: needs {size(need)} of free disk in {folder} for a moment, and there are "
            f"{size(free)}; free some, or write a copy elsewhere: ttc db backup FILE"
        )
