"""The rows of a pool in order, in chunks: a million samples take no more memory than ten.

Sorting whole rows would hold all of them in memory, so only row ids are sorted. No transaction is
open between chunks: with a slow reader it would let the store's write-ahead log grow.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterator, Mapping
from typing import Any

from ttc.store.sql import SAMPLES_OF_POOLS

CHUNK = 500

# A part of a query over a pool: the columns it selects, and the joins these need.
Part = tuple[str, str]


def in_order(
    connection: sqlite3.Connection,
    part: Part,
    given: Mapping[str, Any],
    *,
    problem: str | None = None,
    below: int | None = None,
    by_problem: bool = False,
) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of `part` for each sample of the pool `given["pool"]`.

    Rows come in the order they were stored or, with `by_problem`, by problem and draw. `given`
    are the query's parameters; `problem` restricts to one problem, `below` to smaller draw indices.
    """
    columns, joins = part
    where, params = "problems.pool_id = :pool", dict(given)
    if problem is not None:
        where, params = f"{where} AND problems.name = :name", {**params, "name": problem}
    if below is not None:
        where, params = f"{where} AND samples.draw < :below", {**params, "below": below}
    # CROSS JOIN fixes the join order: with another, each chunk would read the whole pool.
    if by_problem:
        some = "json_each(:these) AS these CROSS JOIN problems ON problems.id = these.value "
        some += "JOIN samples USING (request_id)"
        order, size = "samples.draw", 1
        whole = "SELECT id FROM problems WHERE pool_id = :pool ORDER BY id"
    else:
        some = "json_each(:these) AS these CROSS JOIN samples ON samples.id = these.value "
        some += "CROSS JOIN problems USING (request_id)"
        order, size = "samples.id", CHUNK
        whole = f"SELECT DISTINCT samples.id FROM {SAMPLES_OF_POOLS} "
        whole += f"WHERE {where} ORDER BY samples.id"
    numbers = _numbers(connection, whole, params)
    query = f"SELECT {columns} FROM {some} {joins} WHERE {where} ORDER BY {order}, problems.id"
    for at in range(0, len(numbers), size):
        these = json.dumps(numbers[at : at + size].tolist())
        # fetchall, so that no statement is open while the caller works on the rows.
        yield from connection.execute(query, {**params, "these": these}).fetchall()


def _numbers(connection: sqlite3.Connection, sql: str, params: Mapping[str, Any]) -> array[int]:
    return array("q", (row[0] for row in connection.execute(sql, dict(params))))
