"""Removing pools: all of those that are named, or none."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from ttc.errors import StoreError
from ttc.store import integrity, named, pools, runs
from ttc.store.database import open_any, open_writer
from ttc.store.lock import WriteLock
from ttc.store.pools import Pool
from ttc.store.sql import one, translated
from ttc.store.upkeep.rows import CANCELLED, Removed, delete, measured


def remove(path: Path, names: Sequence[str]) -> Removed:
    """Remove pools from a store, all or none. UsageError for a name that stands for no pool,
    StoreError if another process draws into one of them."""
    with alone(path) as connection:
        chosen = named.find_pools(connection, names)
        for pool in chosen:
            check_idle(connection, pool, "remove")
        return delete(connection, chosen)


def check_idle(connection: sqlite3.Connection, pool: Pool, verb: str) -> None:
    """Raise StoreError if another process is drawing into a pool."""
    if (run := runs.live(connection, pool.id)) is not None:
        raise StoreError(
            f"{pool.name}: pid {run['pid']} on {run['host']} is drawing into this pool "
            f"({run['command']}); end it or wait for it, then {verb} the pool"
        )


def drop_empty(path: Path, pool_id: int) -> bool:
    """Remove a pool that a failed run left without a sample; return whether it was.

    A pool stays if a cancelled draw has cost something, or another process draws into it. Attempts
    that failed stay with their requests, for the next run that asks the same. If the
    name has other pools, the run is recorded for the oldest of them (`runs.dropped`), so that a
    gate still sees that the last run of the name drew nothing.
    """
    with contextlib.closing(open_any(path)[0]) as connection, translated(path):
        if _holds(connection, pool_id):  # the usual case, which needs no lock
            return False
    with alone(path) as connection:
        row = one(connection, "SELECT name FROM pools WHERE id = ?", pool_id)
        pool = None if row is None else pools.find(connection, row[0])
        if pool is None or runs.live(connection, pool_id) is not None:
            return False
        found = measured(connection, [pool])
        if found.samples or found.traces or found.shared or one(connection, CANCELLED):
            return False
        others = [each for each in pools.siblings(connection, pool.base) if each != pool]
        if others:
            connection.execute(
                "UPDATE runs SET pool_id = ?, dropped = ? WHERE pool_id = ?",
                (others[0].id, pool.name, pool.id),
            )
        delete(connection, [pool], attempts=False)
    return True


def _holds(connection: sqlite3.Connection, pool_id: int) -> bool:
    """Return whether a pool has a sample, of its own or one that other pools have too."""
    sql = "SELECT 1 FROM problems JOIN request_counts USING (request_id) "
    return one(connection, f"{sql}WHERE pool_id = ? AND samples > 0 LIMIT 1", pool_id) is not None


@contextlib.contextmanager
def alone(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the write lock and one transaction; roll back if the block raises.

    Foreign keys are not enforced: without an index on each of them, SQLite would read whole tables
    for each row. StoreError as for any writer, and if there is no store.
    """
    if not path.exists():
        raise StoreError(f"{path}: no store there yet; ttc sample creates one")
    with translated(path), contextlib.closing(WriteLock(path)) as lock:
        with contextlib.closing(open_writer(path, lock)) as connection, lock:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            with contextlib.suppress(sqlite3.Error):
                connection.execute("PRAGMA busy_timeout = 0")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        integrity.remember_state(path)
