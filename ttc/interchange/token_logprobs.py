"""The likeliest tokens of a sample in lines, in OpenAI's layout: `{"content": [{"token",
"logprob", "bytes", "top_logprobs"}]}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttc.errors import UsageError
from ttc.records import TokenLogprob


def written(tokens: Sequence[TokenLogprob] | None) -> dict[str, Any] | None:
    """Return tokens as the field `logprobs` of a line."""
    if tokens is None:
        return None
    return {
        "content": [
            {**_entry(each), "top_logprobs": [_entry(top) for top in each.top]} for each in tokens
        ]
    }


def _entry(token: TokenLogprob) -> dict[str, Any]:
    raw = None if token.raw is None else list(token.raw)
    return {"token": token.token, "logprob": token.logprob, "bytes": raw}


def read(value: Any, place: str) -> tuple[TokenLogprob, ...] | None:
    """Return the tokens of the field `logprobs`; None if there are none. UsageError."""
    content = value.get("content") if isinstance(value, Mapping) else None
    if not isinstance(content, list):
        return None
    try:
        return tuple(
            _token(each, tuple(_token(top) for top in each.get("top_logprobs") or ()))
            for each in content
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UsageError(
            f"{place}: 'logprobs' must be those of OpenAI's chat completions: content with token "
            "and logprob for each token"
        ) from None


def _token(entry: Mapping[str, Any], top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
    value, raw = entry["logprob"], entry.get("bytes")
    return TokenLogprob(
        str(entry["token"]),
        None if value is None else float(value),
        None if raw is None else bytes(raw),
        top,
    )
