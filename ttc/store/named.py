"""Resolves a POOL|FILE|- argument: a file if there is one, else a pool of the store."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from ttc.errors import StoreError, UsageError
from ttc.messages import notes
from ttc.messages.near import did_you_mean
from ttc.records import Problem
from ttc.store import Store, names, pools, samples
from ttc.store.database import open_any
from ttc.store.pools import Pool


def is_file(source: str, database: Path) -> bool:
    """Return whether the argument names a file: it exists and is not a folder, or it is a dataset
    of Hugging Face.

    A note is printed if the store has a pool of the same name, which is not read then.
    """
    from ttc.formats import files  # not for commands that take pools only

    if files.is_hub(source):
        return True
    if not names.is_file(source):
        return False
    with suppress(StoreError, sqlite3.Error):
        if database.exists():
            with closing(open_any(database)[0]) as connection:
                if pools.find(connection, source) is not None:
                    notes.put(
                        f"{source}: reading the file, not the pool of this name; to read the pool, "
                        f"rename it: ttc mv {source} OTHER"
                    )
    return True


def store_with(database: Path, source: str) -> Path:
    """Return the path of the store that should have a pool. UsageError if there is no store."""
    if not database.exists():
        raise UsageError(f"{names.abridged(source)}: no such file, and no store yet at {database}")
    return database


def pool_named(store: Store, source: str) -> Pool:
    """Return the pool of this name, where a file was meant too. UsageError, with a near name, if
    there is none."""
    missing = "{}: no such file and no such pool; "
    if os.path.isdir(source):
        missing = "{}: a folder, and no such pool; name the files in it; "
    return _found(store.reader, source, missing)


def find_pool(connection: sqlite3.Connection, name: str) -> Pool:
    """Return the pool of this name. UsageError, with a near name, if there is none."""
    missing = "no pool {!r}; "
    if os.path.isfile(name):
        missing += "that is a file (ttc import FILE --pool NAME makes a pool of a log); "
    return _found(connection, name, missing)


def _found(connection: sqlite3.Connection, name: str, missing: str) -> Pool:
    pool = pools.find(connection, name)
    if pool is not None:
        return pool
    what = missing.format(names.abridged(name))
    if (why := names.why_not(name)) is not None and not any(mark in name for mark in "*?["):
        raise UsageError(f"{what}{why}")
    known = pools.names(connection)
    raise UsageError(
        what + did_you_mean(name, known, "ttc ls lists them"),
        python=what + did_you_mean(name, known, "ttc.pools() lists them"),
    )


def find_pools(connection: sqlite3.Connection, wanted: Sequence[str]) -> list[Pool]:
    """Return the pools of these names, each once; a name with wildcards that no pool has stands
    for all that match it. UsageError, with a near name, for one that stands for none."""
    known = pools.names(connection)
    chosen: dict[str, None] = {}
    for name in wanted:
        wild = any(mark in name for mark in "*?[") and name not in known
        found = [each for each in known if fnmatchcase(each, name)] if wild else [name]
        if wild and not found:
            raise UsageError(f"{name}: no pool matches it; ttc ls lists them")
        chosen |= dict.fromkeys(found)
    return [find_pool(connection, name) for name in chosen]


def problem_named(connection: sqlite3.Connection, pool: Pool, name: str) -> Problem:
    """Return the problem of this name as the model saw it. UsageError, with a near name, if the
    pool has none."""
    found = samples.problem_of(connection, pool, name)
    if found is not None:
        return found
    what = f"{pool.name} has no problem {names.abridged(name)!r}; "
    known = pools.problem_names(connection, pool)
    raise UsageError(
        what + did_you_mean(name, known, f"ttc show {names.abridged(pool.name)} lists them"),
        python=what + did_you_mean(name, known, "its .problems lists them"),
    )
