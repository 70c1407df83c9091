"""`ttc.pool` and `ttc.pools`: the pools that the store holds."""

from __future__ import annotations

from pathlib import Path

from ttc.api.calling import File, begin
from ttc.api.stored_pool import Pool
from ttc.api.wording import python_errors
from ttc.store import Store, counts
from ttc.store.named import find_pools, pool_named, store_with


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


def pools(
    *names: str,
    since: str | None = None,
    model: str | None = None,
    sort: str | None = None,
    database: File | None = None,
    config: File | None = None,
) -> list[Pool]:
    """Return the pools of the store, oldest first; none if there is no store yet.

    `names` restricts to pools of these names, in which `*`, `?` and `[…]` stand for many.
    `since` restricts them to those made or drawn into since a date or for an age (`7d`, `12h`),
    `model` to models with this text in their names, or that match a pattern. `sort` is `name`, or
    `created`, `size` or `samples` for the newest or largest first. Other arguments and errors are
    those of `pool`; UsageError also for a name, a `since` or a `sort` that is none.
    """
    with python_errors():
        session = begin("pools", database, config)
        chosen = {"since": since, "model": model, "sort": sort}
        counts.chosen([], **chosen)
        if not session.database.exists():
            return []
        settings = None if config is None else Path(config)
        with Store.reading(session.database) as store:
            rows = counts.overview(store.reader)
            if names:
                named = {each.name for each in find_pools(store.reader, names)}
                rows = [row for row in rows if row["pool"] in named]
            found = counts.chosen(rows, **chosen)
            return [Pool(row["pool"], session.database, settings) for row in found]
