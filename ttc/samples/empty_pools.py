"""Pools that a run made and left empty, which are removed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ttc.errors import StoreError
from ttc.store.presence import LostStoreError
from ttc.store.upkeep import removal


@contextmanager
def none_empty(database: Path, made: Collection[int]) -> Iterator[None]:
    """Remove those of the pools `made` (row ids) that are still without a sample at the end."""
    lost = False
    try:
        yield
    except LostStoreError:
        lost = True  # another store may be at this path
        raise
    finally:
        # What ended the run matters more than an empty pool.
        with suppress(StoreError):
            for pool in set() if lost else set(made):
                removal.drop_empty(database, pool)
