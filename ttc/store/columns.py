"""The draws of a pool as columns, for the page of `ttc view`: what it filters, sorts and counts by.

The verdicts are those of `ttc.store.verdicts.outcomes`: of one verifier, under the current
references. Texts are not read. Rows come in chunks, in no order.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ttc.records import INFRA
from ttc.store.picked import ASKED, QUESTION
from ttc.store.pools import Pool
from ttc.store.sql import SAMPLES_OF_POOLS, rows

CHUNK = 20_000

_DRAWS = f"""
SELECT samples.id, problems.id, draw, coalesce(completion_tokens, -1), coalesce(think_tokens, -1),
  (finish_reason = 'length') * 4 + coalesce(correct, -1) + 1,
  CASE status WHEN 'ok' THEN 1 ELSE status END, answer, score
FROM {SAMPLES_OF_POOLS}
  LEFT JOIN verdicts ON sample_id = samples.id AND verifier_id = :verifier
    AND verdicts.reference_id = problems.reference_id
WHERE pool_id = :pool
"""
_FAILED = ", ".join(f"'{status}'" for status in INFRA)
_APART = f"""
SELECT samples.id, problems.id FROM {SAMPLES_OF_POOLS}
  JOIN verdicts AS one ON one.sample_id = samples.id AND one.reference_id = problems.reference_id
  JOIN verdicts AS other ON other.sample_id = samples.id
    AND other.reference_id = problems.reference_id AND other.verifier_id > one.verifier_id
WHERE pool_id = :pool AND one.correct != other.correct
  AND one.verifier_id IN ({{verifiers}}) AND other.verifier_id IN ({{verifiers}})
  AND one.status NOT IN ({_FAILED}) AND other.status NOT IN ({_FAILED})
"""
# A draw that failed or was cancelled, and was never finished since: its last attempt.
_ATTEMPTS = """
SELECT max(attempts.id) AS id, problems.id AS problem, attempts.draw AS "index", status,
  attempts.completion_tokens, attempts.think_tokens, count(*) AS attempts
FROM problems JOIN attempts USING (request_id)
WHERE pool_id = ? AND NOT EXISTS (SELECT 1 FROM samples
  WHERE samples.request_id = attempts.request_id AND samples.draw = attempts.draw)
GROUP BY problems.id, attempts.draw, status ORDER BY problems.id, attempts.draw
"""
# The question with all messages before it: what is searched.
_WHOLE = (
    "coalesce(json_extract(prompts.content, '$.prompt'), "
    "(SELECT group_concat(json_extract(turn.value, '$.content'), char(10)) "
    "FROM json_each(prompts.content, '$.messages') AS turn))"
)
_REFERENCE = "coalesce(json_extract(refs.content, '$.answer'), nullif(refs.content, '{}'))"


def problems(connection: sqlite3.Connection, pool: Pool) -> list[tuple[int, str, str]]:
    """Return row id, name and tags (as JSON) of the problems of a pool in their order."""
    sql = "SELECT id, name, tags FROM problems WHERE pool_id = ? ORDER BY id"
    return connection.execute(sql, (pool.id,)).fetchall()


def draws(
    connection: sqlite3.Connection, pool: Pool, verifier: int | None
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield chunks of rows: sample, problem (row ids), draw index, completion and thought tokens
    (-1: unknown), marks, status (None: not judged; 1: ok), answer and score.

    The marks are 0 (undecided), 1 (wrong) or 2 (right), and 4 more if the draw is truncated. They
    are one number since making the rows takes most of the time.
    """
    cursor = connection.execute(_DRAWS, {"pool": pool.id, "verifier": verifier})
    while found := cursor.fetchmany(CHUNK):
        yield found


def contested(
    connection: sqlite3.Connection, pool: Pool, verifiers: Iterable[int]
) -> list[tuple[int, int]]:
    """Return the row ids of sample and problem of the draws that one of these verifiers calls right
    and another wrong, once for each two that disagree."""
    sql = _APART.format(verifiers=", ".join(str(int(each)) for each in verifiers))
    return connection.execute(sql, {"pool": pool.id}).fetchall()


def attempts(connection: sqlite3.Connection, pool: Pool) -> list[dict[str, Any]]:
    """Return the draws of a pool that failed or were cancelled and never finished since, a row for
    each status that a draw had: its last attempt, and how many there were."""
    return list(rows(connection, _ATTEMPTS, (pool.id,)))


