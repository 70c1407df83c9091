"""The samples of a pool with one verifier's verdicts, read in one pass."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from ttc.records import Sample, Verdict, Vote
from ttc.store import verifiers
from ttc.store.pools import Pool
from ttc.store.reading import Part, in_order
from ttc.store.samples import FIELDS, SAMPLE, maker
from ttc.store.sql import SAMPLES_OF_POOLS, rows, storable
from ttc.store.verdicts import vote_in
from ttc.store.verifiers import VerifierId

# Row id of the sample, the sample, and its verdict if there is one.
Row = tuple[int, Sample, Verdict | None]

_JOIN = (
    "LEFT JOIN verdicts ON verdicts.sample_id = samples.id AND verifier_id = :verifier "
    "AND verdicts.reference_id = problems.reference_id"
)
_WITH_VERDICT: Part = (
    f"{SAMPLE[0]}, verdicts.status, verdicts.answer, verdicts.correct, verdicts.score, "
    "verdicts.detail, verdicts.tokens, verifiers.reads_reference, verdicts.reference_id, "
    "verifiers.config",
    f"{SAMPLE[1]} {_JOIN} LEFT JOIN verifiers ON verifiers.id = verifier_id",
)


def judged(
    connection: sqlite3.Connection,
    pool: Pool,
    verifier: VerifierId,
    *,
    by_problem: bool = False,
    problem: str | None = None,
) -> Iterator[Row]:
    """Yield the samples of a pool with a verifier's verdicts under their current references, in
    the order they were stored or, with `by_problem`, problem by problem. `problem` restricts to
    one problem."""
    make = maker(pool)
    given = {"pool": pool.id, "verifier": verifiers.find_verifier(connection, verifier)}
    for row in in_order(connection, _WITH_VERDICT, given, by_problem=by_problem, problem=problem):
        status, answer, correct, score, detail, tokens, *reading = row[FIELDS:]
        verdict = None
        if status is not None:
            decided, reads = None if correct is None else bool(correct), verifiers.read_by(*reading)
            told = answer, decided, score, status, detail, tokens
            verdict = Verdict(*told, reads_reference=reads)
        yield row[0], make(row), verdict


def truths(connection: sqlite3.Connection, pool: Pool, verifier: int) -> dict[str, dict[int, bool]]:
    """Return a verifier's decided verdicts (`correct`) on a pool, by problem and draw index."""
    found = connection.execute(
        f"SELECT problems.name, draw, correct FROM {SAMPLES_OF_POOLS} "
        f"{_JOIN} WHERE pool_id = :pool AND correct IS NOT NULL",
        {"pool": pool.id, "verifier": verifier},
    )
    decided: dict[str, dict[int, bool]] = {}
    for problem, draw, correct in found:
        decided.setdefault(problem, {})[draw] = bool(correct)
    return decided


def of_sample(
    connection: sqlite3.Connection, pool: Pool, sample: Sample, row: int
) -> list[dict[str, Any]]:
    """Return what every verifier, in every version, says of a sample (`row` is its row id) under
    the current reference of its problem: the verifier, the verdict, and the `votes` behind it."""
    key = row, pool.id, storable(sample.problem)
    where = (
        "WHERE sample_id = ? AND reference_id = "
        "(SELECT reference_id FROM problems WHERE pool_id = ? AND name = ?)"
    )
    sql = (
        "SELECT verifiers.id, verifiers.name AS verifier, version, config, answer, correct, score, "
        "status, detail, tokens, created FROM verdicts "
        f"JOIN verifiers ON verifiers.id = verifier_id {where} "
        "ORDER BY verifiers.name, verifiers.id DESC"
    )
    found = rows(connection, sql, key)
    cast: dict[int, list[Vote]] = {}
    for each in rows(connection, f"SELECT * FROM votes {where} ORDER BY position", key):
        cast.setdefault(each["verifier_id"], []).append(vote_in(each))
    return [
        {**each, "config": json.loads(each["config"]), "votes": cast.get(each["id"], [])}
        for each in found
    ]
