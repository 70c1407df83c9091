"""What the contract's tests share: requests that fit an engine, and checks of a completion."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.errors import BackendError
from ttc.records import Message, SamplingParams

CHAT = (
    (Message("user", "Tell me a long story about a fisherman and the sea."),),
    (Message("system", "You are a poet."), Message("user", "Write a poem about the wind.")),
)
RAW = ("Once upon a time there was a", "The months of the year are January,")


class Trial:
    """How an engine is asked and checked; class attributes fit it to the engine.

    `chats` and `raw` are prompts that get answers of more than `long` tokens, nearly always;
    either may be empty. `rounds` schedules of `requests` draws are played. `stop` is a string that
    is likely in any answer, `prefix` one that no answer repeats. `fixed`: the draws are recorded,
    so that parameters do not shape them. `deterministic`: a draw that is alone gives the same text
    for the same seed.
    """

    chats: ClassVar[tuple[tuple[Message, ...], ...]] = CHAT
    raw: ClassVar[tuple[str, ...]] = RAW
    rounds = 4
    requests = 12
    long = 48
    stop = " "
    prefix = "Certainly: once"
    fixed = False
    deterministic = True

    @pytest.fixture
    def spare(self, backend: Backend) -> Any:
        """A backend that a test may close; one of its own where `backend` is shared."""
        return backend

    def request(self, name: str, draw: int = 0, **changes: Any) -> Request:
        """Return a request; draws take turns with the prompts unless one is `asked`."""
        prompts = [*self.chats, *self.raw]
        asked = changes.pop("asked", prompts[draw % len(prompts)])
        made = Request(
            name,
            messages=() if isinstance(asked, str) else asked,
            prompt=asked if isinstance(asked, str) else None,
            seed=draw,
            draw=draw,
        )
        params = SamplingParams(
            temperature=changes.pop("temperature", 1.0),
            top_p=1.0,
            max_tokens=changes.pop("max_tokens", 6),
            stop=tuple(changes.pop("stops", ())),
        )
        return replace(made, params=params, **changes)

    @property
    def first(self) -> Any:
        """One prompt, a chat if there are chats."""
        return [*self.chats, *self.raw][0]

    def play(
        self, backend: Backend, chance: random.Random, name: str
    ) -> tuple[dict[str, Request], list[Completion]]:
        """Submit, wait and cancel at random until every request is back."""
        todo = [
            self.request(
                f"{name}/{draw}",
                draw,
                temperature=chance.choice([0.0, 1.0]),
                max_tokens=self.long if self.fixed else chance.randint(1, 7),
                stops=() if self.fixed else chance.choice([(), (), (self.stop,), ("never", "e")]),
            )
            for draw in range(self.requests)
        ]
        sent: dict[str, Request] = {}
        back: list[Completion] = []
        while todo or len(back) < len(sent):
            move = chance.random()
            if todo and move < 0.5:
                request = todo.pop()
                sent[request.id] = request
                backend.submit(request)
            elif sent and move < 0.65:
                # Also what is back already, and then it is unknown.
                backend.cancel(chance.choice(list(sent)))
            elif len(back) < len(sent):
                back.append(backend.wait())
        return sent, back

    def check(self, backend: Backend, done: Completion, request: Request) -> None:
        """A completion agrees with itself and with what was asked."""
        limit = request.params.max_tokens
        assert done.finish_reason in ("stop", "length", "cancelled"), done.error
        assert done.error is None
        assert done.completion_tokens is not None
        assert 0 <= done.completion_tokens <= limit
        assert done.chances is None
        if done.finish_reason == "cancelled":
            return
        assert done.completion_tokens > 0
        assert done.prompt_tokens is not None
        assert done.prompt_tokens > 0
        assert 0 <= (done.cached_tokens or 0) <= done.prompt_tokens
        if done.finish_reason == "length" and not self.fixed:
            assert done.completion_tokens == limit
        assert not any(stop in done.text for stop in request.params.stop)
        if done.stop is not None and not self.fixed:
            assert done.finish_reason == "stop"
            assert done.stop in request.params.stop
        self.check_logprob(backend, done)
        assert done.started is not None
        assert done.ended is not None
        assert done.started <= (done.first_token or done.started) <= done.ended

    @staticmethod
    def check_logprob(backend: Backend, done: Completion) -> None:
        """A log-probability is there if claimed, and only then."""
        if "logprobs" in backend.capabilities:
            assert done.logprob is not None
            assert math.isfinite(done.logprob)
            assert done.logprob <= 0
        else:
            assert done.logprob is None

    def complete(self, backend: Backend, *requests: Request) -> list[Completion]:
        """Submit all, wait for all, and return the completions in the order of the requests."""
        for request in requests:
            backend.submit(request)
        back = {done.request_id: done for done in (backend.wait() for _ in requests)}
        assert back.keys() == {request.id for request in requests}
        return [back[request.id] for request in requests]

    def length(self, tokens: int) -> int:
        """Return a token limit; recorded draws have their own."""
        return self.long if self.fixed else tokens

    def refused(self, backend: Backend, request: Request) -> None:
        """A request that cannot be answered is refused, by the completion or at once."""
        try:
            backend.submit(request)
        except BackendError:
            return
        done = backend.wait()
        assert done.request_id == request.id
        assert done.finish_reason == "error"
        assert done.error
        with pytest.raises(LookupError):
            backend.wait()
