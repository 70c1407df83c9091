"""Merging requests, pools, problems and runs.

A finder looks for a row of the source (with the contents of all rows it refers to) in the target.
It returns None if the row is there, a Conflict if another row is in its place, or else a function
that writes it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from ttc.store import pools
from ttc.store import tags as tagged
from ttc.store.sql import insert, one, rows

Row = dict[str, Any]


class Conflict(str):
    """Why a row was left out; empty if the conflict of the row it belongs to says so already."""


Found = Callable[[], object] | Conflict | None

REQUESTS = """
SELECT key, prompt_id, model, identity, content
FROM requests CROSS JOIN prompts ON prompts.id = prompt_id ORDER BY requests.id
"""


def find_request(target: sqlite3.Connection, row: Row) -> Found:
    """Find a request by its key, which is a digest of all its contents."""
    if one(target, "SELECT 1 FROM requests WHERE key = ?", row["key"]):
        return None

    def write() -> None:
        prompt = {"id": row["prompt_id"], "content": row["content"]}
        insert(target, "prompts", prompt, ignore=True)
        insert(target, "requests", {n: row[n] for n in ("key", "prompt_id", "model", "identity")})

    return write


POOLS = "SELECT base, model, identity, created FROM pools ORDER BY id"
# Identities are stored as canonical JSON, so equal identities are equal texts.
_POOL = "SELECT id FROM pools WHERE base = ? AND identity = ?"


def find_pool(target: sqlite3.Connection, row: Row) -> Found:
    """Find a pool by name and identity."""
    if one(target, _POOL, row["base"], row["identity"]):
        return None

    def write() -> None:
        pool = pools.ensure(target, row["base"], row["model"], json.loads(row["identity"]))
        target.execute("UPDATE pools SET created = ? WHERE id = ?", (row["created"], pool.id))

    return write


MODELS = "SELECT fingerprint, content FROM models ORDER BY fingerprint"


def find_model(target: sqlite3.Connection, row: Row) -> Found:
    """Find what is known of a model by its fingerprint; what the target knows stays."""
    if one(target, "SELECT 1 FROM models WHERE fingerprint = ?", row["fingerprint"]):
        return None
    return lambda: insert(target, "models", row)


PROBLEMS = """
SELECT pools.base, pools.identity, problems.name, requests.key, refs.id AS reference_id,
  refs.content
FROM problems CROSS JOIN pools ON pools.id = pool_id CROSS JOIN requests ON requests.id = request_id
  CROSS JOIN refs ON refs.id = reference_id
ORDER BY problems.id
"""


def find_problem(target: sqlite3.Connection, row: Row) -> Found:
    """Find a problem by pool and name; it must have the same prompt and the same reference."""
    there = one(
        target,
        "SELECT requests.key, reference_id, pools.name FROM pools "
        "JOIN problems ON pool_id = pools.id JOIN requests ON requests.id = request_id "
        "WHERE base = ? AND pools.identity = ? AND problems.name = ?",
        row["base"],
        row["identity"],
        row["name"],
    )
    if there is not None:
        key, reference, pool = there
        if key != row["key"]:
            return Conflict(f"the pool {pool} has another problem called {row['name']!r}")
        if reference != row["reference_id"]:
            return Conflict(f"the pool {pool} has another reference for {row['name']!r}")
        return None

    def write() -> None:
        keep_reference(target, row)
        target.execute(
            "INSERT INTO problems (pool_id, name, request_id, reference_id) VALUES "
            f"(({_POOL}), ?, (SELECT id FROM requests WHERE key = ?), ?)",
            (row["base"], row["identity"], row["name"], row["key"], row["reference_id"]),
        )

    return write


TAGS = """
SELECT pools.base, pools.identity, problems.name, requests.key, tag.key AS tag, tag.value
FROM problems CROSS JOIN pools ON pools.id = pool_id CROSS JOIN requests ON requests.id = request_id
  CROSS JOIN json_each(problems.tags) AS tag
ORDER BY problems.id, tag.key
"""


def find_tag(target: sqlite3.Connection, row: Row) -> Found:
    """Find a tag of a problem by its name; it must have the same value."""

    def held() -> Row | None:
        # All columns: of a dry run, the target may have an older schema, without tags.
        found = rows(
            target,
            "SELECT pools.name AS pool, requests.key, problems.* FROM pools "
            "JOIN problems ON pool_id = pools.id JOIN requests ON requests.id = request_id "
            "WHERE base = ? AND pools.identity = ? AND problems.name = ?",
            (row["base"], row["identity"], row["name"]),
        )
        return next(found, None)

    def write() -> None:
        now = held()
        assert now is not None  # problems come before their tags
        tags = {**json.loads(now["tags"]), row["tag"]: row["value"]}
        tagged.write(target, now["pool_id"], row["name"], tags)

    there = held()
    if there is not None and there["key"] != row["key"]:
        return Conflict()  # the problem itself is in conflict
    value = None if there is None else json.loads(there.get("tags", "{}")).get(row["tag"])
    if there is None or value is None:
        return write
    if value == row["value"]:
        return None
    what = f"the pool {there['pool']} has {row['tag']} {value!r} for {row['name']!r}"
    return Conflict(f"{what}, not {row['value']!r}")


def keep_reference(target: sqlite3.Connection, row: Row) -> None:
    """Write the reference of a row, which has its id and its content."""
    insert(target, "refs", {"id": row["reference_id"], "content": row["content"]}, ignore=True)


RUNS = """
SELECT base, identity, command, host, pid, process, started, ended, asked, lacking, dropped
FROM runs CROSS JOIN pools ON pools.id = pool_id WHERE ended IS NOT NULL ORDER BY runs.id
"""


def find_run(target: sqlite3.Connection, row: Row) -> Found:
    """Find a run by pool, machine, process and time."""
    there = one(
        target,
        f"SELECT 1 FROM runs WHERE pool_id = ({_POOL}) AND host = ? AND pid = ? AND started = ?",
        *(row["base"], row["identity"], row["host"], row["pid"], row["started"]),
    )
    if there is not None:
        return None

    def write() -> None:
        pool = one(target, _POOL, row["base"], row["identity"])
        assert pool is not None  # pools come before their runs
        fields = {name: row[name] for name in row if name not in ("base", "identity")}
        insert(target, "runs", {"pool_id": pool[0], **fields})

    return write
