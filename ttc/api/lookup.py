"""`ttc.pool` and `ttc.pools`: the pools that the store holds."""

from __future__ import annotations

from pathlib import Path

from ttc.api.calling import File, begin
from ttc.api.stored_pool import Pool
from ttc.api.wording import python_errors
from ttc.store import Store
from ttc.store.named import pool_named, store_with
from ttc.store.pools import names


def pool(name: str, *, database: File | None = None, config: File | None = None) -> Pool:
    """Return the pool of this name.

    `database` is the store (None: as the settings say, `TTC_DB` among them), `config` a settings
    file in place of the user's. UsageError, with a near name, if there is no such pool; StoreError
    if the store cannot be read.
    """
    with python_errors():
        session = begin("pool", database, config)
        with Store.reading(store_with(session.database, name)) as store:
            pool_named(store, name)
        return Pool(name, session.database, None if config is None else Path(config))


def pools(*, database: File | None = None, config: File | None = None) -> list[Pool]:
    """Return all pools of the store, oldest first; none if there is no store yet.

    Arguments and errors are those of `pool`.
    """
    with python_errors():
        session = begin("pools", database, config)
        if not session.database.exists():
            return []
        settings = None if config is None else Path(config)
        with Store.reading(session.database) as store:
            return [Pool(name, session.database, settings) for name in names(store.reader)]
