"""Merging samples, attempts and verdicts; the finders work as in `ttc.store.merge.pools`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from functools import partial
from typing import Any

from ttc.store.merge.pools import Conflict, Found, Row, keep_reference
from ttc.store.sql import SAMPLES_BY_KEY, insert, one, rows
from ttc.store.verifiers import VerifierId, find_verifier, verifier_id

# The columns of each kind, without the row ids of its own store.
_SAMPLE = [
    "draw",
    "text",
    "finish_reason",
    "stop",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "think_tokens",
    "logprob",
    "confidences",
    "seed",
    "seconds",
    "first_token_seconds",
    "created",
    "origin",
]
_ATTEMPT = [
    "draw",
    "status",
    "detail",
    "text",
    "prompt_tokens",
    "completion_tokens",
    "think_tokens",
    "logprob",
    "seconds",
    "created",
]
_VERDICT = ["answer", "correct", "score", "status", "detail", "created", "tokens"]
_WHOSE = "sample_id = ? AND verifier_id = ? AND reference_id = ?"


def _columns(table: str, names: list[str]) -> str:
    return ", ".join(f"{table}.{name}" for name in names)


SAMPLES = f"""
SELECT requests.key, {_columns("samples", _SAMPLE)},
  above.key AS parent_key, parents.draw AS parent_draw, parents.text AS parent_text
FROM samples CROSS JOIN requests ON requests.id = samples.request_id
  LEFT JOIN samples AS parents ON parents.id = samples.parent_id
  LEFT JOIN requests AS above ON above.id = parents.request_id
ORDER BY samples.id
"""


def _held(target: sqlite3.Connection, key: str, draw: int) -> tuple[Any, ...] | None:
    """Return row id, text and seed of a sample, or None."""
    return one(
        target,
        f"SELECT samples.id, text, seed FROM {SAMPLES_BY_KEY} WHERE key = ? AND draw = ?",
        key,
        draw,
    )


def find_sample(target: sqlite3.Connection, row: Row) -> Found:
    """Find a sample by key and draw index; it must have the same text and seed."""
    key, draw = row["key"], row["draw"]
    there = _held(target, key, draw)
    if there is not None and there[1] != row["text"]:
        return Conflict(f"{_place(target, key)} draw {draw} has another text ({key})")
    if there is not None and there[2] != row["seed"]:
        return Conflict(f"{_place(target, key)} draw {draw} has another seed ({key})")
    if there is not None:
        return None
    fields = {name: row[name] for name in _SAMPLE}
    if row["parent_key"] is not None:
        parent = _held(target, row["parent_key"], row["parent_draw"])
        if parent is not None and parent[1] != row["parent_text"]:
            return Conflict(f"{_place(target, key)} draw {draw} continues another text ({key})")
        fields["parent_id"] = None if parent is None else parent[0]
    return partial(_insert_of, target, "samples", key, fields)


def _insert_of(target: sqlite3.Connection, table: str, key: str, fields: Row) -> None:
    request = one(target, "SELECT id FROM requests WHERE key = ?", key)
    assert request is not None  # requests come before what was drawn from them
    insert(target, table, {"request_id": request[0], **fields})


def _place(target: sqlite3.Connection, key: str) -> str:
    """Return the pool and problem of a key, for messages."""
    found = one(
        target,
        "SELECT pools.name, problems.name FROM requests JOIN problems ON request_id = requests.id "
        "JOIN pools ON pools.id = pool_id WHERE key = ? ORDER BY problems.id",
        key,
    )
    return "a request of no pool:" if found is None else f"{found[0]}: {found[1]}"


ATTEMPTS = f"""
SELECT key, {_columns("attempts", _ATTEMPT)}
FROM attempts CROSS JOIN requests ON requests.id = request_id ORDER BY attempts.id
"""


def find_attempt(target: sqlite3.Connection, row: Row) -> Found:
    """Find an attempt by its columns; its time distinguishes it from others."""
    fields = {name: row[name] for name in _ATTEMPT}
    # A target of an older schema, which a dry merge reads as it is, lacks the column.
    known = [name for name in _ATTEMPT if name != "think_tokens"]
    alike = " AND ".join(f"{name} IS ?" for name in known)
    there = one(
        target,
        "SELECT 1 FROM requests JOIN attempts ON request_id = requests.id "
        f"WHERE key = ? AND {alike}",
        row["key"],
        *(fields[name] for name in known),
    )
    return None if there else partial(_insert_of, target, "attempts", row["key"], fields)


VERIFIERS = """
SELECT name, version, config, reads_reference FROM verifiers
WHERE reads_reference IS NOT NULL ORDER BY id
"""


def find_verifier_reading(target: sqlite3.Connection, row: Row) -> Found:
    """Find a verifier that is in both stores; where only one knows whether it reads references, so
    does the other after the merge. One that is not in the target comes with its verdicts."""
    found = rows(
        target,
        "SELECT * FROM verifiers WHERE name = ? AND version = ? AND config = ?",
        (row["name"], row["version"], row["config"]),
    )
    there = next(found, None)
    if there is None:
        return None
    # A store of an older schema, which a dry merge reads as it is, has no such column. Of two
    # answers, the cautious one is kept, so that the order of merges does not matter.
    known = there.get("reads_reference")
    if known is not None and known >= row["reads_reference"]:
        return None
    sql = "UPDATE verifiers SET reads_reference = ? WHERE id = ?"
    return partial(_execute, target, sql, (row["reads_reference"], there["id"]))


def _execute(target: sqlite3.Connection, sql: str, values: tuple[Any, ...]) -> None:
    target.execute(sql, values)


_VERDICTS = f"""
SELECT requests.key, samples.draw, samples.text, verifiers.name, verifiers.version,
  verifiers.config, verifiers.reads_reference, refs.content, sample_id, verifier_id, reference_id,
  {_columns("verdicts", _VERDICT)}
