"""SQLite databases: stores of ttc, and others."""

from __future__ import annotations

import contextlib
import shlex
import sqlite3
from pathlib import Path


def answer(path: Path | None, file: str) -> str:
    """Return what a database is, and the command that reads it."""
    tables, pools = _tables(path)
    if "pools" in tables and "samples" in tables:
        pool = shlex.quote(pools[0]) if pools else "POOL"
        listed = f"`ttc ls --db {file}` lists its pools"
        return f"a store of ttc: `ttc export --db {file} {pool}` ({listed})"
    table = tables[0] if tables else "TABLE"
    query = shlex.quote(f'select * from "{table}"')
    more = f" (its tables: {', '.join(tables)})" if len(tables) > 1 else ""
    return f"an SQLite database: `sqlite3 -json {file} {query} | ttc sample -`{more}"


def _tables(path: Path | None) -> tuple[list[str], list[str]]:
    """Return the names of the tables of a database, and those of its pools if it is a store."""
    if path is None:
        return [], []
    named = "select name from sqlite_master where type = 'table' and name not like 'sqlite%'"
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        ) as db:
            tables = [str(row[0]) for row in db.execute(named)]
            stored = {"pools", "samples"} <= set(tables)
            pools = db.execute("select name from pools order by rowid desc") if stored else []
            return tables, [str(row[0]) for row in pools]
    except sqlite3.Error:
        return [], []
