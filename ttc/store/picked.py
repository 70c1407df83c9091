"""The draws of a pool that are wrong, undecided or truncated, with what a table tells of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ttc.errors import wrong_option
from ttc.records import INFRA
from ttc.store.pools import Pool
from ttc.store.sql import SAMPLES_OF_POOLS, rows, storable

_JUDGED = f"status NOT IN ({', '.join(map(repr, INFRA))})"  # NULL, and so not true, without one
# What a draw must be. An INFRA status is no verdict.
KINDS: Mapping[str, str] = {
    "wrong": f"correct = 0 AND {_JUDGED}",
    "undecided": f"correct IS NULL AND {_JUDGED}",
    "truncated": "finish_reason = 'length'",
}
# The question as the model saw it: a raw prompt, or the last turn; NULL if it is unknown.
QUESTION = (
    "coalesce(json_extract(prompts.content, '$.prompt'), "
    "json_extract(prompts.content, '$.messages[#-1].content'))"
)
# What a statement over `problems` joins to have it.
ASKED = (
    "JOIN requests ON requests.id = problems.request_id "
    "JOIN prompts ON prompts.id = requests.prompt_id"
)


@dataclass(frozen=True, slots=True)
class Picked:
    """A draw: the row ids of its problem and sample, its index, and what a verifier says of it."""

    problem_id: int
    sample_id: int
    problem: str
    index: int
    finish_reason: str
    completion_tokens: int | None
    answer: str | None
    correct: bool | None
    status: str | None
    detail: str | None


def draws(
    connection: sqlite3.Connection,
    pool: Pool,
    verifier: int | None,
    kinds: Iterable[str],
    problem: str | None = None,
) -> list[Picked]:
    """Return the draws of a pool that are of all these KINDS, by problem and index.

    `verifier` is the row id of the one whose verdicts count, `problem` restricts to one. UsageError
    for a kind that there is not.
    """
    wanted = list(kinds)
    for kind in wanted:
        if kind not in KINDS:
            raise wrong_option("kind", kind, f"there are {', '.join(KINDS)}")
    where = "".join(f" AND {KINDS[kind]}" for kind in wanted)
    found = connection.execute(
        f"""
        SELECT problems.id, samples.id, problems.name, draw, finish_reason, completion_tokens,
          answer, correct, status, detail
        FROM {SAMPLES_OF_POOLS} LEFT JOIN verdicts ON sample_id = samples.id
          AND verifier_id = :verifier AND verdicts.reference_id = problems.reference_id
        WHERE pool_id = :pool AND (:problem IS NULL OR problems.name = :problem){where}
        ORDER BY problems.id, draw
        """,
        {
            "pool": pool.id,
            "verifier": verifier,
            "problem": None if problem is None else storable(problem),
        },
    )
    # A row has the fields in their order, with 0 or 1 for `correct`.
    return [_made(row) for row in found]


def _made(row: tuple[Any, ...]) -> Picked:
    made = Picked(*row)
    return made if made.correct is None else replace(made, correct=bool(made.correct))


def spread(found: list[Picked], most: int | None) -> list[Picked]:
    """Return at most so many draws, of as many problems as possible, in their order."""
    if most is None or len(found) <= most:
        return found
    place: dict[int, int] = {}
    turns = []
    for at, each in enumerate(found):
        turns.append((place.setdefault(each.problem_id, 0), at))
        place[each.problem_id] += 1
    return [found[at] for at in sorted(at for _, at in sorted(turns)[:most])]


def questions(connection: sqlite3.Connection, pool: Pool, most: int = 1000) -> dict[str, str]:
    """Return the beginning of the question of each problem of a pool that is known, by name."""
    sql = f"SELECT problems.name, substr({QUESTION}, 1, ?) FROM problems {ASKED} WHERE pool_id = ?"
    found = connection.execute(sql, (most, pool.id))
    return {name: question for name, question in found if question is not None}


def references(connection: sqlite3.Connection, pool: Pool) -> Iterator[tuple[str, str, str]]:
    """Yield name, reference as JSON, and the reference's digest of each problem of a pool."""
    sql = (
        "SELECT problems.name, refs.content, refs.id FROM problems "
        "JOIN refs ON refs.id = reference_id WHERE pool_id = ? ORDER BY problems.id"
    )
    yield from connection.execute(sql, (pool.id,))


def tallies(
    connection: sqlite3.Connection, pool: Pool, verifier: int | None
) -> Iterator[dict[str, Any]]:
    """Yield for each problem and answer of a pool: how many judged draws gave it, and how many of
    them are correct, wrong or undecided; the most frequent answer of a problem first."""
    return rows(
        connection,
        f"""
        SELECT problems.name AS problem, answer, count(*) AS draws,
          coalesce(sum(correct), 0) AS correct, count(correct) AS decided
        FROM {SAMPLES_OF_POOLS} JOIN verdicts ON sample_id = samples.id
          AND verifier_id = ? AND verdicts.reference_id = problems.reference_id
        WHERE pool_id = ? AND {_JUDGED} GROUP BY problems.id, answer
        ORDER BY problems.id, draws DESC, min(draw)
        """,
        (verifier, pool.id),
    )


def one(connection: sqlite3.Connection, pool: Pool, name: str) -> tuple[str | None, str]:
    """Return the beginning of the question of a problem of a pool, and its reference as JSON."""
    sql = (
        f"SELECT substr({QUESTION}, 1, 1000), refs.content FROM problems {ASKED} "
        "JOIN refs ON refs.id = reference_id WHERE pool_id = ? AND problems.name = ?"
    )
    found: tuple[str | None, str] = connection.execute(sql, (pool.id, name)).fetchone()
    return found
