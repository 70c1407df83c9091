"""Helpers for queries: rows as dicts, the time, storable text, SQLite's errors as StoreErrors."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ttc.errors import StoreError

# The joins to samples: from request keys, and from the problems of pools.
SAMPLES_BY_KEY = "requests JOIN samples ON request_id = requests.id"
SAMPLES_OF_POOLS = "problems JOIN samples USING (request_id)"

_IO = re.compile("disk I/O error|unable to open")
_SURROGATES = re.compile("[\ud800-\udfff]")


def rows(
    connection: sqlite3.Connection, sql: str, params: Sequence[Any] | dict[str, Any] = ()
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a query as dicts."""
    cursor = connection.execute(sql, params)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def now() -> str:
    """Return the current time as stored: UTC, ISO 8601, milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def storable(text: str) -> str:
    """Replace lone surrogates, which neither SQLite nor UTF-8 can hold, by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)


def one(connection: sqlite3.Connection, sql: str, *params: Any) -> tuple[Any, ...] | None:
    """Return the first row of a query, or None."""
    found: tuple[Any, ...] | None = connection.execute(sql, params).fetchone()
    return found


def insert(
    connection: sqlite3.Connection, table: str, row: dict[str, Any], *, ignore: bool = False
) -> None:
    """Insert a row, given as a dict; with `ignore`, a row that exists already is kept."""
    how = "INSERT OR IGNORE" if ignore else "INSERT"
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"{how} INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the StoreError for an SQLite error: one line with the remedy."""
    text = str(error)
    if "not a database" in text:
        return StoreError(f"{path}: not a SQLite database; choose another with --db")
    if "malformed" in text or "corrupt" in text:
        return StoreError(
            f"{path}: the store is damaged ({text}); restore a backup, or start another with --db"
        )
    if "full" in text or (_IO.search(text) and _no_space(path)):
        return StoreError(f"{path}: the disk is full; free space and run the same command again")
    if "locked" in text or "busy" in text:
        return StoreError(f"{path}: the store is locked by another program; try again later")
    if "FOREIGN KEY" in text:
        return StoreError(
            f"{path}: rows that this run needs were removed meanwhile (ttc rm); run the same "
            "command again"
        )
    return StoreError(f"{path}: {text}; --db names another store")


def _no_space(path: Path) -> bool:
    """Return whether the disk is full, which SQLite may report as another I/O error."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(path.parent).free < 1 << 16
    return False


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite and the file system into StoreErrors."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; --db names another store") from error
