"""Bodies of OpenAI's API of responses (`/v1/responses`) in the output of batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttc.formats.logs.opening import checked_text, failure, finish_reason


def of_output(body: Mapping[str, Any], place: str) -> tuple[dict[str, Any], str]:
    """Return text and finish reason of a body, and why it is no answer ("": it is one)."""
    parts = [part for part in body["output"] if isinstance(part, Mapping)]
    texts = [
        str(each.get("text") or each.get("refusal") or "")
        for part in parts
        if part.get("type") == "message"
        for each in part.get("content") or ()
        if isinstance(each, Mapping)
    ]
    text = checked_text("".join(texts), place, "'output'")
    ended = _end_of_output(body, [part.get("type") for part in parts])
    return {"text": text, "finish_reason": finish_reason(ended), "logprob": None}, failure(ended)


def _end_of_output(body: Mapping[str, Any], kinds: Sequence[Any]) -> Any:
    """Return why a response ended: what cut it, its status, or that it calls a function."""
    details = body.get("incomplete_details")
    cut = details.get("reason") if isinstance(details, Mapping) else None
    if cut is None and "function_call" in kinds and "message" not in kinds:
        return "function_call"
    return cut or body.get("status")
