"""Clean completions: values that are not numbers, invalid texts and finish reasons.

Servers send `-Infinity` as the log-probability of a token that a filter removed, counts as text,
and null as text. Stored, such a value breaks what reads it later. So the completions of every
backend are checked before they are used: a value that is not a number becomes None, and an invalid
completion becomes an error with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, get_args

from ttc.backends import Completion
from ttc.records import FinishReason, TokenLogprob

REASONS = get_args(FinishReason)
COUNTS = ("prompt_tokens", "cached_tokens", "completion_tokens", "think_tokens")
MEASURES = ("logprob", "started", "first_token", "ended")
_TEXTS = ("stop", "error")


def sanitized(done: Completion) -> Completion:
    """Return a completion that can be stored and read again; the same object if nothing changes."""
    told = {name: getattr(done, name) for name in (*COUNTS, *MEASURES, *_TEXTS)}
    fixed: dict[str, Any] = {name: _count(told[name]) for name in COUNTS}
    if None not in (thought := fixed["think_tokens"], made := fixed["completion_tokens"]):
        # Thoughts are part of what was generated.
        fixed["think_tokens"] = thought if thought <= made else None
    fixed |= {name: _finite(told[name]) for name in MEASURES}
    fixed |= {name: None if told[name] is None else _text(told[name]) for name in _TEXTS}
    fixed["confidences"] = _all_finite(done.confidences)
    fixed["token_logprobs"] = _tokens(done.token_logprobs)
    text: Any = done.text
    if not isinstance(text, str):
        fixed |= {"text": "", **_no_answer(f"its text is {done.text!r:.60}")}
    elif done.finish_reason not in REASONS:
        fixed |= _no_answer(f"it ended as {done.finish_reason!r:.60}")
    elif done.finish_reason == "error" and not fixed["error"]:
        fixed["error"] = "the backend gives no reason"
    changed = {name: value for name, value in fixed.items() if _differs(getattr(done, name), value)}
    return replace(done, **changed) if changed else done


def _text(value: Any) -> str:
    """Return a text without lone surrogates, which cannot be stored."""
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _no_answer(why: str) -> dict[str, Any]:
    return {"finish_reason": "error", "error": f"the backend returned no valid completion: {why}"}


def _differs(before: Any, after: Any) -> bool:
    return after is not before and (type(after) is not type(before) or after != before)


def _number(value: Any) -> float | int | None:
    """Return a finite number as Python has them (not as numpy does), None for anything else."""
    if isinstance(value, (bool, str, bytes)) or value is None:
        return None
    if isinstance(value, int):
        return int(value)
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _finite(value: Any) -> float | None:
    found = _number(value)
    try:
        return None if found is None else float(found)
    except OverflowError:
        return None


def _count(value: Any) -> int | None:
    found = _number(value)
    # SQLite holds integers of 64 bits.
    whole = found is not None and found == int(found) and 0 <= found < 1 << 63
    return int(found) if found is not None and whole else None


def _tokens(given: Any) -> tuple[TokenLogprob, ...] | None:
    """Return tokens in plain types, one without a number with None; None if they are no tokens."""
    if given is None:
        return None
    try:
        return tuple(_token(each, tuple(_token(other) for other in each.top)) for each in given)
    except (AttributeError, TypeError, ValueError):
        return None


def _token(given: TokenLogprob, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
    if not isinstance(given.token, str):
        raise TypeError
    raw = None if given.raw is None else bytes(given.raw)
    return TokenLogprob(_text(given.token), _finite(given.logprob), raw, top)


def _all_finite(values: Any) -> Any:
    """Return numbers if each is one in single precision, else None."""
    if values is None:
        return None
    if not isinstance(values, Iterable) or isinstance(values, (str, bytes)):
        return None
    kept = list(values)
    largest = 3.4028234663852886e38
    found = [_finite(value) for value in kept]
    fine = all(each is not None and abs(each) <= largest for each in found)
    return (values if found == kept else found) if fine else None
