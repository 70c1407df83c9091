"""Pools with a known truth: answers, lengths, scores and log-probabilities drawn from laws."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ttc.records import Outcome, Problem
from ttc.store import Store, pools, verifiers
from ttc.store.sql import now

TEXT = "The answer follows from the steps above. "


class Draws(NamedTuple):
    """The draws of one problem, an array each; answer 0 is the correct one, −1 is none."""

    answer: NDArray[np.int64]
    tokens: NDArray[np.int64]
    score: NDArray[np.float64]
    logprob: NDArray[np.float64]

    def outcomes(self) -> list[Outcome]:
        """Return them as selectors see them."""
        columns = (column.tolist() for column in self)
        return [
            Outcome(
                index=i,
                answer=None if answer < 0 else str(answer),
                correct=answer == 0,
                score=score,
                logprob=logprob,
                prompt_tokens=60,
                completion_tokens=tokens,
                finish_reason="stop",
            )
            for i, (answer, tokens, score, logprob) in enumerate(zip(*columns, strict=True))
        ]


def drawn(problems: int, n: int, seed: int, answers: int = 28) -> Iterator[Draws]:
    """Yield the draws of each problem: a share of correct ones from Beta(0.8, 1.2), wrong answers
    that thin out, a tenth of the hard problems' draws without an answer; correct draws are a
    little shorter, better scored and more probable."""
    random = np.random.default_rng(seed)
    for _ in range(problems):
        right = random.beta(0.8, 1.2)
        wrong = random.dirichlet(np.full(answers - 1, 0.3)) * (1 - right)
        shares = np.concatenate(([right], wrong * 0.97, [wrong.sum() * 0.03]))
        answer = random.choice(np.arange(answers + 1), size=n, p=shares / shares.sum())
        answer[answer == answers] = -1
        correct = answer == 0
        tokens = np.ceil(random.lognormal(np.where(correct, 5.0, 5.2), 0.4)).astype(np.int64)
        score = random.normal(np.where(correct, 0.3, 0.0), 1.0)
        logprob = -tokens * random.gamma(8.0, np.where(correct, 0.040, 0.045))
        yield Draws(answer, tokens, score, logprob)


def store(path: Path, problems: int, n: int, seed: int) -> None:
    """Make a store with one judged pool, `pool`, of such draws; texts of about 40 characters."""
    identity = {"temperature": 0.8}
    asked = [
        Problem(f"p{i}", prompt=f"question {i}", reference={"answer": "0"}) for i in range(problems)
    ]
    with Store.writing(path) as opened:

        def enrol(connection: sqlite3.Connection) -> tuple[list[Any], int]:
            pool = pools.ensure(connection, "pool", "known", identity)
            who = verifiers.VerifierId("exact", "1", {})
            enrolled = pools.enrol(connection, pool, asked, identity)
            return enrolled, verifiers.verifier_id(connection, who)

        enrolled, verifier = opened.write(enrol)
        for each, draws in zip(enrolled, drawn(problems, n, seed), strict=True):
            opened.write(lambda connection, e=each, d=draws: _put(connection, e, d, verifier))


def _put(connection: sqlite3.Connection, each: Any, draws: Draws, verifier: int) -> None:
    time = now()
    first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM samples").fetchone()[0]
    connection.executemany(
        "INSERT INTO samples (id, request_id, draw, text, finish_reason, prompt_tokens, "
        "completion_tokens, logprob, seconds, created) VALUES (?, ?, ?, ?, 'stop', 60, ?, ?, ?, ?)",
        (
            (
                *(first + o.index, each.request_id, o.index, TEXT, o.completion_tokens, o.logprob),
                *((o.completion_tokens or 0) / 50, time),
            )
            for o in draws.outcomes()
        ),
    )
    reference = connection.execute(
        "SELECT reference_id FROM problems WHERE request_id = ?", (each.request_id,)
    ).fetchone()[0]
    connection.executemany(
        "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, 'ok', '', ?, NULL)",
        (
            (first + o.index, verifier, reference, o.answer, o.correct, o.score, time)
            for o in draws.outcomes()
        ),
    )
