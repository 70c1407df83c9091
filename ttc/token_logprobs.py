"""The likeliest tokens of a sample in OpenAI's layout: `{"content": [{"token", "logprob", "bytes",
"top_logprobs"}]}`. Lines of ttc and logs of other tools have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttc.records import TokenLogprob


def written(tokens: Sequence[TokenLogprob] | None) -> dict[str, Any] | None:
    """Return tokens in this layout; None for None."""
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


def read(logprobs: Any) -> tuple[TokenLogprob, ...] | None:
    """Return the tokens; None if there is no list of them, ValueError for one of another form."""
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(content, list):
        return None
    try:
        return tuple(
            _token(each, tuple(_token(top) for top in each.get("top_logprobs") or ()))
            for each in content
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError("each token needs 'token' and 'logprob'") from None


def _token(entry: Mapping[str, Any], top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
    value, raw = entry["logprob"], entry.get("bytes")
    known = None if value is None else float(value)
    return TokenLogprob(str(entry["token"]), known, None if raw is None else bytes(raw), top)
