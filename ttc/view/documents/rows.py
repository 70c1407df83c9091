"""Rows of draws, problems and attempts, and what they are sorted by."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttc import scores
from ttc.store import columns
from ttc.view import facets, search, votes
from ttc.view.table import NO_ANSWER, Ints, Table

QUESTION = 200  # characters of a question and a reference


def draw_key(table: Table, name: str) -> NDArray[np.float64]:
    """Return what draws are sorted by; NaN where it is not known."""
    draws = table.draws
    if name == "tokens":
        return np.where(draws.tokens < 0, np.nan, draws.tokens)
    if name == "score":
        return draws.score
    return np.where(draws.judged & (draws.correct >= 0), draws.correct, np.nan)


def problem_key(table: Table, name: str) -> NDArray[np.float64]:
    """Return what problems are sorted by: the share of right draws, or a mean over the draws."""
    key = "key", name
    if key not in table.kept:
        table.kept[key] = _problem_key(table, name)
    found: NDArray[np.float64] = table.kept[key]
    return found


def _problem_key(table: Table, name: str) -> NDArray[np.float64]:
    if name == "accuracy":
        judged = table.per_problem(table.draws.judged)
        right = table.per_problem(facets.draws_with(table, "correct"))
        return np.where(judged > 0, right / np.maximum(judged, 1), np.nan)
    key = draw_key(table, name)
    known = np.isfinite(key)
    count = table.per_problem(known)
    total = np.bincount(table.draws.problem[known], key[known], minlength=len(table.names))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def draw_rows(
    reader: sqlite3.Connection, table: Table, numbers: Sequence[int], needle: str = ""
) -> list[dict[str, Any]]:
    """Return the rows of draws by number, with an excerpt of each: around the text of the search,
    else the end."""
    draws = table.draws
    texts = columns.texts(reader, [int(draws.sample[at]) for at in numbers])
    return [
        {**draw_row(table, at), **search.shown(texts.get(int(draws.sample[at]), ""), needle)}
        for at in numbers
    ]


def draw_row(table: Table, at: int) -> dict[str, Any]:
    """Return what the table has of a draw."""
    draws, status = table.draws, int(table.draws.status[at])
    score, answer = float(draws.score[at]), int(draws.answer[at])
    return {
        "problem": table.names[draws.problem[at]],
        "number": at,
        "index": int(draws.index[at]),
        "answer": None if answer == NO_ANSWER else draws.answers[answer],
        "correct": {0: False, 1: True}.get(int(draws.correct[at])),
        "judged": bool(draws.judged[at]),
        "status": None if status < 0 else draws.statuses[status],
        "score": None if np.isnan(score) else scores.written(score),
        "finish_reason": "length" if draws.truncated[at] else "stop",
        "completion_tokens": _count(draws.tokens[at]),
        "think_tokens": _count(draws.thought[at]),
        "disagree": bool(table.contested[at]),
    }


def _count(tokens: Any) -> int | None:
    return None if tokens < 0 else int(tokens)


def problem_rows(
    reader: sqlite3.Connection, table: Table, numbers: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the rows of problems by number."""
    asked = columns.asked(reader, [int(table.rows[at]) for at in numbers], QUESTION)
    per_facet = {
        facet: _per_problem(table, facet)
        for facet in ("correct", "wrong", "undecided", "truncated", "disagree", "no-answer")
    }
    tokens = problem_key(table, "tokens")
    found = []
    for at in numbers:
        question, reference = asked.get(int(table.rows[at]), (None, None))
        found.append(
            {
                "problem": table.names[at],
                "number": at,
                "draws": int(table.starts[at + 1] - table.starts[at]),
                **{facet: int(counts[at]) for facet, counts in per_facet.items()},
                "tokens": None if np.isnan(tokens[at]) else float(tokens[at]),
                "question": question,
                "reference": reference if reference is None else str(reference),
                "vote": votes.vote(table, at),
                "groups": dict(table.tags[at]),
            }
        )
    return found


def _per_problem(table: Table, facet: str) -> Ints:
    key = "per problem", facet
    if key not in table.kept:
        table.kept[key] = table.per_problem(facets.draws_with(table, facet))
    found: Ints = table.kept[key]
    return found


def attempt_rows(
    reader: sqlite3.Connection, table: Table, shown: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of draws that failed or were cancelled."""
    texts = columns.attempt_texts(reader, [row["id"] for row in shown])
    for row in shown:
        detail, text = texts.get(row["id"], (None, ""))
        yield {
            "problem": table.names[row["problem"]],
            "number": None,
            "index": row["index"],
            "attempt": row["id"],
            "answer": None,
            "correct": None,
            "judged": False,
            "status": row["status"],
            "detail": detail,
            "score": None,
            "finish_reason": row["status"],
            "completion_tokens": row["completion_tokens"],
            "think_tokens": row["think_tokens"],
            "attempts": row["attempts"],
            **search.shown(text, ""),
        }
