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
    """Return the attempts of a problem's draws by draw index, at most so many."""
    return _found(connection, "ORDER BY draw, attempts.id LIMIT ?", pool, problem, most)


def of_draw(
    connection: sqlite3.Connection, pool: Pool, problem: str, index: int
) -> list[dict[str, Any]]:
    """Return the attempts of one draw, the first one first."""
    return _found(connection, "AND draw = ? ORDER BY attempts.id", pool, problem, index)


def _found(
    connection: sqlite3.Connection, rest: str, pool: Pool, problem: str, value: int
) -> list[dict[str, Any]]:
    sql = (
        f"SELECT {_COLUMNS} FROM problems JOIN attempts USING (request_id) "
        f"WHERE pool_id = ? AND problems.name = ? {rest}"
    )
    found = rows(connection, sql, (pool.id, storable(problem), value))
    return [{**row, "finished_since": bool(row["finished_since"])} for row in found]
