"""Assembly of one draw from the pieces of a response: its text, its tokens and its end.

Reasoning that a server separates from the answer (`reasoning_content`, `reasoning`) was drawn and
paid for. It is put before the answer as `<think>…</think>`, as models write it and as the
extraction of answers skips it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttc.answers import thinking
from ttc.answers.thought_tokens import thought_tokens
from ttc.formats.finish_reasons import BROKEN, ENDS, FILTERS, TOOLS
from ttc.records import FinishReason
from ttc_openai.contents import content_text, number
from ttc_openai.events import MalformedError
from ttc_openai.token_logprobs import TokenList, inside


class StreamParser:
    """One draw as its pieces arrive.

    `stops` are searched for here, and what follows one is dropped. So is `repeated` if the answer
    begins with it. `likeliest` collects the likeliest tokens that the server reports at each token.
    """

    def __init__(
        self, stops: Sequence[str], repeated: str = "", likeliest: TokenList | None = None
    ) -> None:
        self.likeliest = likeliest or TokenList()
        self._stops = stops
        self._repeated = repeated
        self._reach = max(map(len, stops), default=1) - 1
        self._reasoning = ""
        self._content = ""
        self._refusal = ""
        self._tools: list[str] = []
        # The bytes of each token of the content, and the tokens of the reasoning that came apart;
        # `_coarse` if a piece had several tokens that cannot be told apart.
        self._pieces: list[bytes] = []
        self._apart = 0
        self._coarse = False
        self._sum: float | None = None
        # Whether there is text without a known log-probability.
        self._partial = False
        self.tokens = 0
        # Whether each token was listed, with its log-probability or without; and whether all came
        # in one piece.
        self.listed = self.at_once = False
        self.finish: FinishReason | None = None
        self.stop: str | None = None
        # Why it is no answer, and whether another try may give one.
        self.error: str | None = None
        self.broken = False

    @property
    def logprob(self) -> float | None:
        """The sum of its tokens' log-probabilities (nats); None unless all are known."""
        return None if self._partial else self._sum

    @property
    def over(self) -> bool:
        """Whether it has ended, with an answer or without."""
        return self.finish is not None or self.error is not None

    @property
    def text(self) -> str:
        """The text so far."""
        content = self._content.removeprefix(self._repeated)
        return thinking.wrap(self._reasoning, content, ended=self.finish == "stop")

    @property
    def empty(self) -> bool:
        """Whether there is no text."""
        return not self.text

    def add(self, choice: Mapping[str, Any]) -> bool:
        """Add a piece; return whether the draw is over. Raises MalformedError."""
        piece = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
        if not isinstance(piece, Mapping):
            raise MalformedError(f"a choice without text: {str(choice)[:60]}")
        self.at_once |= not choice.get("delta") and bool(choice.get("message"))
        content = content_text(piece.get("content"), "content")
        names = ("reasoning_content", "reasoning")
        apart = (content_text(piece.get(name), name).whole for name in names)
        thought = next(filter(None, apart), "") + content.thought
        self._refusal += content_text(piece.get("refusal"), "refusal").whole + content.refusal
        before = self.tokens
        entries = self._count(choice.get("logprobs"), 1 if content.text or thought else 0)
        self._place(self.tokens - before, thought, content.text, entries)
        self._reasoning += thought
        self._record_tools(piece.get("tool_calls") or piece.get("function_call"))
        if content.text and self._append_text(content.text):
            return True
        if reason := _reason(choice.get("finish_reason")):
            self._end(reason, choice.get("stop_reason", choice.get("matched_stop")))
        return self.over

    def _record_tools(self, reported: Any) -> None:
        """Record the names of the tools that the model calls."""
        for each in reported if isinstance(reported, list) else [reported]:
            about = each.get("function", each) if isinstance(each, Mapping) else None
            name = about.get("name") if isinstance(about, Mapping) else None
            self._tools += [name] if isinstance(name, str) and name else []

    def _append_text(self, piece: str) -> bool:
        start = max(len(self._content) - self._reach, len(self._repeated))
        self._content += piece
        found = [(self._content.find(stop, start), stop) for stop in self._stops]
        at, stop = min(((at, stop) for at, stop in found if at >= 0), default=(-1, None))
        if stop is None:
            return False
        self._content, self.stop, self.finish = self._content[:at], stop, "stop"
        return True

    def thought_tokens(self, begun: str) -> int | None:
        """Return the tokens of thoughts, if each piece was a token or listed its tokens; None if
        that cannot be told. `begun` is the beginning of the answer that was given."""
        if self._coarse or self._repeated:
            return None
        return self._apart + thought_tokens(self._pieces, begun)

    def _place(self, made: int, thought: str, text: str, entries: Sequence[Any]) -> None:
        """Record to which text the tokens of a piece belong."""
        if thought and text:
            self._coarse = True
        elif thought:
            self._apart += made
        elif made == 1:
            self._pieces.append(text.encode(errors="replace"))
        elif made:
            told = [inside(entry, "token") for entry in entries]
            pieces = [token for token in told if isinstance(token, str)]
            self._coarse |= "".join(pieces) != text or len(pieces) != made
            self._pieces += [token.encode(errors="replace") for token in pieces]

    def _count(self, logprobs: Any, pieces: int) -> Sequence[Any]:
        """Count tokens by their log-probabilities, else by pieces of the stream; return the
        entries of the former."""
        entries: list[Any] = []
        if isinstance(logprobs, Mapping):
            names = ("reasoning_content", "content", "token_logprobs")
            reported = [logprobs.get(name) for name in names]
            entries = [entry for each in reported if isinstance(each, list) for entry in each]
        self.likeliest.add(entries, logprobs, text=bool(pieces))
        self.error = self.error or self.likeliest.error
        self.listed = (self.listed or not self.tokens) and (bool(entries) or not pieces)
        self.tokens += len(entries) or pieces
        if pieces and not entries:
            self._partial = True
        for entry in entries:
            value = number(entry.get("logprob") if isinstance(entry, Mapping) else entry)
            if value is None:
                self._partial = True
            else:
                self._sum = (self._sum or 0.0) + value
        return entries

    def _end(self, reason: str, stopped_by: Any) -> None:
        kind = reason.lower()
        if self._refusal:
            self.error = f"the model refused: {self._refusal[:120]!r}"
        elif kind not in ENDS:
            self._no_answer(reason)
        else:
            self.finish = ENDS[kind]
            # Some servers give token ids here.
            if self.finish == "stop" and isinstance(stopped_by, str):
                self.stop = stopped_by

    def _no_answer(self, reason: str) -> None:
        """Set the error for an end that is not the end of an answer."""
        kind, after = reason.lower(), f"after {len(self.text)} characters"
        self.broken = kind in BROKEN
        if kind in FILTERS:
            self.error = f"the server's content filter ended the answer {after} ({reason})"
        elif kind in TOOLS:
            tools = " ".join(dict.fromkeys(self._tools)) or "a tool"
            self.error = f"the model called {tools} {after}, but ttc offers no tools ({reason})"
        elif self.broken:
            self.error = f"the server broke the answer off {after} ({reason})"
        else:
            self.error = f"the answer ended {after} for an unknown reason: {reason}"

    def keep_stop(self) -> None:
        """Append the stop string that fired to the text."""
        self._content += self.stop or ""


def _reason(reported: Any) -> str:
    """Return why an answer ended; "" if it did not, or nothing is said."""
    if isinstance(reported, Mapping):
        reported = reported.get("type") or reported.get("reason")
    return str(reported).strip() if reported else ""
