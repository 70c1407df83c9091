"""`pools`: what the store holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import ttc
from ttc.messages.counts import as_fields
from ttc.store import columns, counts
from ttc.store.pools import Pool
from ttc.view.library import Library
from ttc.view.writing import exact


def pools(library: Library, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the pools to show, with the counts that the store keeps of them.

    `correct` of `judged` draws are by the verifier that counts; both None without verdicts. Times
    are seconds since 1970; `last` is that of the last run, None if none is recorded.
    """
    with library.reading() as reader:
        listed = {row["pool"]: row for row in counts.overview(reader)}
        shown = [
            _pool(library, reader, number, pool, listed[pool.name])
            for number, pool in enumerate(library.pools(reader))
        ]
    return {
        "version": ttc.__version__,
        "exported": False,
        "store": library.path.name,
        "pools": shown,
    }


def _pool(
    library: Library, reader: sqlite3.Connection, number: int, pool: Pool, row: Mapping[str, Any]
) -> dict[str, Any]:
    judges = library.judges(reader, pool)
    state = library.state(reader, pool)
    judge = judges.default
    judged, correct = library.remembered(
        ("right", pool.id, judge and judge.row),
        state,
        lambda: columns.right(reader, pool, None if judge is None else judge.row),
    )
    about = dict(pool.identity)
    method = about.get("strategy")
    return {
        "pool": pool.name,
        "number": number,
        "model": pool.model,
        "fingerprint": about.get("fingerprint"),
        "problems": row["problems"],
        "samples": row["samples"],
        **as_fields("tokens", row["tokens"] or 0, row["uncounted"]),
        "bytes": row["bytes"],
        **columns.held(reader, pool),
        "judged": judged or None,
        "correct": correct if judged else None,
        "verifier": None if judge is None else judge.label,
        "verifiers": [each.label for each in judges.every],
        "method": method.get("name") if isinstance(method, dict) else None,
        "settings": exact(about),
        "created": seconds(row["created"]),
        "last": seconds(row["drawn"]),
    }


def seconds(stored: str | None) -> float | None:
    """Return a stored time as seconds since 1970."""
    return None if stored is None else datetime.fromisoformat(stored).timestamp()
