"""The tags of a pool's problems. They are in no key, so they can change while samples stay."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ttc import keys
from ttc.records import Problem
from ttc.store import pools
from ttc.store.pools import Pool, PoolProblem
from ttc.store.sql import one, rows

_THERE = "SELECT tags FROM problems WHERE pool_id = ? AND name = ?"


def enrol(
    connection: sqlite3.Connection,
    pool: Pool,
    problems: Iterable[Problem],
    identity: Mapping[str, Any],
) -> list[PoolProblem]:
    """Add rendered problems to a pool with their tags; see `ttc.store.pools.enrol`.

    New values of a tag replace the old ones; tags that a problem no longer has stay. The problems
    that are returned have all tags, and those from before as `before`.
    """
    wanted = list(problems)
    there = [one(connection, _THERE, pool.id, problem.id) for problem in wanted]
    enrolled = []
    for each, row in zip(pools.enrol(connection, pool, wanted, identity), there, strict=True):
        before = None if row is None else json.loads(row[0])
        tags = {**(before or {}), **each.problem.tags}
        if tags != (before or {}):
            write(connection, pool.id, each.problem.id, tags)
        # In the order in which the store returns them: a rerun prints the same bytes.
        problem = replace(each.problem, tags=dict(sorted(tags.items())))
        enrolled.append(replace(each, problem=problem, before=before))
    return enrolled


def write(connection: sqlite3.Connection, pool: int, name: str, tags: Mapping[str, str]) -> None:
    """Store the tags of a problem, given by its pool's row id and its name."""
    connection.execute(
        "UPDATE problems SET tags = ? WHERE pool_id = ? AND name = ?",
        (keys.canonical_json(dict(tags)), pool, name),
    )


def of_pool(connection: sqlite3.Connection, pool: Pool) -> dict[str, dict[str, str]]:
    """Return the tags of each problem of a pool."""
    found = rows(connection, "SELECT name, tags FROM problems WHERE pool_id = ?", (pool.id,))
    return {row["name"]: json.loads(row["tags"]) for row in found}


def values(connection: sqlite3.Connection, pool: Pool) -> dict[str, int]:
    """Return the tags that problems of a pool have, each with its number of values."""
    sql = (
        "SELECT tag.key, count(DISTINCT tag.value) FROM problems "
        "CROSS JOIN json_each(problems.tags) AS tag WHERE pool_id = ? GROUP BY tag.key ORDER BY 1"
    )
    return {str(name): int(count) for name, count in connection.execute(sql, (pool.id,))}
