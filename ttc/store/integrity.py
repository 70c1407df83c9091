"""Checks of a store for damage.

SQLite notices a damaged page only when it reads it, so rows can be written beside one for months.
A check reads the whole file, which takes too long for each command. So `check` reads it only if the
file has changed since ttc last closed or checked it; `faults` always reads and checks everything.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ttc import keys, paths
from ttc.errors import StoreError, TtcError
from ttc.store import counts
from ttc.store.sql import rows, translated

# `check` gives up after this time; `ttc db check` has no limit.
SECONDS = 10.0
FAULTS = 10  # the most that are reported of each kind
_COUNTED = "SELECT 1 FROM sqlite_master WHERE name = 'request_counts'"
_STEPS = 20_000  # of SQLite's virtual machine, between two looks at the clock


def check(connection: sqlite3.Connection, path: Path) -> bool:
    """Check a store if its file has changed. Return whether it is known to be undamaged.

    StoreError if it is damaged. Nothing is written to the store.
    """
    state = _state(path)
    if state is not None and state == _remembered(path):
        return True
    deadline = time.monotonic() + SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        with contextlib.suppress(OSError):
            _note(path).unlink()
        return False
    finally:
        connection.set_progress_handler(None, 0)
    if found != "ok":
        damage = " ".join(str(found).removeprefix("*** in database main ***").split())
        raise StoreError(
            f"{path}: the store is damaged ({damage}); restore a backup, or merge what can be read "
            f"into a new store: ttc db merge {path} --db OTHER"
        )
    _remember(path, state)
    return True


def faults(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Return all faults of a store, at most FAULTS of each kind: damaged pages, references to
    missing rows, digests of prompts and draws that do not match, and counts that are wrong."""
    with translated(path):
        lines = [row[0] for row in connection.execute(f"PRAGMA integrity_check({FAULTS})")]
        found = [] if lines == ["ok"] else lines
        counted = connection.execute(_COUNTED).fetchone() is not None  # not in an older schema
        kinds = (_dangling, _keys, counts.faults) if counted else (_dangling, _keys)
        return [*found, *(line for kind in kinds for line in islice(kind(connection), FAULTS))]


def _dangling(connection: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"{table}: row {row} refers to a missing row of {parent}"


def _keys(connection: sqlite3.Connection) -> Iterator[str]:
    found = rows(
        connection,
        "SELECT key, prompt_id, identity, content FROM requests "
        "JOIN prompts ON prompts.id = prompt_id",
    )
    for row in found:
        if keys.digest("prompt1", json.loads(row["content"])) != row["prompt_id"]:
            yield f"prompts: {row['prompt_id']} is not the digest of its prompt"
        elif keys.sample_key(json.loads(row["identity"]), row["prompt_id"]) != row["key"]:
            yield f"requests: {row['key']} is not the key of its prompt and parameters"


def remember_state(path: Path) -> None:
    """Record the state of a store's file after writing to it, if it was checked before."""
    if _note(path).exists():
        _remember(path, _state(path))


def _remember(path: Path, state: list[int] | None) -> None:
    # If the note cannot be written, the next command checks the file again.
    with contextlib.suppress(OSError, TtcError):
        note = _note(path)
        note.parent.mkdir(parents=True, exist_ok=True)
        paths.atomic_write(note, json.dumps(state))


def _note(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:32]
    return paths.cache_folder() / "stores" / f"{name}.json"


def _remembered(path: Path) -> list[int] | None:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_note(path).read_text(encoding="utf-8"))
        return found if isinstance(found, list) else None
    return None


def _state(path: Path) -> list[int] | None:
    """Return values that change whenever a file is written or replaced; None if it is missing."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
