"""The states of a batch in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc_openai.errors import shown_line

_OVER = ("completed", "failed", "expired", "cancelled", "canceled")


def name_of(batch: Mapping[str, Any]) -> str:
    """Return the name of a batch's state, in small letters."""
    return shown_line(batch.get("status") or "unknown").lower()


def is_over(batch: Mapping[str, Any]) -> bool:
    """Return whether a batch has ended, with all of its draws or some."""
    return name_of(batch) in _OVER


def state_of(batch: Mapping[str, Any]) -> str:
    """Return the state of a batch, with its counts if the server tells them."""
    counts = batch.get("request_counts")
    counts = counts if isinstance(counts, Mapping) else {}
    state = name_of(batch)
    if not counts.get("total"):
        return state
    failed = f", {counts['failed']} failed" if counts.get("failed") else ""
    return f"{state}, {counts.get('completed') or 0} of {counts['total']} done{failed}"


def end_of(batch: Mapping[str, Any]) -> str:
    """Return how a batch ended, as the end of a sentence."""
    errors = batch.get("errors")
    rows = errors.get("data") if isinstance(errors, Mapping) else errors
    listed = rows if isinstance(rows, list) else []
    first = next((row for row in listed if isinstance(row, Mapping)), None)
    state = name_of(batch)
    ended = {"failed": "failed", "completed": "ended", "expired": "expired"}
    how = ended.get(state, f"was {state}")
    if first is None:
        return how
    line = f" (line {first['line']})" if first.get("line") else ""
    return f"{how}: {shown_line(first.get('message') or first.get('code'))}{line}"
