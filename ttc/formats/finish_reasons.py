"""What servers and other tools call the end of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.records import FinishReason

# In lower case.
ENDS: Mapping[str, FinishReason] = {
    **dict.fromkeys(
        ("stop", "eos", "eos_token", "stop_sequence", "stop_token", "stop_str"), "stop"
    ),
    **dict.fromkeys(("end_turn", "end_of_text", "endoftext", "complete", "completed"), "stop"),
    **dict.fromkeys(("finish", "finished", "eos_found", "stop_word", "word"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_length", "model_length", "limit"), "length"),
    **dict.fromkeys(("max_output_tokens", "max_completion_tokens", "max_new_tokens"), "length"),
    **dict.fromkeys(("length_capped", "token_limit", "truncated", "error_limit"), "length"),
    **dict.fromkeys(("max_tokens_reached", "model_context_window_exceeded"), "length"),
}
FILTERS = ("content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii")
TOOLS = ("tool_calls", "tool_call", "tool_use", "function_call")
# The server broke off for its own reasons: another try may end.
BROKEN = ("abort", "aborted", "error", "cancelled", "canceled", "insufficient_system_resource")
# Besides FILTERS: words of logs for an answer that was withheld.
_WITHHELD: tuple[str, ...] = (
    "content_filtered",
    "guardrail_intervened",
    "refusal",
    "language",
    "image_safety",
)
_WITHHELD += ("error_toxic", "malformed_function_call")
_CANCELLED = ("abort", "aborted", "cancelled", "canceled", "user_cancel")
UNKNOWN = ("", "unknown", "other", "none", "null", "nan", "finish_reason_unspecified")


def plain(reported: Any) -> str:
    """Return a reason in lower case: of a text, of `{"type": "length"}`, of
    `FinishReason.MAX_TOKENS`; "" for anything else."""
    if isinstance(reported, Mapping):
        reported = reported.get("type") or reported.get("reason")
    text = reported.strip().lower() if isinstance(reported, str) else ""
    enum, dot, name = text.partition(".")
    return name if dot and enum.replace("_", "").endswith("reason") else text


def is_withheld(reported: Any) -> bool:
    """Return whether an answer was filtered, or calls a tool in place of one."""
    return plain(reported) in (*FILTERS, *TOOLS, *_WITHHELD)


def read(reported: Any) -> FinishReason | None:
    """Return why a draw of a log ended; None if the word is not known.

    A draw that was filtered, or that calls a tool, is no answer: an `error`, as when ttc draws it.
    """
    kind = plain(reported)
    if kind in ENDS:
        return ENDS[kind]
    if kind in _CANCELLED:
        return "cancelled"
    return "error" if kind in (*FILTERS, *TOOLS, *BROKEN, *_WITHHELD) else None
