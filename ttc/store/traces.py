"""Traces of searches: samples that continue a parent sample, addressed by key and draw index."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from ttc.backends import Completion
from ttc.store import samples
from ttc.store.pools import Pool, RequestKey, request_of
from ttc.store.sql import SAMPLES_BY_KEY, one, rows


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored draw."""

    done: Completion
    seconds: float | None


def find(connection: sqlite3.Connection, key: str, index: int) -> Kept | None:
    """Return a finished draw, or None."""
    found = rows(
        connection,
        f"SELECT samples.* FROM {SAMPLES_BY_KEY} WHERE key = ? AND draw = ?",
        (key, index),
    )
    for row in found:
        done = Completion(
            request_id="",
            text=row["text"],
            finish_reason=row["finish_reason"],
            prompt_tokens=row["prompt_tokens"],
            cached_tokens=row["cached_tokens"],
            completion_tokens=row["completion_tokens"],
            logprob=row["logprob"],
            stop=row["stop"],
            confidences=samples.unpacked(row["confidences"]),
            think_tokens=row["think_tokens"],
        )
        return Kept(done, row["seconds"])
    return None


def given_up(connection: sqlite3.Connection, key: str, index: int) -> Completion | None:
    """Return a cancelled draw (the longest if there are several), or None."""
    row = one(
        connection,
        "SELECT prompt_tokens, completion_tokens, think_tokens FROM requests "
        "JOIN attempts ON request_id = requests.id "
        "WHERE key = ? AND draw = ? AND status = 'cancelled' "
        "ORDER BY coalesce(completion_tokens, 0) DESC LIMIT 1",
        key,
        index,
    )
    if row is None:
        return None
    counts = dict(zip(("prompt_tokens", "completion_tokens", "think_tokens"), row, strict=True))
    return Completion("", "", "cancelled", **counts)


def insert(
    connection: sqlite3.Connection,
    wanted: RequestKey,
    index: int,
    parent: tuple[str, int] | None,
    seed: int | None,
    done: Completion,
) -> None:
    """Store a draw; one that failed or was cancelled is an attempt. `parent` is a key and index."""
    request = request_of(connection, wanted)
    if done.finish_reason not in ("stop", "length"):
        samples.insert_attempt(connection, request, index, done)
        return
    above = None
    if parent is not None:
        above = one(
            connection,
            f"SELECT samples.id FROM {SAMPLES_BY_KEY} WHERE key = ? AND draw = ?",
            *parent,
        )
    samples.insert(connection, request, index, seed, done, parent=above[0] if above else None)


# The requests that searches of a problem made: those with its prompt, model and seed that no pool
# asks.
_ALONE = """
JOIN requests AS own ON own.id = problems.request_id
JOIN requests AS made ON made.prompt_id = own.prompt_id AND made.id != own.id
  AND json_extract(made.identity, '$.fingerprint') IS json_extract(own.identity, '$.fingerprint')
  AND json_extract(made.identity, '$.seed') IS json_extract(own.identity, '$.seed')
  AND json_extract(made.identity, '$.strategy') IS NULL
  AND NOT EXISTS (SELECT 1 FROM problems AS asking WHERE asking.request_id = made.id)
"""
# The request of whole answers, which a method shares with the pools of `ttc sample`.
_WHOLE = """
JOIN requests AS own ON own.id = problems.request_id
JOIN requests AS made ON made.prompt_id = own.prompt_id AND made.id != own.id
  AND made.identity = json_remove(own.identity, '$.strategy', '$.budget')
"""


def searched(connection: sqlite3.Connection, pool: Pool) -> list[int]:
    """Return the row ids of the problems of a pool that a method searched, in their order."""
    found: set[int] = set()
    for made in (_ALONE, _WHOLE):
        sql = (
            f"SELECT DISTINCT problems.id FROM problems {made} WHERE pool_id = ? "
            "AND EXISTS (SELECT 1 FROM samples WHERE samples.request_id = made.id)"
        )
        found |= {row[0] for row in connection.execute(sql, (pool.id,))}
    return sorted(found)


def nodes_of(connection: sqlite3.Connection, problem: int) -> list[dict[str, Any]]:
    """Return the draws that searches of a problem (a row id) made, in the order they were stored.

    With them come those that continue one of them or that one of them continues, also of another
    model. If there are none, a method of whole answers drew those of its request. Each has the
    identity of its request, which has the text before it (`prefix`).
    """
    return _nodes(connection, problem, _ALONE) or _nodes(connection, problem, _WHOLE)


def _nodes(connection: sqlite3.Connection, problem: int, made: str) -> list[dict[str, Any]]:
    sql = f"""
    WITH RECURSIVE node(id) AS (
      SELECT samples.id FROM problems {made}
        JOIN samples ON samples.request_id = made.id WHERE problems.id = ?
      UNION
      SELECT later.id FROM node JOIN samples AS later ON later.parent_id = node.id
      UNION
      SELECT samples.parent_id FROM node JOIN samples ON samples.id = node.id
        WHERE samples.parent_id IS NOT NULL
    )
    SELECT samples.id, parent_id AS parent, text, finish_reason, completion_tokens, logprob,
      draw, created, requests.model, requests.identity, requests.key
    FROM node JOIN samples ON samples.id = node.id JOIN requests ON requests.id = request_id
    ORDER BY samples.id
    """
    return list(rows(connection, sql, (problem,)))
