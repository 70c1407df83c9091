"""The attempts of a pool: draws that failed or were cancelled, and are no samples."""

from __future__ import annotations

import sqlite3
from typing import Any

from ttc.store.pools import Pool
from ttc.store.sql import rows, storable

_COLUMNS = (
    'draw AS "index", status, detail, text, prompt_tokens, completion_tokens, think_tokens, '
    "seconds, created, EXISTS (SELECT 1 FROM samples WHERE samples.request_id = "
    "attempts.request_id AND samples.draw = attempts.draw) AS finished_since"
)


def of_problem(
    connection: sqlite3.Connection, pool: Pool, problem: str, most: int
) -> list[dict[str, Any]]:
    """Return the last attempts of a problem's draws, by draw index; at most so many."""
    sql = (
        f"SELECT {_COLUMNS} FROM problems JOIN attempts USING (request_id) "
        "WHERE pool_id = ? AND problems.name = ? ORDER BY draw, attempts.id LIMIT ?"
    )
    found = rows(connection, sql, (pool.id, storable(problem), most))
    return [{**row, "finished_since": bool(row["finished_since"])} for row in found]


def of_draw(
    connection: sqlite3.Connection, pool: Pool, problem: str, index: int
) -> list[dict[str, Any]]:
    """Return the attempts of one draw, the first one first."""
    sql = (
        f"SELECT {_COLUMNS} FROM problems JOIN attempts USING (request_id) "
        "WHERE pool_id = ? AND problems.name = ? AND draw = ? ORDER BY attempts.id"
    )
    found = rows(connection, sql, (pool.id, storable(problem), index))
    return [{**row, "finished_since": bool(row["finished_since"])} for row in found]
