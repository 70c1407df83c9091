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


def of_problem(
    connection: sqlite3.Connection, pool: Pool, problem: str, index: int | None = None
) -> dict[int, list[dict[str, Any]]]:
    """Return what every verifier, in every version, says of the samples of a problem, or of one of
    them, under the current reference: by row id of the sample, a row for each verifier with the
    verdict and the `votes` behind it."""
    given = {"pool": pool.id, "name": storable(problem), "index": index}
    joined = (
        f"FROM {SAMPLES_OF_POOLS} JOIN {{}} AS each ON each.sample_id = samples.id "
        "AND each.reference_id = problems.reference_id {} WHERE pool_id = :pool "
        f"AND problems.name = :name{'' if index is None else ' AND draw = :index'} "
    )
    sql = (
        "SELECT sample_id, verifiers.id, verifiers.name AS verifier, version, config, answer, "
        "correct, score, status, detail, tokens, each.created "
        + joined.format("verdicts", "JOIN verifiers ON verifiers.id = verifier_id")
        + "ORDER BY verifiers.name, verifiers.id DESC"
    )
    cast: dict[tuple[int, int], list[Vote]] = {}
    votes = "SELECT each.* " + joined.format("votes", "") + "ORDER BY position"
    for row in rows(connection, votes, given):
        cast.setdefault((row["sample_id"], row["verifier_id"]), []).append(vote_in(row))
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows(connection, sql, given):
        sample = row.pop("sample_id")
        about = {"config": json.loads(row["config"]), "votes": cast.get((sample, row["id"]), [])}
        found.setdefault(sample, []).append({**row, **about})
    return found
