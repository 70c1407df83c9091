"""What a server's answer says: one draw's text, tokens and end, put together piece by piece.

Reasoning that a server tells apart from the answer (`reasoning_content`, `reasoning`) was drawn
and paid for: it stands before the answer as `<think>…</think>`, where models put it that are not
taken apart, and where what reads answers leaves it out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ttc import thinking
from ttc.records import FinishReason

_ENDS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
}


class MalformedError(Exception):
    """The answer is not what the protocol says."""


def event(line: str) -> Mapping[str, Any] | None:
    """Return the JSON of a line of a stream; None for a line without any (a comment, a blank).

    `{}` is the end of the stream. MalformedError says what is wrong.
    """
    name, _, data = line.partition(":")
    if name != "data":
        return None
    data = data.strip()
    return {} if data == "[DONE]" else document(data)


def document(text: str) -> Mapping[str, Any]:
    """Return a JSON object. MalformedError if there is none."""
    try:
        found = json.loads(text)
    except ValueError:
        raise MalformedError(f"malformed JSON: {text[:60]!r}") from None
    if not isinstance(found, dict):
        raise MalformedError(f"not a JSON object: {text[:60]!r}")
    return found


class Reading:
    """One draw as it comes. `stops` are looked for here; what follows one is dropped, and so is
    `repeated` if the answer begins with it. `alternatives` is how many of the likeliest tokens
    the server should tell at each place."""

    def __init__(self, stops: Sequence[str], repeated: str = "", alternatives: int = 0) -> None:
        self._alternatives = alternatives
        self.confidences: list[float] = []
        self._stops = stops
        self._repeated = repeated
        self._reach = max(map(len, stops), default=1) - 1
        self._reasoning = ""
        self._content = ""
        self.tokens = 0
        self.logprob: float | None = None
        self.finish: FinishReason | None = None
        self.stop: str | None = None
        self.error: str | None = None

    @property
    def text(self) -> str:
        """What was said so far."""
        content = self._content.removeprefix(self._repeated)
        return thinking.wrap(self._reasoning, content, ended=self.finish == "stop")

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return not self.text

    def add(self, choice: Mapping[str, Any]) -> bool:
        """Take a piece; whether the draw is over. MalformedError if it is no piece."""
        piece = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
        if not isinstance(piece, Mapping):
            raise MalformedError(f"a choice without a text: {str(choice)[:60]}")
        content = _string(piece, "content")
        reasoning = _string(piece, "reasoning_content") or _string(piece, "reasoning")
        self._count(choice.get("logprobs"), 1 if content or reasoning else 0)
        self._reasoning += reasoning
        if content and self._say(content):
            return True
        if (reason := choice.get("finish_reason")) is not None:
            self._end(str(reason), choice.get("stop_reason", choice.get("matched_stop")))
        return self.finish is not None or self.error is not None

    def _say(self, piece: str) -> bool:
        start = max(len(self._content) - self._reach, len(self._repeated))
        self._content += piece
        found = [(self._content.find(stop, start), stop) for stop in self._stops]
        at, stop = min(((at, stop) for at, stop in found if at >= 0), default=(-1, None))
        if stop is None:
            return False
        self._content, self.stop, self.finish = self._content[:at], stop, "stop"
        return True

    def _count(self, logprobs: Any, pieces: int) -> None:
        """Count tokens by their log-probabilities, else pieces of the stream."""
        found: list[Any] = []
        if isinstance(logprobs, Mapping):
            content = logprobs.get("content")
            entries = content if isinstance(content, list) else logprobs.get("token_logprobs")
            found = [each for each in entries or () if each is not None]
            if self._alternatives:
                self._weigh(content if isinstance(content, list) else logprobs)
        self.tokens += len(found) or pieces
        for each in found:
            value = each.get("logprob") if isinstance(each, Mapping) else each
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise MalformedError(f"a log-probability that is no number: {str(each)[:60]}")
            self.logprob = (self.logprob or 0.0) + value

    def _weigh(self, told: Any) -> None:
        """Take the likeliest tokens of each place: of a chat's entries, or of a raw completion."""
        if isinstance(told, Mapping):
            places = [list((each or {}).values()) for each in told.get("top_logprobs") or ()]
        else:
            tops = ([*(entry.get("top_logprobs") or ())] for entry in told)
            places = [[each.get("logprob") for each in top] for top in tops]
        for place in places:
            best = sorted(map(float, place), reverse=True)[: self._alternatives]
            if len(best) < self._alternatives:
                self.error = (
                    f"{len(best)} of the likeliest tokens are told, not {self._alternatives}; "
                    "--confidence asks for fewer"
                )
                return
            self.confidences.append(-sum(best) / len(best))

    def _end(self, reason: str, stopped_by: Any) -> None:
        if reason not in _ENDS:
            self.error = f"ended as {reason}"
            return
        self.finish = _ENDS[reason]
        # Servers give token ids here as well.
        if self.finish == "stop" and isinstance(stopped_by, str):
            self.stop = stopped_by

    def keep_stop(self) -> None:
        """Put the stop string that fired behind the text."""
        self._content += self.stop or ""


def _string(piece: Mapping[str, Any], name: str) -> str:
    value = piece.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedError(f"{name} is no text: {str(value)[:60]}")
    return value


class Usage:
    """The token counts that a server tells, as far as it does."""

    def __init__(self) -> None:
        self.prompt: int | None = None
        self.cached: int | None = None
        self.completion: int | None = None

    def add(self, told: Any) -> None:
        """Take a `usage` object, or nothing."""
        if not isinstance(told, Mapping):
            return
        self.prompt = _count(told.get("prompt_tokens"), self.prompt)
        self.completion = _count(told.get("completion_tokens"), self.completion)
        details = told.get("prompt_tokens_details")
        if isinstance(details, Mapping):
            self.cached = _count(details.get("cached_tokens"), self.cached)


def _count(value: Any, before: int | None) -> int | None:
    fine = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if fine else before
