"""Verdicts: keyed by sample, verifier (name, version, configuration) and reference."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from math import nan
from typing import Any

from ttc import keys
from ttc.errors import StoreError
from ttc.records import INFRA, Outcome, Sample, Verdict, Vote
from ttc.store.pools import Pool
from ttc.store.sql import SAMPLES_BY_KEY, SAMPLES_OF_POOLS, now, one, rows, storable
from ttc.store.verifiers import VerifierId, find_verifier, read_by, verifier_id

_SAMPLE_IS = (
    "SELECT key FROM samples JOIN requests ON requests.id = request_id "
    "WHERE samples.id = ? AND draw = ?"
)


def keep(
    connection: sqlite3.Connection, sample_id: int, verifier: int, sample: Sample, verdict: Verdict
) -> None:
    """Store a verdict; it replaces an earlier one of the same sample, verifier and reference.

    StoreError if the sample was removed since it was read: its row may be another one's now.
    """
    there = one(connection, _SAMPLE_IS, sample_id, sample.index)
    if there is None or (sample.key is not None and there[0] != sample.key):
        raise StoreError(
            f"{sample.problem} draw {sample.index}: its sample was removed meanwhile (ttc rm); "
            "what was judged before it is kept"
        )
    put(connection, (sample_id, verifier, _reference(connection, sample)), verdict)


def put(connection: sqlite3.Connection, key: tuple[int, int, str], verdict: Verdict) -> None:
    """Store a verdict under its key: row ids of sample and verifier, and the reference's digest."""
    connection.execute(
        "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        # Not OR REPLACE: see `ttc.store.migrations.counts`.
        "ON CONFLICT (sample_id, verifier_id, reference_id) DO UPDATE SET "
        "answer = excluded.answer, correct = excluded.correct, score = excluded.score, "
        "status = excluded.status, detail = excluded.detail, created = excluded.created, "
        "tokens = excluded.tokens",
        (
            *key,
            None if verdict.answer is None else storable(verdict.answer),
            verdict.correct,
            verdict.score,
            verdict.status,
            storable(verdict.detail),
            now(),
            verdict.tokens,
        ),
    )
    connection.execute(
        "DELETE FROM votes WHERE sample_id = ? AND verifier_id = ? AND reference_id = ?", key
    )
    for at, vote in enumerate(verdict.votes):
        _insert_vote(connection, key, at, vote)


def keep_vote(
    connection: sqlite3.Connection, verifier: VerifierId, sample: Sample, at: int, vote: Vote
) -> None:
    """Store one vote before its verdict exists, if the sample is in the store."""
    if (row := sample_row(connection, sample)) is not None:
        key = row, verifier_id(connection, verifier), _reference(connection, sample)
        _insert_vote(connection, key, at, vote)


def votes_on(
    connection: sqlite3.Connection, verifier: VerifierId, sample: Sample
) -> dict[int, Vote]:
    """Return the votes on a sample by position, whether or not there is a verdict yet."""
    judge, row = find_verifier(connection, verifier), sample_row(connection, sample)
    if judge is None or row is None:
        return {}
    found = rows(
        connection,
        "SELECT * FROM votes WHERE sample_id = ? AND verifier_id = ? AND reference_id = ?",
        (row, judge, keys.reference_id(sample.reference)),
    )
    return {each["position"]: vote_in(each) for each in found}


def vote_in(row: Mapping[str, Any]) -> Vote:
    return Vote(row["value"], row["text"], row["prompt_tokens"], row["completion_tokens"])


def _insert_vote(
    connection: sqlite3.Connection, key: tuple[int, int, str], at: int, vote: Vote
) -> None:
    spent = vote.prompt_tokens, vote.completion_tokens
    connection.execute(
        "INSERT OR REPLACE INTO votes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*key, at, vote.value, storable(vote.text), *spent),
    )


def _reference(connection: sqlite3.Connection, sample: Sample) -> str:
    """Return the id of a sample's reference; create the row if needed."""
    reference = keys.reference_id(sample.reference)
    content = keys.canonical_json(sample.reference)
    connection.execute("INSERT OR IGNORE INTO refs VALUES (?, ?)", (reference, content))
    return reference


def kept(connection: sqlite3.Connection, pool: Pool, verifier: VerifierId) -> dict[int, Verdict]:
    """Return the verdicts of one verifier on a pool, under its current references, by sample id."""
    row = find_verifier(connection, verifier)
    return {} if row is None else by_sample(connection, pool, row)


