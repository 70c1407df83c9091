"""Counts that may be unknown, and how they are printed: unknown is never 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def exact(known: int, uncounted: int) -> int | None:
    """Return a sum; None if a part of it is unknown."""
    return None if uncounted else known


def amount(known: int, uncounted: int, what: str = "tokens") -> str:
    """Return a sum in words: "96 tokens", or if some parts are `uncounted` "at least 96 tokens" or
    "tokens unknown"."""
    if not uncounted:
        return f"{known} {what}"
    return f"at least {known} {what}" if known else f"{what} unknown"


def some(count: int, one: str, several: str | None = None, *, grouped: bool = False) -> str:
    """Return a number of things in words: "1 draw", "1200 draws"; with `several`, "2 batches" or
    "1 draw is"; with `grouped`, "1,200 draws"."""
    number = f"{count:,}" if grouped else str(count)
    return f"{number} {one if count == 1 else several or one + 's'}"


def as_fields(name: str, known: int, uncounted: int) -> dict[str, int | None]:
    """Return a sum as JSON fields: null if a part is unknown, with the known part beside it."""
    fields = {name: exact(known, uncounted)}
    return {**fields, f"{name}_at_least": known} if uncounted and known else fields


def with_tokens(rows: Iterable[Mapping[str, Any]], *, as_json: bool) -> list[dict[str, Any]]:
    """Return rows with their `tokens` as JSON fields or as text.

    The tokens of the `uncounted` samples of a row are unknown.
    """
    shown_rows = []
    for row in rows:
        known, missing = row["tokens"], row["uncounted"] or 0
        shown = f"≥{known}" if missing and known else known
        fields = as_fields("tokens", known, missing) if as_json else {"tokens": shown}
        shown_rows.append({**{k: v for k, v in row.items() if k != "uncounted"}, **fields})
    return shown_rows


def size(count: int, gap: str = " ") -> str:
    """Return a number of bytes in a unit of at most three digits before the point."""
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f}{gap}{name}"
    return f"{count}{gap}B"