FROM verdicts CROSS JOIN samples ON samples.id = sample_id
  CROSS JOIN requests ON requests.id = request_id CROSS JOIN verifiers ON verifiers.id = verifier_id
  CROSS JOIN refs ON refs.id = reference_id
ORDER BY sample_id, verifier_id, reference_id
"""


def verdicts_of(source: sqlite3.Connection) -> Iterator[Row]:
    """Yield verdicts with the votes behind them."""
    votes = (
        "SELECT position, value, text, prompt_tokens, completion_tokens FROM votes "
        f"WHERE {_WHOSE} ORDER BY position"
    )
    for row in rows(source, _VERDICTS):
        ids = (row.pop("sample_id"), row.pop("verifier_id"), row["reference_id"])
        yield {**row, "votes": source.execute(votes, ids).fetchall()}


def find_verdict(target: sqlite3.Connection, row: Row) -> Found:
    """Find a verdict by sample, verifier and reference; of two, the later one is kept.

    If the sample conflicts, its verdict is left out with it.
    """
    sample = _held(target, row["key"], row["draw"])
    if sample is not None and sample[1] != row["text"]:
        return Conflict()
    verifier = VerifierId(row["name"], row["version"], json.loads(row["config"]))
    number = find_verifier(target, verifier)
    if sample is not None and number is not None:
        sql = f"SELECT created FROM verdicts WHERE {_WHOSE}"
        there = one(target, sql, sample[0], number, row["reference_id"])
        if there is not None and there[0] >= row["created"]:
            return None
    return partial(_write_verdict, target, row, verifier)


def _write_verdict(target: sqlite3.Connection, row: Row, verifier: VerifierId) -> None:
    sample = _held(target, row["key"], row["draw"])
    if sample is None:
        return  # the sample was left out: its parent has another text in this store
    keep_reference(target, row)
    number = find_verifier(target, verifier)
    if number is None:
        number = verifier_id(target, verifier, row["reads_reference"])
    ids = {
        "sample_id": sample[0],
        "verifier_id": number,
        "reference_id": row["reference_id"],
    }
    for table in ("votes", "verdicts"):
        target.execute(f"DELETE FROM {table} WHERE {_WHOSE}", tuple(ids.values()))
    insert(target, "verdicts", {**ids, **{name: row[name] for name in _VERDICT}})
    target.executemany(
        "INSERT INTO votes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(*ids.values(), *vote) for vote in row["votes"]],
    )
