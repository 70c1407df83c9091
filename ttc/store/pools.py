"""Pools: draws that one estimate may mix, since all that changes their distribution is equal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ttc import keys
from ttc.errors import UsageError
from ttc.records import Message, Problem
from ttc.store.sql import now, one, rows, storable


@dataclass(frozen=True, slots=True)
class Pool:
    """A stored pool. `base` is the requested name; `name` adds .2, .3, … if it was taken."""

    id: int
    name: str
    base: str
    model: str
    identity: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PoolProblem:
    """A problem of a pool, with the request that its samples belong to. `before` are the tags that
    it had before it was enrolled again; None if it is new."""

    problem: Problem
    request_id: int
    key: str
    prompt_id: str
    before: Mapping[str, str] | None = None


def _pool(row: Mapping[str, Any]) -> Pool:
    return Pool(row["id"], row["name"], row["base"], row["model"], json.loads(row["identity"]))


def find(connection: sqlite3.Connection, name: str) -> Pool | None:
    """Return the pool of exactly this name, or None."""
    found = rows(connection, "SELECT * FROM pools WHERE name = ?", (storable(name),))
    return next((_pool(row) for row in found), None)


def siblings(connection: sqlite3.Connection, base: str) -> list[Pool]:
    """Return the pools that were requested by one name, oldest first."""
    sql = "SELECT * FROM pools WHERE base = ? ORDER BY id"
    found = rows(connection, sql, (storable(base),))
    return [_pool(row) for row in found]


def same(pools: Iterable[Pool], identity: Mapping[str, Any]) -> Pool | None:
    """Return the pool of exactly this identity, or None."""
    wanted = keys.canonical_json(identity)
    return next((pool for pool in pools if keys.canonical_json(pool.identity) == wanted), None)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the fields in which two identities differ, with both values; of an object, the fields
    inside it."""
    found: dict[str, tuple[Any, Any]] = {}
    for name in sorted({*old, *new}):
        there, here = old.get(name), new.get(name)
        if isinstance(there, Mapping) or isinstance(here, Mapping):
            inner = (each if isinstance(each, Mapping) else {} for each in (there, here))
            found |= {f"{name}.{key}": pair for key, pair in differences(*inner).items()}
        elif there != here:
            found[name] = there, here
    return found


def free_name(connection: sqlite3.Connection, base: str) -> str:
    """Return the first free name of BASE, BASE.2, BASE.3, …"""
    number, name = 1, base
    while find(connection, name) is not None:
        number += 1
        name = f"{base}.{number}"
    return name


def ensure(
    connection: sqlite3.Connection, base: str, model: str, identity: Mapping[str, Any]
) -> Pool:
    """Return the pool of this name and identity; create it if needed.

    If another identity has the name, the new pool is called BASE.2, BASE.3, … Only for names that
    ttc chose; for names that the user gave see `ttc.store.names`.
    """
    if (pool := same(siblings(connection, base), identity)) is not None:
        return pool
    return make(connection, free_name(connection, base), base, model, identity)


def make(
    connection: sqlite3.Connection, name: str, base: str, model: str, identity: Mapping[str, Any]
) -> Pool:
    """Create a pool. `base` is the requested name."""
    cursor = connection.execute(
        "INSERT INTO pools (name, base, model, identity, created) VALUES (?, ?, ?, ?, ?)",
        (name, base, model, keys.canonical_json(identity), now()),
    )
    return Pool(int(cursor.lastrowid or 0), name, base, model, identity)


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The key of a distribution to draw from, and all that the key is a digest of."""

    key: str
    problem: Problem
    prompt_id: str
    model: str
    identity: Mapping[str, Any]


def request_of(connection: sqlite3.Connection, wanted: RequestKey) -> int:
    """Return the row id of a request; create the row if needed."""
    row = one(connection, "SELECT id FROM requests WHERE key = ?", wanted.key)
    if row is not None:
        return int(row[0])
    content = keys.canonical_json(keys.prompt_content(wanted.problem))
    connection.execute("INSERT OR IGNORE INTO prompts VALUES (?, ?)", (wanted.prompt_id, content))
    cursor = connection.execute(
        "INSERT INTO requests (key, prompt_id, model, identity) VALUES (?, ?, ?, ?)",
        (wanted.key, wanted.prompt_id, wanted.model, keys.canonical_json(wanted.identity)),
    )
    return int(cursor.lastrowid or 0)


def enrol(
    connection: sqlite3.Connection,
    pool: Pool,
    problems: Iterable[Problem],
    identity: Mapping[str, Any],
) -> list[PoolProblem]:
    """Add rendered problems to a pool. `identity` is the part of their draws' keys besides the
    prompt.

    UsageError if the pool has another prompt under a problem's name. A changed reference replaces
    the old one; verdicts made with the old one stay stored under it.
    """
    enrolled = []
    for problem in problems:
        prompt = keys.prompt_id(problem)
        key = keys.sample_key(identity, prompt)
        request = request_of(connection, RequestKey(key, problem, prompt, pool.model, identity))
        reference = keys.reference_id(problem.reference)
        content = keys.canonical_json(problem.reference)
        connection.execute("INSERT OR IGNORE INTO refs VALUES (?, ?)", (reference, content))
        taken = connection.execute(
            "SELECT request_id FROM problems WHERE pool_id = ? AND name = ?", (pool.id, problem.id)
        ).fetchone()
        if taken is not None and taken[0] != request:
            raise UsageError(
                f"the pool {pool.name} has another problem called {problem.id!r}; "
                "choose another --pool"
            )
        connection.execute(
            "INSERT INTO problems (pool_id, name, request_id, reference_id) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (pool_id, name) DO UPDATE SET reference_id = excluded.reference_id",
            (pool.id, problem.id, request, reference),
        )
        enrolled.append(PoolProblem(problem, request, key, prompt))
    return enrolled


def problems_of(
    connection: sqlite3.Connection, pool: Pool, name: str | None = None
) -> list[Problem]:
    """Return the problems of a pool with their rendered prompts, in the order they were added; with
    `name`, only the problem of that name."""
    found = rows(
        connection,
        "SELECT problems.name, prompts.content, refs.content AS reference, tags FROM problems "
        "JOIN requests ON requests.id = request_id JOIN prompts ON prompts.id = prompt_id "
        "JOIN refs ON refs.id = reference_id WHERE pool_id = :pool "
        "AND (:name IS NULL OR problems.name = :name) ORDER BY problems.id",
        {"pool": pool.id, "name": name},
    )
    return [_problem(row) for row in found]


def count_problems(connection: sqlite3.Connection, pool: Pool) -> int:
    """Return the number of problems of a pool."""
    found = one(connection, "SELECT count(*) FROM problems WHERE pool_id = ?", pool.id)
    return int(found[0]) if found else 0


def _problem(row: Mapping[str, Any]) -> Problem:
    content = json.loads(row["content"])
    messages = tuple(Message(**turn) for turn in content.get("messages", ()))
    reference, tags = json.loads(row["reference"]), json.loads(row["tags"])
    return Problem(row["name"], messages, content.get("prompt"), reference, tags)


def names(connection: sqlite3.Connection) -> list[str]:
    """Return the names of all pools, oldest first."""
    return [row["name"] for row in rows(connection, "SELECT name FROM pools ORDER BY id")]


def problem_names(connection: sqlite3.Connection, pool: Pool) -> list[str]:
    """Return the names of the problems of a pool, in the order they were added."""
    sql = "SELECT name FROM problems WHERE pool_id = ? ORDER BY id"
    return [row["name"] for row in rows(connection, sql, (pool.id,))]