def by_sample(
    connection: sqlite3.Connection, pool: Pool, verifier: int, problem: str | None = None
) -> dict[int, Verdict]:
    """Return the verdicts of a verifier (by row id) on a pool, or on one problem of it, by sample
    id."""
    found = rows(
        connection,
        f"SELECT verdicts.*, reads_reference, config FROM {SAMPLES_OF_POOLS} "
        "JOIN verdicts ON sample_id = samples.id AND verdicts.reference_id = problems.reference_id "
        "JOIN verifiers ON verifiers.id = verifier_id WHERE pool_id = :pool "
        f"AND verifier_id = :verifier{'' if problem is None else ' AND problems.name = :problem'}",
        {"pool": pool.id, "verifier": verifier, "problem": problem},
    )
    return {row["sample_id"]: _verdict(row) for row in found}


def votes(connection: sqlite3.Connection, pool: Pool, verifier: int) -> dict[int, list[Vote]]:
    """Return the votes behind a judge's verdicts on a pool, by sample id, in order of position."""
    found = rows(
        connection,
        f"SELECT votes.* FROM {SAMPLES_OF_POOLS} "
        "JOIN votes ON sample_id = samples.id AND votes.reference_id = problems.reference_id "
        "WHERE pool_id = ? AND verifier_id = ? ORDER BY sample_id, position",
        (pool.id, verifier),
    )
    cast: dict[int, list[Vote]] = {}
    for row in found:
        cast.setdefault(row["sample_id"], []).append(vote_in(row))
    return cast


def _verdict(row: Mapping[str, Any]) -> Verdict:
    correct = None if row["correct"] is None else bool(row["correct"])
    told = row["status"], row["detail"], row["tokens"]
    reads = read_by(row["reads_reference"], row["reference_id"], row["config"])
    return Verdict(row["answer"], correct, row["score"], *told, reads_reference=reads)


def outcomes(
    connection: sqlite3.Connection,
    pool: Pool,
    verifier: int | None,
    *,
    text: bool = False,
    scorers: Mapping[str, int] | None = None,
) -> Iterator[tuple[str, bool, Outcome]]:
    """Yield the problem, whether it is judged, and the outcome of every sample of a pool.

    A verdict with an INFRA status counts as not judged.

    `scorers` are other verifiers, by the name that their scores get in `Outcome.scores`: NaN for a
    draw without a score (no text, a judge that abstained), missing for one the verifier failed on.
    """
    scores: dict[int, dict[str, float]] = {}
    spent: dict[int, int] = {}
    for name, scorer in (scorers or {}).items():
        for sample, verdict in by_sample(connection, pool, scorer).items():
            if verdict.status != "error":
                score = nan if verdict.score is None else verdict.score
                scores.setdefault(sample, {})[name] = score
            if verdict.tokens is not None and scorer != verifier:
                spent[sample] = spent.get(sample, 0) + verdict.tokens
    column = "samples.text" if text else "NULL"
    found = rows(
        connection,
        f"""
        SELECT problems.name AS problem, samples.id AS sample, draw, answer, correct, score,
          logprob, prompt_tokens, completion_tokens, think_tokens, finish_reason, seconds,
          {column} AS text, status, verdicts.tokens AS verifier_tokens
        FROM {SAMPLES_OF_POOLS}
          LEFT JOIN verdicts ON sample_id = samples.id AND verifier_id = :verifier
            AND verdicts.reference_id = problems.reference_id
        WHERE pool_id = :pool ORDER BY problems.id, draw
        """,
        {"pool": pool.id, "verifier": verifier},
    )
    for row in found:
        yield (
            row["problem"],
            row["status"] is not None and row["status"] not in INFRA,
            Outcome(
                index=row["draw"],
                answer=row["answer"],
                correct=None if row["correct"] is None else bool(row["correct"]),
                score=row["score"],
                logprob=row["logprob"],
                prompt_tokens=row["prompt_tokens"],
                completion_tokens=row["completion_tokens"],
                finish_reason=row["finish_reason"],
                seconds=row["seconds"],
                text=row["text"],
                verifier_tokens=_both(row["verifier_tokens"], spent.get(row["sample"])),
                scores=scores.get(row["sample"]),
                think_tokens=row["think_tokens"],
            ),
        )


def _both(tokens: int | None, others: int | None) -> int | None:
    return others if tokens is None else tokens + (others or 0)


def sample_row(connection: sqlite3.Connection, sample: Sample) -> int | None:
    """Return the row id of a sample that came from a pipe or a file, or None.

    Key, draw index and text must all agree: a line that was edited on the way is not the store's.
    """
    if sample.key is None:
        return None
    row = connection.execute(
        f"SELECT samples.id, text FROM {SAMPLES_BY_KEY} WHERE key = ? AND draw = ?",
        (sample.key, sample.index),
    ).fetchone()
    return int(row[0]) if row is not None and row[1] == storable(sample.text) else None
