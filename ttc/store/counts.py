"""What pools hold, from the counts that the store keeps (`ttc.store.migrations.counts`).

A pool of a million samples is counted by its problems alone, in milliseconds.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from typing import Any

from ttc.errors import wrong_option
from ttc.messages.counts import some
from ttc.store.pools import Pool
from ttc.store.sql import one, rows

SORTS = ("name", "created", "size", "samples")
_AGES = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TOKENS = "CASE WHEN sum(samples) > sum(uncounted) THEN sum(tokens) END"


def of_pool(connection: sqlite3.Connection, pool: Pool) -> int:
    """Return the number of samples of a pool."""
    found = one(
        connection,
        "SELECT coalesce(sum(samples), 0) FROM problems JOIN request_counts USING (request_id) "
        "WHERE pool_id = ?",
        pool.id,
    )
    return int(found[0]) if found else 0


def overview(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return one row per pool, the oldest first: name, model, counts, bytes of text, and when it
    was made and last drawn into."""
    return list(rows(connection, _OVERVIEW))


def chosen(
    found: list[dict[str, Any]],
    *,
    since: str | None = None,
    model: str | None = None,
    sort: str | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of an overview that are asked for, in order.

    `since` restricts them to pools made or drawn into since then, as `moment` reads it; `model` to
    models with this text in their names, or that match it if it has wildcards. Sorted by name, or
    by one of SORTS with the largest or newest first; None: as they are. UsageError for a `since`
    or `sort` that is none.
    """
    if sort is not None and sort not in SORTS:
        raise wrong_option("sort", sort, f"there are {', '.join(SORTS)}")
    if since is not None:
        start = moment(since)
        found = [row for row in found if max(row["created"], row["drawn"] or "") >= start]
    if model is not None:
        found = [row for row in found if _matches(row["model"], model)]
    if sort is None:
        return found
    by = {"name": "pool", "size": "bytes"}.get(sort, sort)
    return sorted(found, key=lambda row: row[by], reverse=sort != "name")


_OVERVIEW = f"""
SELECT pools.name AS pool, pools.model, coalesce(asked.problems, 0) AS problems,
  coalesce(held.samples, 0) AS samples, coalesce(judged.verdicts, 0) AS verdicts, held.tokens,
  coalesce(held.uncounted, 0) AS uncounted, pools.created, coalesce(held.bytes, 0) AS bytes,
  (SELECT max(coalesce(ended, started)) FROM runs WHERE pool_id = pools.id) AS drawn
FROM pools
LEFT JOIN (SELECT pool_id, count(*) AS problems FROM problems GROUP BY pool_id) AS asked
  ON asked.pool_id = pools.id
LEFT JOIN (SELECT pool_id, sum(samples) AS samples, {_TOKENS} AS tokens,
    sum(uncounted) AS uncounted, sum(bytes) AS bytes
  FROM problems JOIN request_counts USING (request_id) GROUP BY pool_id) AS held
  ON held.pool_id = pools.id
LEFT JOIN (SELECT pool_id, sum(verdicts) AS verdicts
  FROM problems JOIN verdict_counts USING (request_id, reference_id) GROUP BY pool_id) AS judged
  ON judged.pool_id = pools.id
ORDER BY pools.id
"""


def problems_overview(connection: sqlite3.Connection, pool: Pool) -> list[dict[str, Any]]:
    """Return one row per problem of a pool: name, counts of samples, of truncated ones, tokens."""
    return list(
        rows(
            connection,
            """
            SELECT name AS problem, coalesce(samples, 0) AS samples,
              coalesce(truncated, 0) AS truncated,
              CASE WHEN samples > uncounted THEN tokens END AS tokens,
              coalesce(uncounted, 0) AS uncounted
            FROM problems LEFT JOIN request_counts USING (request_id)
            WHERE pool_id = ? ORDER BY problems.id
            """,
            (pool.id,),
        )
    )


def moment(text: str) -> str:
    """Return a time as stored (UTC): of a date, of a date and time, or of an age such as 7d, 12h.

    A date without a zone is of this machine's. UsageError for anything else.
    """
    if age := re.fullmatch(r"(\d{1,6})([mhdw])", text.strip()):
        then = datetime.now(timezone.utc) - timedelta(**{_AGES[age[2]]: int(age[1])})
    else:
        try:
            then = datetime.fromisoformat(re.sub("Z$", "+00:00", text.strip())).astimezone()
        except (ValueError, OverflowError, OSError):
            why = "write a date (2026-01-31) or an age (90m, 12h, 7d, 2w)"
            raise wrong_option("since", text, why) from None
    return then.astimezone(timezone.utc).isoformat(timespec="milliseconds")


def _matches(model: str, wanted: str) -> bool:
    if any(mark in wanted for mark in "*?["):
        return fnmatchcase(model.casefold(), wanted.casefold())
    return wanted.casefold() in model.casefold()


def faults(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield a line for each request whose counts are not those of its rows."""
    sql = """
    SELECT id, coalesce(samples, 0), coalesce(bytes, 0), coalesce(tokens, 0), count, size, total
    FROM (SELECT requests.id, count(samples.id) AS count,
        coalesce(sum(length(CAST(text AS BLOB)) + coalesce(length(confidences), 0)), 0) AS size,
        coalesce(sum(completion_tokens), 0) AS total
      FROM requests LEFT JOIN samples ON request_id = requests.id GROUP BY requests.id)
    LEFT JOIN request_counts ON request_id = id
    WHERE (coalesce(samples, 0), coalesce(bytes, 0), coalesce(tokens, 0)) != (count, size, total)
    """
    for request, *found in connection.execute(sql):
        yield f"request_counts: row {request} says {found[:3]} and its samples {found[3:]}"
    sql = """
    SELECT sum(verdicts), (SELECT count(*) FROM verdicts) FROM verdict_counts
    """
    said, there = connection.execute(sql).fetchone()
    if (said or 0) != there:
        yield f"verdict_counts: say {some(said or 0, 'verdict')}, and there are {there}"
