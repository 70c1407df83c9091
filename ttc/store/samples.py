"""Samples and attempts: rows are written once and read as records."""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ttc import keys
from ttc.records import Message, Problem, Sample
from ttc.store import token_logprobs
from ttc.store.pools import Pool, problems_of
from ttc.store.reading import Part, in_order
from ttc.store.sql import SAMPLES_BY_KEY, SAMPLES_OF_POOLS, now, rows, storable

if TYPE_CHECKING:
    from ttc.backends import Completion


def drawn(connection: sqlite3.Connection, request_id: int) -> set[int]:
    """Return the draw indices of a request's samples."""
    found = connection.execute("SELECT draw FROM samples WHERE request_id = ?", (request_id,))
    return {int(row[0]) for row in found}


def count_below(connection: sqlite3.Connection, key: str, n: int) -> int:
    """Return how many draws of a key have an index below n."""
    sql = f"SELECT count(*) FROM {SAMPLES_BY_KEY} WHERE key = ? AND draw < ?"
    return int(connection.execute(sql, (key, n)).fetchone()[0])


def elapsed(start: float | None, end: float | None) -> float | None:
    """Return the seconds between two times as stored: rounded to 0.1 ms."""
    return None if start is None or end is None else round(end - start, 4)


def single(confidences: Sequence[float] | None) -> array[float] | None:
    """Return confidences as stored: in single precision, four bytes per token."""
    return None if confidences is None else array("f", confidences)


def _packed(confidences: Sequence[float] | None) -> bytes | None:
    values = single(confidences)
    if values is not None and sys.byteorder == "big":
        values.byteswap()
    return None if values is None else values.tobytes()


def unpacked(kept: bytes | None) -> array[float] | None:
    """Return confidences from their stored form."""
    if kept is None:
        return None
    values = array("f")
    values.frombytes(kept)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def insert(  # noqa: PLR0913 (the columns that are no part of a completion)
    connection: sqlite3.Connection,
    request_id: int,
    draw: int,
    seed: int | None,
    done: Completion,
    *,
    parent: int | None = None,
    origin: str | None = None,
) -> None:
    """Store a finished completion; `parent` is the row id of the sample that it continues, `origin`
    says which draw of which log it is. A draw that is stored already is not changed."""
    cursor = connection.execute(
        "INSERT INTO samples (request_id, draw, parent_id, text, finish_reason, stop, "
        "prompt_tokens, cached_tokens, completion_tokens, think_tokens, logprob, confidences, "
        "seed, seconds, first_token_seconds, created, origin) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (request_id, draw) DO NOTHING",
        (
            request_id,
            draw,
            parent,
            storable(done.text),
            done.finish_reason,
            done.stop,
            done.prompt_tokens,
            done.cached_tokens,
            done.completion_tokens,
            done.think_tokens,
            done.logprob,
            _packed(done.confidences),
            seed,
            elapsed(done.started, done.ended),
            elapsed(done.started, done.first_token),
            now(),
            origin,
        ),
    )
    if done.token_logprobs is not None and cursor.rowcount == 1:
        token_logprobs.keep(connection, int(cursor.lastrowid or 0), done.token_logprobs)


def insert_attempt(
    connection: sqlite3.Connection, request_id: int, draw: int, done: Completion
) -> None:
    """Store a draw that gave no sample: an error, or a cancellation with its cost."""
    connection.execute(
        "INSERT INTO attempts (request_id, draw, status, detail, text, prompt_tokens, "
        "completion_tokens, think_tokens, logprob, seconds, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            request_id,
            draw,
            done.finish_reason,
            done.error,
            storable(done.text),
            done.prompt_tokens,
            done.completion_tokens,
            done.think_tokens,
            done.logprob,
            elapsed(done.started, done.ended),
            now(),
        ),
    )


def cancelled_in(connection: sqlite3.Connection, pool: Pool) -> int:
    """Return how many draws of a pool were cancelled and never finished since."""
    sql = (
        "SELECT count(DISTINCT problems.id || '/' || attempts.draw) FROM problems "
        "JOIN attempts USING (request_id) WHERE pool_id = ? AND status = 'cancelled' "
        "AND NOT EXISTS (SELECT 1 FROM samples WHERE samples.request_id = attempts.request_id "
        "AND samples.draw = attempts.draw)"
    )
    return int(connection.execute(sql, (pool.id,)).fetchone()[0])


