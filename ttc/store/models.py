"""What backends say about models: parameters and geometry, by the fingerprint of the weights.

They are no part of any key. A run of `ttc sample` writes them, also one that draws nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from ttc import keys
from ttc.store.pools import Pool
from ttc.store.sql import one

NUMBERS = (
    "parameters",
    "active",
    "layers",
    "embedding",
    "heads",
    "kv_heads",
    "head_size",
    "vocabulary",
)


def keep(
    connection: sqlite3.Connection, fingerprint: str, read_from: str, numbers: Mapping[str, Any]
) -> None:
    """Keep the positive whole NUMBERS of a model, in place of those from before; none: keep those.

    `read_from` is what they were read from.
    """
    known = {name: numbers.get(name) for name in NUMBERS}
    known = {name: value for name, value in known.items() if type(value) is int and value > 0}
    if known:
        content = keys.canonical_json({**known, "read_from": read_from})
        connection.execute(
            "INSERT INTO models (fingerprint, content) VALUES (?, ?) "
            "ON CONFLICT (fingerprint) DO UPDATE SET content = excluded.content",
            (fingerprint, content),
        )


def known(connection: sqlite3.Connection, pool: Pool) -> dict[str, Any]:
    """Return what is known of the model that drew a pool, with `read_from`; empty if nothing is.

    Answers of a method are not of one model and one prompt, so for their pools nothing is.
    """
    if "strategy" in pool.identity:
        return {}
    fingerprint = str(pool.identity.get("fingerprint"))
    row = one(connection, "SELECT content FROM models WHERE fingerprint = ?", fingerprint)
    return {} if row is None else dict(json.loads(row[0]))
