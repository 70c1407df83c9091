"""Traces of searches: samples that continue a parent sample, addressed by key and draw index."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from ttc.backends import Completion
from ttc.store import samples
from ttc.store.pools import RequestKey, request_of
from ttc.store.sql import SAMPLES_BY_KEY, one, rows


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored draw."""

    done: Completion
    seconds: float | None


def find(connection: sqlite3.Connection, key: str, index: int) -> Kept | None:
    """Return a finished draw, or None."""
    found = rows(
        connection,
        f"SELECT samples.* FROM {SAMPLES_BY_KEY} WHERE key = ? AND draw = ?",
        (key, index),
    )
    for row in found:
        done = Completion(
            request_id="",
            text=row["text"],
            finish_reason=row["finish_reason"],
            prompt_tokens=row["prompt_tokens"],
            cached_tokens=row["cached_tokens"],
            completion_tokens=row["completion_tokens"],
            logprob=row["logprob"],
            stop=row["stop"],
            confidences=samples.unpacked(row["confidences"]),
            think_tokens=row["think_tokens"],
        )
        return Kept(done, row["seconds"])
    return None


def given_up(connection: sqlite3.Connection, key: str, index: int) -> Completion | None:
    """Return a cancelled draw (the longest if there are several), or None."""
    row = one(
        connection,
        "SELECT prompt_tokens, completion_tokens, think_tokens FROM requests "
        "JOIN attempts ON request_id = requests.id "
        "WHERE key = ? AND draw = ? AND status = 'cancelled' "
        "ORDER BY coalesce(completion_tokens, 0) DESC LIMIT 1",
        key,
        index,
    )
    if row is None:
        return None
    counts = dict(zip(("prompt_tokens", "completion_tokens", "think_tokens"), row, strict=True))
    return Completion("", "", "cancelled", **counts)


def insert(
    connection: sqlite3.Connection,
    wanted: RequestKey,
    index: int,
    parent: tuple[str, int] | None,
    seed: int | None,
    done: Completion,
) -> None:
    """Store a draw; one that failed or was cancelled is an attempt. `parent` is a key and index."""
    request = request_of(connection, wanted)
    if done.finish_reason not in ("stop", "length"):
        samples.insert_attempt(connection, request, index, done)
        return
    above = None
    if parent is not None:
        above = one(
            connection,
            f"SELECT samples.id FROM {SAMPLES_BY_KEY} WHERE key = ? AND draw = ?",
            *parent,
        )
    samples.insert(connection, request, index, seed, done, parent=above[0] if above else None)