# The columns of a sample, in the order of its fields.
SAMPLE: Part = (
    "samples.id, problems.name, samples.draw, samples.text, samples.finish_reason, "
    "samples.prompt_tokens, samples.completion_tokens, samples.logprob, samples.confidences, "
    "samples.seconds, samples.seed, samples.stop, requests.model, requests.identity, "
    "refs.content, requests.key, requests.prompt_id, problems.tags, samples.think_tokens",
    "JOIN requests ON requests.id = problems.request_id "
    "JOIN refs ON refs.id = problems.reference_id",
)
FIELDS = SAMPLE[0].count(",") + 1


def maker(pool: Pool) -> Callable[[tuple[Any, ...]], Sample]:
    """Return a function from the columns of SAMPLE to a Sample. Shared JSON is parsed once."""
    parameters = lru_cache(1024)(lambda identity: keys.shown_params(json.loads(identity)))
    shared = lru_cache(1024)(json.loads)

    def make(row: tuple[Any, ...]) -> Sample:
        _, problem, draw, text, reason, asked, generated, logprob, confidences, *rest = row[:FIELDS]
        seconds, seed, stop, model, identity, reference, key, prompt, tags, thought = rest
        return Sample(
            problem,
            draw,
            text,
            reason,
            asked,
            generated,
            logprob,
            unpacked(confidences),
            seconds,
            seed,
            stop,
            pool.name,
            model,
            parameters(identity),
            shared(reference),
            key,
            prompt,
            tags=shared(tags),
            think_tokens=thought,
        )

    return make


def of_pool(
    connection: sqlite3.Connection,
    pool: Pool,
    *,
    problem: str | None = None,
    below: int | None = None,
    by_problem: bool = False,
) -> Iterator[tuple[int, Sample]]:
    """Yield row id and sample of a pool, in the order they were stored or problem by problem.

    `problem` restricts to one problem, `below` to smaller draw indices.
    """
    make = maker(pool)
    how: dict[str, Any] = {"problem": problem, "below": below, "by_problem": by_problem}
    for row in in_order(connection, SAMPLE, {"pool": pool.id}, **how):
        yield row[0], make(row)


def draw_of(
    connection: sqlite3.Connection, pool: Pool, problem: str, index: int
) -> tuple[int, Sample] | None:
    """Return row id and sample of one draw of a pool; None if there is no such draw."""
    sql = (
        f"SELECT {SAMPLE[0]} FROM problems JOIN samples USING (request_id) {SAMPLE[1]} "
        "WHERE pool_id = ? AND problems.name = ? AND samples.draw = ?"
    )
    row = connection.execute(sql, (pool.id, storable(problem), index)).fetchone()
    return None if row is None else (row[0], maker(pool)(row))


def asked(connection: sqlite3.Connection, prompt_id: str) -> tuple[Message, ...]:
    """Return a prompt by its digest, a raw one as a single user turn; empty if it is unknown."""
    for row in rows(connection, "SELECT content FROM prompts WHERE id = ?", (prompt_id,)):
        content = json.loads(row["content"])
        if "prompt" in content:
            return (Message("user", content["prompt"]),)
        return tuple(Message(**turn) for turn in content["messages"])
    return ()


def problem_of(connection: sqlite3.Connection, pool: Pool, name: str) -> Problem | None:
    """Return a problem of a pool as the model saw it; None if it has no such problem."""
    return next(iter(problems_of(connection, pool, name)), None)


def speed(connection: sqlite3.Connection, pool: Pool) -> float | None:
    """Return the tokens per second of a pool's finished runs on this machine, all draws together.

    None if there are no such runs or if any token count is unknown. Runs whose clock was set back
    are left out.
    """
    row = connection.execute(
        f"""
        SELECT sum(julianday(ended) - julianday(started)) * 86400,
          sum((SELECT sum(completion_tokens) FROM {SAMPLES_OF_POOLS}
            WHERE pool_id = runs.pool_id AND samples.created BETWEEN started AND ended)),
          sum((SELECT sum(completion_tokens IS NULL) FROM {SAMPLES_OF_POOLS}
            WHERE pool_id = runs.pool_id AND samples.created BETWEEN started AND ended))
        FROM runs WHERE pool_id = ? AND ended > started AND host = ?
        """,
        (pool.id, socket.gethostname()),
    ).fetchone()
    return float(row[1]) / float(row[0]) if row[0] and row[1] and not row[2] else None
