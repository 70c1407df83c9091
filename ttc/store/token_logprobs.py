"""The likeliest tokens at each place of a sample, kept compressed beside it and read when asked
for."""

from __future__ import annotations

import base64
import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from ttc.records import TokenLogprob
from ttc.store.sql import SAMPLES_BY_KEY, one

# What merging reads of a source.
OF_SAMPLES = """
SELECT requests.key, samples.draw, samples.text, token_logprobs.content
FROM token_logprobs CROSS JOIN samples ON samples.id = sample_id
  CROSS JOIN requests ON requests.id = request_id
ORDER BY sample_id
"""


def packed(tokens: Sequence[TokenLogprob]) -> bytes:
    """Return tokens in their stored form: JSON, compressed by zlib."""
    rows = [[*_row(each), [_row(top) for top in each.top]] for each in tokens]
    return zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), 9)


def _row(token: TokenLogprob) -> list[Any]:
    """Return text, log-probability and, where the text does not give them, the bytes."""
    plain = token.raw is None or token.raw == token.token.encode()
    told = token.raw is not None if plain else base64.b64encode(token.raw or b"").decode()
    value = None if token.logprob is None else round(token.logprob, 6)
    return [token.token, value, told]


def unpacked(content: bytes) -> tuple[TokenLogprob, ...]:
    """Return tokens from their stored form."""
    return tuple(
        _token(row, tuple(_token(top) for top in row[3]))
        for row in json.loads(zlib.decompress(content))
    )


def _token(row: list[Any], top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
    text, value, told = row[:3]
    raw = base64.b64decode(told) if isinstance(told, str) else None
    return TokenLogprob(text, value, text.encode() if told is True else raw, top)


def keep(connection: sqlite3.Connection, sample: int, tokens: Sequence[TokenLogprob]) -> None:
    """Keep the tokens of a sample, by its row id."""
    connection.execute("INSERT INTO token_logprobs VALUES (?, ?)", (sample, packed(tokens)))


def any_kept(connection: sqlite3.Connection) -> bool:
    """Return whether any sample of a store has them; cheap."""
    return one(connection, "SELECT 1 FROM token_logprobs LIMIT 1") is not None


def of(connection: sqlite3.Connection, sample: int) -> tuple[TokenLogprob, ...] | None:
    """Return the tokens of a sample by its row id; None if none were kept."""
    found = one(connection, "SELECT content FROM token_logprobs WHERE sample_id = ?", sample)
    return None if found is None else unpacked(found[0])


def lacking(connection: sqlite3.Connection, requests: Iterable[int], n: int) -> int:
    """Return how many samples below n of some requests have none."""
    sql = (
        "SELECT count(*) FROM samples WHERE request_id = ? AND draw < ? "
        "AND NOT EXISTS (SELECT 1 FROM token_logprobs WHERE sample_id = samples.id)"
    )
    found = (one(connection, sql, request, n) for request in requests)
    return sum(int(row[0]) for row in found if row is not None)


def width(connection: sqlite3.Connection, request: int, n: int) -> int | None:
    """Return how many of the likeliest tokens a place of the first kept sample of a request has at
    most; None if no sample below n has any."""
    sql = (
        "SELECT content FROM token_logprobs JOIN samples ON samples.id = sample_id "
        "WHERE request_id = ? AND draw < ? ORDER BY draw LIMIT 1"
    )
    found = one(connection, sql, request, n)
    return None if found is None else max((len(each.top) for each in unpacked(found[0])), default=0)


def find(target: sqlite3.Connection, row: dict[str, Any]) -> Any:
    """Find the tokens of a sample when merging: those of a sample that the target has without them
    are added, if it has the same text."""
    held = _held(target, row)
    if held is not None and (held[1] != row["text"] or held[2]):
        return None  # the sample itself is told as a conflict
    return partial(_write, target, row)


def _held(target: sqlite3.Connection, row: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return row id and text of the sample in the target, and whether it has tokens."""
    return one(
        target,
        "SELECT samples.id, text, (SELECT 1 FROM token_logprobs WHERE sample_id = samples.id) "
        f"FROM {SAMPLES_BY_KEY} WHERE key = ? AND draw = ?",
        row["key"],
        row["draw"],
    )


def _write(target: sqlite3.Connection, row: dict[str, Any]) -> None:
    held = _held(target, row)
    if held is not None and held[1] == row["text"]:
        target.execute("INSERT INTO token_logprobs VALUES (?, ?)", (held[0], row["content"]))