def matching(connection: sqlite3.Connection, pool: Pool, needle: str) -> Sequence[int]:
    """Return the row ids of the samples whose text has a text in it, in any case."""
    low, lowered = _lowering(connection, needle)
    sql = f"SELECT samples.id FROM {SAMPLES_OF_POOLS} WHERE pool_id = ? AND instr({low}(text), ?)"
    return [row[0] for row in connection.execute(sql, (pool.id, lowered))]


def matching_problems(connection: sqlite3.Connection, pool: Pool, needle: str) -> Sequence[int]:
    """Return the row ids of the problems whose name or question has a text in it, in any case."""
    low, lowered = _lowering(connection, needle)
    sql = (
        f"SELECT problems.id FROM problems {ASKED} WHERE pool_id = :pool "
        f"AND (instr({low}(problems.name), :text) OR instr({low}({_WHOLE}), :text))"
    )
    given = {"pool": pool.id, "text": lowered}
    return [row[0] for row in connection.execute(sql, given)]


def asked(
    connection: sqlite3.Connection, problem_ids: Iterable[int], most: int
) -> dict[int, tuple[str | None, str | None]]:
    """Return the beginning of the question and of the reference of problems, by row id; None for
    one that is not known."""
    sql = (
        f"SELECT problems.id, substr({QUESTION}, 1, :most), substr({_REFERENCE}, 1, :most) "
        "FROM json_each(:these) AS these CROSS JOIN problems ON problems.id = these.value "
        f"{ASKED} JOIN refs ON refs.id = problems.reference_id"
    )
    given = {"these": json.dumps(list(problem_ids)), "most": most}
    return {row[0]: (row[1], row[2]) for row in connection.execute(sql, given)}


def questions(connection: sqlite3.Connection, problem_ids: Iterable[int]) -> dict[int, str | None]:
    """Return what is searched of problems besides their names, by row id: all messages."""
    sql = (
        f"SELECT problems.id, {_WHOLE} FROM json_each(?) AS these "
        f"CROSS JOIN problems ON problems.id = these.value {ASKED}"
    )
    return dict(connection.execute(sql, (json.dumps(list(problem_ids)),)).fetchall())


def texts(connection: sqlite3.Connection, sample_ids: Iterable[int]) -> dict[int, str]:
    """Return the texts of samples by row id."""
    sql = (
        "SELECT samples.id, text FROM json_each(?) AS these "
        "CROSS JOIN samples ON samples.id = these.value"
    )
    return dict(connection.execute(sql, (json.dumps(list(sample_ids)),)).fetchall())


def _lowering(connection: sqlite3.Connection, needle: str) -> tuple[str, str]:
    """Return the SQL function that folds case as a text needs it, and the text folded.

    SQLite's own knows ASCII alone. LIKE is not used: it stops at a NUL.
    """
    if needle.isascii():
        return "lower", needle.lower()
    connection.create_function("ttc_fold", 1, _fold, deterministic=True)
    return "ttc_fold", needle.casefold()


def _fold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def right(connection: sqlite3.Connection, pool: Pool, verifier: int | None) -> tuple[int, int]:
    """Return how many draws a verifier called right or wrong, and how many right."""
    sql = (
        f"SELECT count(correct), coalesce(sum(correct), 0) FROM {SAMPLES_OF_POOLS} "
        "JOIN verdicts ON sample_id = samples.id AND verdicts.reference_id = problems.reference_id "
        "WHERE pool_id = ? AND verifier_id = ?"
    )
    found = connection.execute(sql, (pool.id, verifier)).fetchone()
    return int(found[0]), int(found[1])


def held(connection: sqlite3.Connection, pool: Pool) -> dict[str, int]:
    """Return how many samples of a pool are truncated, and how many draws failed or were cancelled
    and never finished since."""
    sql = (
        "SELECT coalesce(sum(truncated), 0) FROM problems JOIN request_counts USING (request_id) "
        "WHERE pool_id = ?"
    )
    ended = [row["status"] for row in attempts(connection, pool)]
    return {
        "truncated": int(connection.execute(sql, (pool.id,)).fetchone()[0]),
        "failed": ended.count("error"),
        "cancelled": ended.count("cancelled"),
    }


def attempt_texts(
    connection: sqlite3.Connection, attempt_ids: Iterable[int]
) -> dict[int, tuple[str | None, str]]:
    """Return detail and text of attempts by row id."""
    sql = (
        "SELECT attempts.id, detail, text FROM json_each(?) AS these "
        "CROSS JOIN attempts ON attempts.id = these.value"
    )
    found = connection.execute(sql, (json.dumps(list(attempt_ids)),))
    return {row[0]: (row[1], row[2]) for row in found}
