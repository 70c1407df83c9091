"""Resolves a POOL|FILE|- argument: a file if there is one, else a pool of the store."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from ttc.errors import UsageError
from ttc.formats import files
from ttc.store import Store, pools
from ttc.store.pools import Pool


def is_file(source: str) -> bool:
    """Return whether the argument names a file, which exists and is not a folder, or a dataset of
    Hugging Face."""
    if files.is_hub(source):
        return True
    path = Path(source)
    return path.exists() and not path.is_dir()


def store_with(database: Path, source: str) -> Path:
    """Return the path of the store that should have a pool. UsageError if there is no store."""
    if not database.exists():
        raise UsageError(f"{source}: no such file, and no store yet at {database}")
    return database


def pool_named(store: Store, source: str) -> Pool:
    """Return the pool of this name. UsageError, with a near name, if there is none."""
    pool = pools.find(store.reader, source)
    if pool is None:
        near = get_close_matches(source, pools.names(store.reader), n=1)
        meant = f"did you mean {near[0]}?" if near else None
        what = f"{source}: no such file and no such pool; "
        raise UsageError(
            what + (meant or "ttc ls lists them"),
            python=what + (meant or "ttc.pools() lists them"),
        )
    return pool
