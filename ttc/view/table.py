"""A pool in memory, as columns: what the page filters, sorts and counts by, without the texts.

A draw takes about 60 bytes. Draws have numbers: the problems' order in the pool, then the draw
index. `Table` has what is read, `facets` what follows from it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import count
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ttc.records import INFRA
from ttc.store import columns
from ttc.store.pools import Pool

Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

UNKNOWN = -1  # a token count that the backend did not tell; a verdict that is undecided
NO_ANSWER = -1
LONG = 256  # characters of an answer that stay in memory
SLOW, PATIENCE, LONGEST = 1.0, 4.0, 30.0  # seconds; how many times as long; seconds


@dataclass(frozen=True, slots=True)
class Draws:
    """The columns of draws, all of one length, in the order of the draws' numbers.

    `sample` is the row id, `problem` the number of the problem, `answer` the place in `answers`,
    `status` that in `statuses`; `correct` is 1, 0 or -1 (undecided); `score` is NaN where there is
    none. Of a long answer `answers` has the beginning; no two are equal.
    """

    sample: Ints
    problem: NDArray[np.int32]
    index: Ints
    truncated: Mask
    tokens: Ints
    thought: Ints
    judged: Mask
    status: NDArray[np.int32]
    answer: NDArray[np.int32]
    correct: NDArray[np.int8]
    score: NDArray[np.float64]
    answers: Sequence[str]
    statuses: Sequence[str]

    def __len__(self) -> int:
        return len(self.sample)


@dataclass(frozen=True)
class Table:
    """The draws of a pool with the verdicts of the verifier that counts (a row id; None: of none).

    `names`, `rows` (row ids) and `tags` are those of the problems, by number; `contested` marks the
    draws on which verifiers disagree; `attempts` are the draws that failed or were cancelled.
    """

    pool: Pool
    verifier: int | None
    names: Sequence[str]
    rows: Ints
    tags: Sequence[Mapping[str, str]]
    draws: Draws
    contested: Mask
    attempts: Sequence[Mapping[str, Any]]
    kept: dict[Any, Any] = field(default_factory=dict)  # what was computed of it
    serial: int = field(default_factory=count().__next__)  # no other table has it
    began: float = field(default_factory=time.monotonic)
    ended: float = field(default_factory=time.monotonic)

    @cached_property
    def starts(self) -> Ints:
        """The number of the first draw of each problem, and at the end the number of draws."""
        counts = np.bincount(self.draws.problem, minlength=len(self.names))
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of each problem by its name."""
        return {name: at for at, name in enumerate(self.names)}

    def lasts(self, now: float) -> bool:
        """Return whether a pool that has changed is still shown as it was: reading it took long,
        and not long ago. Else a pool of a million draws that grows would be read all the time."""
        took = self.ended - self.began
        return took > SLOW and now - self.ended < min(PATIENCE * took, LONGEST)

    def of_problem(self, number: int) -> slice:
        """Return the places of a problem's draws."""
        return slice(int(self.starts[number]), int(self.starts[number + 1]))

    def per_problem(self, mask: Mask) -> Ints:
        """Return how many draws of each problem are in a mask."""
        return np.bincount(self.draws.problem[mask], minlength=len(self.names))


class _Codes:
    """Numbers texts in the order in which they come. Of a long one it keeps the beginning, which is
    told from others that begin alike."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self._places: dict[str | bytes, int] = {}
        self._taken: set[str] = set()

    def of(self, texts: Sequence[str | None]) -> NDArray[np.int32]:
        places, coded = self._places, []
        for text in texts:
            if text is None:
                coded.append(-1)
                continue
            key = text if len(text) <= LONG else blake2b(text.encode(), digest_size=16).digest()
            place = places.get(key)
            coded.append(self._add(key, text) if place is None else place)
        return np.array(coded, dtype=np.int32)

    def _add(self, key: str | bytes, text: str) -> int:
        shown, number = text, 1
        if len(text) > LONG:
            while shown in self._taken or number == 1:
                shown = f"{text[:LONG]}…" + (f" ({number})" if number > 1 else "")
                number += 1
        self._taken.add(shown)
        self.shown.append(shown)
        place = self._places[key] = len(self.shown) - 1
        return place


def read(
    connection: sqlite3.Connection, pool: Pool, verifier: int | None, verifiers: Sequence[int]
) -> Table:
    """Read a pool in one snapshot; `verifiers` are those whose disagreement is marked."""
    began = time.monotonic()
    connection.execute("BEGIN")
    try:
        found = columns.problems(connection, pool)
        rows = np.array([row[0] for row in found], dtype=np.int64)
        draws = _draws(connection, pool, verifier, rows)
        apart = np.zeros(len(draws), dtype=bool)
        if len(verifiers) > 1:
            pairs = np.array(columns.contested(connection, pool, verifiers), dtype=np.int64)
            sample, problem = pairs.reshape(-1, 2).T
            # Two problems of a pool may share their samples, and have other references.
            found_at = sample * len(rows) + np.searchsorted(rows, problem)
            apart = np.isin(draws.sample * len(rows) + draws.problem, found_at)
        attempts = columns.attempts(connection, pool)
    finally:
        connection.execute("ROLLBACK")
    parsed: dict[str, Mapping[str, str]] = {}
    for row in found:
        if row[2] not in parsed:
            parsed[row[2]] = json.loads(row[2])
    places = {int(row): at for at, row in enumerate(rows)}
    return Table(
        pool,
        verifier,
        [row[1] for row in found],
        rows,
        [parsed[row[2]] for row in found],
        draws,
        apart,
        [{**row, "problem": places[row["problem"]]} for row in attempts],
        began=began,
    )


def _draws(
    connection: sqlite3.Connection, pool: Pool, verifier: int | None, problems: Ints
) -> Draws:
    answers, statuses = _Codes(), _Codes()
    parts: list[tuple[NDArray[Any], ...]] = []
    for chunk in columns.draws(connection, pool, verifier):
        ids, rows, at, spent, thoughts, marked, told, said, scored = zip(*chunk, strict=True)
        parts.append(
            (
                np.array(ids, dtype=np.int64),
                np.searchsorted(problems, np.array(rows, dtype=np.int64)).astype(np.int32),
                np.array(at, dtype=np.int64),
                np.array(spent, dtype=np.int64),
                np.array(thoughts, dtype=np.int64),
                np.array(marked, dtype=np.int8),
                statuses.of(["ok" if each == 1 else each for each in told]),
                answers.of(said),
                np.array(scored, dtype=np.float64),
            )
        )
    if not parts:
        parts = [tuple(np.zeros(0, dtype=np.int64) for _ in range(9))]
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    parts.clear()
    order = np.lexsort((joined[2], joined[1]))
    sample, problem, index, tokens, thought, marks, status, answer, score = (
        column[order] for column in joined
    )
    failed = [at for at, name in enumerate(statuses.shown) if name in INFRA]
    return Draws(
        sample=sample,
        problem=problem,
        index=index,
        truncated=marks >= 4,
        tokens=tokens,
        thought=thought,
        judged=(status >= 0) & ~np.isin(status, failed),
        status=status,
        answer=answer,
        correct=(marks % 4 - 1).astype(np.int8),
        score=score,
        answers=answers.shown,
        statuses=statuses.shown,
    )
