"""The likeliest tokens at each place of an answer, as servers list them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ttc.records import TokenLogprob
from ttc_openai.contents import number


class TokenList:
    """The tokens of one draw with the likeliest ones at their places, as they arrive.

    `alternatives` and `logprobs` are the request's: how many of the likeliest tokens make a
    confidence, and how many are returned. `error` says why the draw cannot have them.
    """

    def __init__(self, alternatives: int = 0, logprobs: int = 0) -> None:
        self._alternatives, self._logprobs = alternatives, logprobs
        self._confidences: list[float] = []
        self._tokens: list[TokenLogprob] = []
        # Whether there is a token without them.
        self._unsure = False
        self.error: str | None = None

    @property
    def confidences(self) -> list[float] | None:
        """The confidence at each token; None unless all are known."""
        return None if self._unsure or not self._alternatives else self._confidences

    @property
    def tokens(self) -> tuple[TokenLogprob, ...] | None:
        """The tokens with the likeliest ones; None unless all are known."""
        return None if self._unsure or not self._logprobs else tuple(self._tokens)

    def add(self, entries: Sequence[Any], listed: Any, *, text: bool) -> None:
        """Add the tokens of a piece; `listed` is its `logprobs`, `text` whether it has text."""
        if not self._alternatives and not self._logprobs:
            return
        if not entries:
            self._unsure |= text
            return
        listed = listed if isinstance(listed, Mapping) else {}
        raw = listed.get("top_logprobs")
        names = listed.get("tokens")
        for at, entry in enumerate(entries):
            tops = (raw[at] if at < len(raw) else None) if isinstance(raw, list) else None
            place = _likeliest(inside(entry, "top_logprobs") if tops is None else tops)
            if not self._enough(len(place)):
                return
            name = names[at] if isinstance(names, list) and at < len(names) else None
            self._add(_token(entry, name), place)

    def _enough(self, count: int) -> bool:
        for wanted, option in (
            (self._alternatives, "--confidence"),
            (self._logprobs, "--logprobs"),
        ):
            if count < wanted:
                self.error = (
                    f"the server gives {count} of the likeliest tokens, not {wanted}; set "
                    f"{option} to that number or less"
                )
                return False
        return True

    def _add(self, token: TokenLogprob | None, place: list[TokenLogprob]) -> None:
        known = sorted((each for each in place if each.logprob is not None), key=_falling)
        if token is None or len(known) < max(self._alternatives, self._logprobs):
            self._unsure = True
            return
        if self._alternatives:
            best = [each.logprob or 0.0 for each in known[: self._alternatives]]
            self._confidences.append(-sum(best) / self._alternatives)
        if self._logprobs:
            self._tokens.append(token._replace(top=tuple(known[: self._logprobs])))


def inside(row: Any, name: str) -> Any:
    """Return a member of a row that may be a plain value."""
    return row.get(name) if isinstance(row, Mapping) else row


def _falling(token: TokenLogprob) -> float:
    return -(token.logprob or 0.0)


def _likeliest(place: Any) -> list[TokenLogprob]:
    """Return the tokens of a place: of a chat, or of a raw completion, by their texts."""
    if isinstance(place, Mapping):
        return [TokenLogprob(str(name), number(value)) for name, value in place.items()]
    if not isinstance(place, Iterable) or isinstance(place, str):
        return []
    return [token for token in map(_token, place) if token is not None]


def _token(row: Any, name: Any = None) -> TokenLogprob | None:
    """Return a token of a list; None if a row is none. A plain row is a log-probability alone."""
    if not isinstance(row, Mapping):
        return TokenLogprob(name if isinstance(name, str) else "", number(row))
    told = row.get("bytes")
    try:
        raw = bytes(told) if isinstance(told, list) else None
    except (TypeError, ValueError):
        raw = None
    return TokenLogprob(str(row.get("token", "")), number(row.get("logprob")), raw)
