"""Removes the pools that a run made and drew nothing into."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ttc.errors import StoreError
from ttc.store.presence import LostStoreError
from ttc.store.upkeep import removal


@contextmanager
def none_empty(database: Path, made: Collection[int], *, failed: bool = False) -> Iterator[None]:
    """Remove those of the pools `made` (row ids) that are still without a sample at the end; with
    `failed`, only if the block raises."""
    try:
        yield
    except LostStoreError:
        raise  # another store may be at this path
    except BaseException:
        _drop_empty(database, made)
        raise
    if not failed:
        _drop_empty(database, made)


def _drop_empty(database: Path, made: Collection[int]) -> None:
    # What ended the run matters more than an empty pool.
    with suppress(StoreError):
        for pool in set(made):
            removal.drop_empty(database, pool)
