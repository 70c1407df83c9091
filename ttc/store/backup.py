"""Looking after a store: is it sound, and a copy of it while others write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ttc import keys
from ttc.errors import UsageError
from ttc.store.database import copied, translated
from ttc.store.sql import rows

FAULTS = 10  # told of each kind


def faults(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Return what is wrong with a store, FAULTS things of each kind at most: its pages, what rows
    refer to, and the digests that prompts and draws are found by."""
    with translated(path):
        told = [row[0] for row in connection.execute(f"PRAGMA integrity_check({FAULTS})")]
        found = [] if told == ["ok"] else told
        return [*found, *islice(_dangling(connection), FAULTS), *islice(_keys(connection), FAULTS)]


def _dangling(connection: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"{table}: row {row} refers to a row of {parent} that is not there"


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


def backup(source: Path, copy: Path) -> None:
    """Write a copy of a store as one file. UsageError if there is a file already."""
    if copy.exists():
        raise UsageError(f"{copy}: there already; name a new file")
    if not copy.parent.is_dir():
        raise UsageError(f"{copy}: no such folder")
    copied(source, copy)
