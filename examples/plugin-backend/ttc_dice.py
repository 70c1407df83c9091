"""A template for backends of ttc, in one file: a model that draws random words.

    pip install ./examples/plugin-backend && ttc solve -m dice:fox,river "What is in the story?"

Replace the dice by your engine. `ttc.backends` documents what each method must do; the contract in
`test_ttc_dice.py` tests it.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from ttc import keys
from ttc.backends import Backend, Completion, ModelInfo, Request, refusal
from ttc.errors import UsageError
from ttc.records import FinishReason


def open_dice(model: str, options: Mapping[str, Any]) -> Backend:
    """Open `-m dice:WORD,WORD,…`. Must be cheap: nothing is loaded before the first request."""
    if options:
        raise UsageError(f"dice: no option {min(options)!r}; there are none")
    words = tuple(filter(None, model.split(",")))
    if not words:
        raise UsageError("dice: name the words, -m dice:fox,river")
    return Dice(words)


@dataclass(slots=True)
class Draw:
    """An unfinished request, and the words drawn for it so far."""

    request: Request
    dice: random.Random
    words: list[str] = field(default_factory=list)
    started: float | None = None
    first_token: float | None = None


class Dice:
    """Advance all draws by one word a step; `wait` does the steps."""

    # The contract tests every capability that is listed, and that all others are refused.
    capabilities = frozenset({"seed", "logprobs", "cancel"})

    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = words
        # The fingerprint identifies the weights: everything that changes what is drawn.
        self.model = ModelInfo("dice", keys.digest("dice1", list(words)))
        self._draws: dict[str, Draw] = {}
        self._done: deque[Completion] = deque()

    def submit(self, request: Request) -> None:
        """Queue a request; one that needs a missing capability is returned by `wait` as `error`."""
        if reason := refusal(request, self.capabilities):
            self._done.append(Completion(request.id, "", "error", error=reason))
            return
        self._draws[request.id] = Draw(request, random.Random(request.seed))

    def wait(self) -> Completion:
        """Step until a draw finishes and return it. Raises LookupError if there is none."""
        while not self._done:
            if not self._draws:
                raise LookupError("no request is under way")
            for draw in list(self._draws.values()):
                self._step(draw)
        return self._done.popleft()

    def _step(self, draw: Draw) -> None:
        draw.started = draw.started or monotonic()
        draw.words.append(draw.dice.choice(self._words))
        draw.first_token = draw.first_token or monotonic()
        params, text = draw.request.params, " ".join(draw.words)
        found = [(text.index(stop), stop) for stop in params.stop if stop in text]
        if found:
            at, stop = min(found)
            self._end(draw, "stop", text[:at], stop)
        elif len(draw.words) == params.max_tokens:
            self._end(draw, "length", text)

    def _end(self, draw: Draw, reason: FinishReason, text: str, stop: str | None = None) -> None:
        del self._draws[draw.request.id]
        tokens = len(draw.words)
        prompt = draw.request.prompt or "".join(turn.content for turn in draw.request.messages)
        self._done.append(
            Completion(
                draw.request.id,
                text,
                reason,
                prompt_tokens=len(prompt.split()),
                completion_tokens=tokens,
                logprob=-tokens * math.log(len(self._words)),
                stop=stop,
                started=draw.started,
                first_token=draw.first_token,
                ended=monotonic(),
            )
        )

    def cancel(self, request_id: str) -> None:
        """Stop a draw; it is returned with what it has. Unknown ids are ignored."""
        if (draw := self._draws.get(request_id)) is not None:
            self._end(draw, "cancelled", " ".join(draw.words))

    def close(self) -> None:
        """Drop everything."""
        self._draws.clear()
        self._done.clear()
