"""Small things every query needs: rows as dicts, the time, text that SQLite can hold."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

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
    """Return the time as stored: UTC, ISO 8601, milliseconds."""
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
    """Insert a row by the names of its columns; with `ignore` one that is there stays."""
    how = "INSERT OR IGNORE" if ignore else "INSERT"
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"{how} INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))
