"""Draws and the HTTP calls that ask for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from ttc.answers import thinking
from ttc.backends import Completion, Request
from ttc.records import FinishReason
from ttc_openai.stream_parser import StreamParser
from ttc_openai.token_logprobs import TokenList
from ttc_openai.token_usage import TokenUsage


@dataclass(slots=True, eq=False)
class HttpDraw:
    """A request and its answer so far.

    `tries` counts failed attempts, `alone` those since any draw of the server last had an answer
    (the first at `failed`). `cuts` and `stalls` count attempts that other requests cut off and that
    were ended here after a long silence. `fault` is the kind of the last fault, `faults` counts
    kinds.
    """

    request: Request
    parser: StreamParser = field(default_factory=lambda: StreamParser(()))
    tries: int = 0
    alone: int = 0
    cuts: int = 0
    stalls: int = 0
    fault: str = ""
    faults: Counter[str] = field(default_factory=Counter)
    failed: float | None = None
    started: float | None = None
    first_token: float | None = None
    cancelled: bool = False

    @property
    def kind(self) -> tuple[Any, ...]:
        """All that draws must have in common to be asked for in one call."""
        asked = self.request
        prompt = (asked.messages, asked.prompt, asked.prefix)
        return (*prompt, asked.params, asked.keep_stop, asked.alternatives, asked.logprobs)

    def begin(self, stops: tuple[str, ...], repeated: str) -> None:
        """Start an attempt; the text of an earlier one is dropped."""
        asked = self.request
        likeliest = TokenList(asked.alternatives, asked.logprobs)
        self.parser = StreamParser(stops, repeated, likeliest)
        self.started, self.first_token = monotonic(), None

    def thought_tokens(self, reported: int | None, *, counted: bool) -> int | None:
        """Return the tokens of its thoughts, None if they are unknown.

        `reported` is what the server says; `counted`: each token of the text was counted here. Some
        servers report 0 whether or not the model thought.
        """
        if reported or (reported == 0 and not thinking.read(self.parser.text).thought):
            return reported
        raw, prefix = self.request.prompt or "", self.request.prefix
        mark = thinking.opening(raw)
        begun = mark + (prefix.removeprefix(mark) if mark else prefix)
        return self.parser.thought_tokens(begun) if counted else None

    def finish(
        self, reason: FinishReason, counts: TokenUsage | None = None, error: str | None = None
    ) -> Completion:
        """Return its completion, with the token counts as far as they are known."""
        counts = counts or TokenUsage()
        parser = self.parser
        if self.request.keep_stop and reason == "stop":
            parser.keep_stop()
        raw = self.request.prompt if self.request.prompt and not self.request.prefix else ""
        return Completion(
            request_id=self.request.id,
            text=thinking.opening(raw) + parser.text,
            finish_reason=reason,
            prompt_tokens=counts.prompt,
            cached_tokens=counts.cached,
            completion_tokens=counts.completion,
            think_tokens=counts.think,
            logprob=parser.logprob,
            confidences=parser.likeliest.confidences,
            token_logprobs=parser.likeliest.tokens,
            stop=parser.stop,
            started=self.started,
            first_token=self.first_token,
            ended=monotonic(),
            error=error,
        )


class HttpCall:
    """One HTTP request for one draw, or for several of the same prompt (`n`).

    `moved` is the time of the last progress, `longest` the longest silence before it. `heard`: some
    text has come; `read`: the response was read to its end.
    """

    def __init__(self, draws: list[HttpDraw]) -> None:
        self.draws = draws
        self.counts = TokenUsage()
        self.sent = self.moved = monotonic()
        self.longest = 0.0
        self.heard = self.read = False
        # The seconds of silence after which it was given up, if it was.
        self.silent: float | None = None

    @property
    def request(self) -> Request:
        """The request of its draws, which differ in id and draw index only."""
        return self.draws[0].request

    @property
    def over(self) -> bool:
        """Whether each of its draws has ended or was cancelled."""
        return all(draw.cancelled or draw.parser.over for draw in self.draws)

    def move(self) -> None:
        """Record progress."""
        now = monotonic()
        self.longest = max(self.longest, now - self.moved)
        self.moved = now
