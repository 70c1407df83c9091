"""Questions in SQL: one statement that reads, with a time limit, and errors in a line."""

from __future__ import annotations

import re
import signal
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlite_utils import Database

from ttc.errors import Stopped, StoreError, UsageError
from ttc.store import Store

_STEPS = 10_000  # of SQLite's virtual machine, between two looks at the clock
# What a statement may do: read columns and call functions. VACUUM INTO would write, and counts as
# attaching a file.
_READS = (
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
)
# Pragmas that read, whatever their argument is.
_PRAGMAS = (
    *("table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo"),
    *("foreign_key_list", "database_list", "compile_options", "function_list"),
    *("page_count", "page_size", "freelist_count"),
)
_MISSING = re.compile(r"no such (column|table): (?:\w+\.)?(\S+)")
_NEAR = re.compile(r'near "(.*)": syntax error', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """The columns of a result, each name once, and its rows."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


@contextmanager
def asked(
    store: Store, sql: str, given: Mapping[str, str], seconds: float | None
) -> Iterator[Answer]:
    """Run a statement on an open store, with the values of its parameters.

    UsageError for wrong SQL, for a statement that writes, for a parameter without a value or a
    value without a parameter, and if it takes longer than `seconds`. Stopped at Ctrl-C.
    """
    connection = store.reader
    until = None if seconds is None else time.monotonic() + seconds
    connection.set_progress_handler(lambda: until is not None and time.monotonic() > until, _STEPS)
    connection.set_authorizer(_allowed)
    try:
        _check_names(sql, given)
        cursor = Database(connection, recursive_triggers=False).execute(sql, dict(given))
        if cursor.description is None:
            raise UsageError("this statement gives no rows; ttc db query takes a SELECT")
        yield Answer(_distinct([column[0] for column in cursor.description]), iter(cursor))
    except (sqlite3.Error, sqlite3.Warning) as error:
        late = until is not None and time.monotonic() > until
        raise _explained(connection, sql, error, seconds if late else None) from error
    finally:
        connection.set_authorizer(_anything)
        connection.set_progress_handler(None, 0)


def _allowed(action: int, first: str | None, second: str | None, *_: object) -> int:
    reads = action in _READS and second != "load_extension"
    reads |= action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _PRAGMAS
    return sqlite3.SQLITE_OK if reads else sqlite3.SQLITE_DENY


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Return the names of columns, with _2, _3, … where a name comes again."""
    found: list[str] = []
    for name in names:
        number, other = 1, name
        while other in found:
            number += 1
            other = f"{name}_{number}"
        found.append(other)
    return tuple(found)


def _check_names(sql: str, given: Mapping[str, str]) -> None:
    """Raise UsageError for a value of a parameter that the statement does not have."""
    for name in given:
        if not re.search(rf"[:@$]{re.escape(name)}\b", sql):
            raise UsageError(f"a value is given for {name}, but the query has no :{name}")


def _explained(
    connection: sqlite3.Connection, sql: str, error: Exception, seconds: float | None
) -> BaseException:
    text = " ".join(str(error).split())
    if "interrupted" in text:
        if seconds is None:
            return Stopped(signal.SIGINT)
        return UsageError(
            f"the query took longer than {seconds:g} s and was ended; filter by pool, or give it "
            "longer with --max-time"
        )
    if "authoriz" in text or "prohibited" in text or "readonly" in text:
        return UsageError(
            "ttc db query only reads, and this statement does more; ttc rm and ttc mv change pools"
        )
    if "binding" in text and (name := re.search(r":(\w+)", text)):
        return UsageError(f"the query needs a value for :{name[1]}: `-p {name[1]}=VALUE`")
    if "one statement" in text:
        return UsageError("ttc db query takes one statement, and there are several")
    if "malformed" in text or "not a database" in text:
        return StoreError(f"the store is damaged ({text}); ttc db check lists what is")
    return UsageError(f"{text}{_hint(connection, sql, text)}")


def _hint(connection: sqlite3.Connection, sql: str, text: str) -> str:
    """Return what may have been meant by a name, or where a syntax error is."""
    if found := _MISSING.search(text):
        kind, name = found[1], found[2].rpartition(".")[2]
        known = _names(connection)[kind]
        near = get_close_matches(name.lower(), known, n=1)
        return f"; did you mean {near[0]}?" if near else "; ttc db tables and ttc db views list all"
    if (found := _NEAR.search(text)) and sql.count(found[1]) == 1:
        return f" at column {sql.index(found[1]) + 1}"
    return ""


def _anything(*asked: object) -> int:
    """Allow a statement all it does. None in its place forbids everything in Python 3.10."""
    return sqlite3.SQLITE_OK


def _names(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Return the names of tables and views, and those of their columns."""
    connection.set_authorizer(_anything)
    connection.set_progress_handler(None, 0)
    database = Database(connection, recursive_triggers=False)
    tables = [*database.table_names(), *database.view_names()]
    columns = {column.name for table in tables for column in database[table].columns}
    return {"table": tables, "column": sorted(columns)}


def tables(store: Store) -> list[dict[str, Any]]:
    """Return the tables of a store: name, number of rows, and columns."""
    database = Database(store.reader, recursive_triggers=False)
    return [
        {
            "table": name,
            "rows": database[name].count,
            "columns": [column.name for column in database[name].columns],
        }
        for name in database.table_names()
    ]


def views(store: Store) -> list[dict[str, Any]]:
    """Return the views of a store: name and columns."""
    database = Database(store.reader, recursive_triggers=False)
    return [
        {"view": name, "columns": [column.name for column in database[name].columns]}
        for name in database.view_names()
    ]
