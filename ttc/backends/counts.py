"""Counts of a backend's tokens, which may be unknown. See `ttc.messages.counts`."""

from __future__ import annotations

from ttc.backends import Completion
from ttc.messages.counts import amount, as_fields, exact, with_tokens

__all__ = ["amount", "as_fields", "exact", "uncounted", "with_tokens"]


def uncounted(done: Completion) -> bool:
    """Return whether a draw generated tokens that were not counted. A draw that failed or was
    cancelled before its first token generated none."""
    began = done.finish_reason in ("stop", "length") or done.text or done.first_token is not None
    return done.completion_tokens is None and bool(began)
