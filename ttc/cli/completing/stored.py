"""Names in the store, read without waiting: a store that is locked or missing has none."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

# More than a shell would list without asking.
_MOST = 200


def pools(store: Path, typed: str) -> list[str]:
    """Return the names of pools that begin with a text."""
    where = "SELECT name FROM pools WHERE name >= ? AND substr(name, 1, ?) = ? ORDER BY name"
    return _read(store, where, typed, len(typed), typed)


def problems(store: Path, pool: str, typed: str) -> list[str]:
    """Return the names of a pool's problems that begin with a text."""
    where = (
        "SELECT name FROM problems WHERE pool_id = (SELECT id FROM pools WHERE name = ?) "
        "AND name >= ? AND substr(name, 1, ?) = ? ORDER BY name"
    )
    return _read(store, where, pool, typed, len(typed), typed)


def draws(store: Path, pool: str, problem: str) -> list[str]:
    """Return the indices of a problem's draws."""
    where = (
        "SELECT draw FROM samples WHERE request_id = (SELECT request_id FROM problems "
        "WHERE pool_id = (SELECT id FROM pools WHERE name = ?) AND name = ?) ORDER BY draw"
    )
    return _read(store, where, pool, problem)


def _read(store: Path, sql: str, *values: Any) -> list[str]:
    if not store.is_file():
        return []
    real = Path(os.path.realpath(store))
    # Without a write-ahead log nobody has the store open: it is read without a lock, and no file
    # is left beside it.
    how = "mode=ro" if real.with_name(f"{real.name}-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{real.as_uri()}?{how}", uri=True, timeout=0)) as connection:
            return [str(row[0]) for row in connection.execute(f"{sql} LIMIT {_MOST}", values)]
    except sqlite3.Error:
        return []
