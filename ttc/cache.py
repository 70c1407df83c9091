"""The cache of what can be recomputed: digests of weights, results of verifiers.

Deleting it costs time, nothing else; results are kept in the store (`ttc.store`). It is a diskcache
with its JSON disk, never pickle, since a cache folder may be shared or forged.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ttc import paths

if TYPE_CHECKING:
    import diskcache


def memo() -> diskcache.Cache:
    """Open the cache folder (`TTC_CACHE`, else the platform's).

    OSError or sqlite3.Error if it cannot be used.
    """
    import diskcache

    return diskcache.Cache(str(paths.cache_folder()), disk=diskcache.JSONDisk)


def remembered(key: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
    """Return the JSON value kept under `key`, else compute it and keep it.

    If the cache cannot be opened or written (a full or read-only disk, eight first runs at once),
    the value is computed.
    """
    name = "\0".join(map(str, key))
    with contextlib.suppress(OSError, sqlite3.Error), memo() as cache:
        found = cache.get(name)
        if found is not None:
            return found
    value = compute()
    with contextlib.suppress(OSError, sqlite3.Error), memo() as cache:
        cache.set(name, value)
    return value


class Memo:
    """Many JSON values of one kind in the cache.

    `salt` is all that the values depend on besides their keys.
    Like `remembered`, it raises no error if the cache cannot be used.
    """

    def __init__(self, *salt: Any) -> None:
        self._salt = "\0".join(map(str, salt))
        self._cache: diskcache.Cache | None = None
        with contextlib.suppress(OSError, sqlite3.Error):
            self._cache = memo()

    def __enter__(self) -> Memo:
        return self

    def __exit__(self, *_: object) -> None:
        if self._cache is not None:
            self._cache.close()

    def get(self, key: str) -> Any:
        """Return the value kept under `key`, or None."""
        if self._cache is None:
            return None
        with contextlib.suppress(OSError, sqlite3.Error, ValueError):
            return self._cache.get(f"{self._salt}\0{key}")
        return None

    def keep(self, values: Iterable[tuple[str, Any]]) -> None:
        """Keep values by key, all in one transaction."""
        if self._cache is None:
            return
        with contextlib.suppress(OSError, sqlite3.Error, ValueError), self._cache.transact():
            for key, value in values:
                self._cache.set(f"{self._salt}\0{key}", value)
