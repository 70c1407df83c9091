"""Imported pools: what they hold already, by problem, so that a log is imported once.

The identity of an imported pool has the backend `import:NAME`: its requests are its own, and no
other pool shares its samples.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc import keys
from ttc.records import Message, Problem, Verdict
from ttc.store.pools import Pool
from ttc.store.sql import one, rows, storable

BACKEND = "import:"
UNKNOWN = '"unknown"'


def is_imported(identity: Mapping[str, Any]) -> bool:
    """Return whether a pool of this identity holds imported draws."""
    return str(identity.get("backend", "")).startswith(BACKEND)


def tool_of(identity: Mapping[str, Any]) -> str:
    """Return the name of the tool whose log a pool was imported from."""
    return str(identity.get("fingerprint", "")).partition(":")[0]


def free_backend(connection: sqlite3.Connection, name: str) -> str:
    """Return the backend for a new imported pool: one that no pool has, not even a renamed one."""
    found = rows(connection, "SELECT identity FROM pools")
    taken = {str(json.loads(row["identity"]).get("backend")) for row in found}
    number, backend = 1, f"{BACKEND}{name}"
    while backend in taken:
        number += 1
        backend = f"{BACKEND}{name}.{number}"
    return backend


def mark(text: str) -> int:
    """Return 64 bits of a digest of a text, as it is stored."""
    return int.from_bytes(hashlib.sha256(storable(text).encode()).digest()[:8], "big")


@dataclass(slots=True)
class Held:
    """What a pool holds of a problem.

    `asks` is the digest of its prompt, None if its question is not known; `texts` has the mark of
    each draw's text, `origins` the draw of each origin; `counted` are the draws that the logs of
    this import have; `marks` are all of `texts`, `top` is the highest draw.
    """

    asks: str | None = None
    reference: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    request_id: int | None = None
    texts: dict[int, int] = field(default_factory=dict)
    origins: dict[str, int] = field(default_factory=dict)
    attempts: set[tuple[int, str, str, int]] = field(default_factory=set)
    counted: set[int] = field(default_factory=set)
    marks: set[int] = field(default_factory=set)
    top: int = -1

    def put(self, draw: int, text: int) -> None:
        """Note a draw and the mark of its text."""
        self.texts[draw] = text
        self.marks.add(text)
        self.top = max(self.top, draw)


def held(connection: sqlite3.Connection, pool: Pool, name: str) -> Held | None:
    """Return what a pool holds of a problem; None if it has no such problem."""
    row = one(
        connection,
        "SELECT request_id, reference_id, tags, prompt_id, content FROM problems "
        "JOIN requests ON requests.id = request_id JOIN prompts ON prompts.id = prompt_id "
        "WHERE pool_id = ? AND name = ?",
        pool.id,
        name,
    )
    if row is None:
        return None
    request, reference, tags, prompt, content = row
    known = "unknown" not in json.loads(content) if UNKNOWN in content else True
    found = Held(prompt if known else None, reference, json.loads(tags), request)
    sql = "SELECT draw, text, origin FROM samples WHERE request_id = ?"
    for draw, text, origin in connection.execute(sql, (request,)):
        found.put(draw, mark(text))
        if origin is not None:
            found.origins[origin] = draw
    sql = "SELECT draw, status, detail, text FROM attempts WHERE request_id = ?"
    for draw, status, detail, text in connection.execute(sql, (request,)):
        found.attempts.add((draw, status, detail or "", mark(text)))
    return found


def origins(connection: sqlite3.Connection, pool: Pool) -> Iterator[tuple[str, str]]:
    """Yield problem and origin of each sample of a pool that has one."""
    sql = (
        "SELECT problems.name, origin FROM problems JOIN samples USING (request_id) "
        "WHERE pool_id = ? AND origin IS NOT NULL"
    )
    yield from connection.execute(sql, (pool.id,))


def ids(connection: sqlite3.Connection, pool: Pool) -> dict[tuple[str, int], str]:
    """Return the identifiers that draws of an imported pool have in their logs, by problem and
    draw."""
    if not is_imported(pool.identity):
        return {}
    found = connection.execute(
        "SELECT problems.name, draw, origin FROM problems JOIN samples USING (request_id) "
        "WHERE pool_id = ? AND origin IS NOT NULL AND origin NOT LIKE 'log:%'",
        (pool.id,),
    )
    return {(problem, draw): origin for problem, draw, origin in found}


def verdict_on(
    connection: sqlite3.Connection, request: int, draw: int, verifier: int, reference: str
) -> Verdict | None:
    """Return the verdict of a verifier (by row id) on a draw, None if there is none."""
    row = one(
        connection,
        "SELECT answer, correct, score, status, detail, verdicts.tokens FROM verdicts "
        "JOIN samples ON samples.id = sample_id "
        "WHERE request_id = ? AND draw = ? AND verifier_id = ? AND reference_id = ?",
        request,
        draw,
        verifier,
        reference,
    )
    if row is None:
        return None
    answer, correct, score, status, detail, tokens = row
    return Verdict(
        answer, None if correct is None else bool(correct), score, status, detail, tokens
    )


def sample_id(connection: sqlite3.Connection, request: int, draw: int) -> int | None:
    """Return the row id of a draw, None if it is not stored."""
    row = one(connection, "SELECT id FROM samples WHERE request_id = ? AND draw = ?", request, draw)
    return None if row is None else int(row[0])


def imported_verifier(connection: sqlite3.Connection, name: str, config: str) -> int | None:
    """Return the row id of a verifier of another tool by its name and its canonical config,
    whichever version of the tool gave the first of its verdicts; None if there is none."""
    sql = "SELECT id FROM verifiers WHERE name = ? AND config = ? ORDER BY id"
    row = one(connection, sql, name, config)
    return None if row is None else int(row[0])


def learn_question(
    connection: sqlite3.Connection, request: int, problem: Problem, identity: Mapping[str, Any]
) -> bool:
    """Give a request whose question was not known its question; False if another request of this
    identity asks it already."""
    prompt = keys.prompt_id(problem)
    key = keys.sample_key(identity, prompt)
    if one(connection, "SELECT 1 FROM requests WHERE key = ?", key) is not None:
        return False
    content = keys.canonical_json(keys.prompt_content(problem))
    connection.execute("INSERT OR IGNORE INTO prompts VALUES (?, ?)", (prompt, content))
    sql = "UPDATE requests SET key = ?, prompt_id = ? WHERE id = ?"
    connection.execute(sql, (key, prompt, request))
    return True


def prompt_of(connection: sqlite3.Connection, prompt_id: str) -> Problem | None:
    """Return a prompt that the store has, by its digest, as a problem without a name; else None."""
    row = one(connection, "SELECT content FROM prompts WHERE id = ?", prompt_id)
    content = {} if row is None else json.loads(row[0])
    if "unknown" in content or not content:
        return None
    turns = tuple(Message(**turn) for turn in content.get("messages", ()))
    return Problem("", turns, content.get("prompt"))


def set_reference(
    connection: sqlite3.Connection, pool: Pool, name: str, reference: Mapping[str, Any]
) -> None:
    """Give a problem of a pool a reference."""
    digest, content = keys.reference_id(reference), keys.canonical_json(reference)
    connection.execute("INSERT OR IGNORE INTO refs VALUES (?, ?)", (digest, content))
    sql = "UPDATE problems SET reference_id = ? WHERE pool_id = ? AND name = ?"
    connection.execute(sql, (digest, pool.id, name))


def unknown_questions(connection: sqlite3.Connection, pool: Pool | None = None) -> dict[str, int]:
    """Return how many problems of each imported pool, or of one, have a question that is not known;
    pools without such problems are left out."""
    found = connection.execute(
        "SELECT pools.name, count(*) FROM pools JOIN problems ON pool_id = pools.id "
        "JOIN requests ON requests.id = request_id JOIN prompts ON prompts.id = prompt_id "
        "WHERE json_extract(pools.identity, '$.backend') LIKE 'import:%' "
        "AND (:pool IS NULL OR pools.id = :pool) "
        "AND json_extract(content, '$.unknown') IS NOT NULL GROUP BY pools.id",
        {"pool": None if pool is None else pool.id},
    )
    return {str(name): int(count) for name, count in found}
