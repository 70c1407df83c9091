"""A template for backends of ttc: a model that throws dice for words, in one file.

    pip install ./examples/backend && ttc solve -m dice:fox,river "What is in the story?"

Put your engine where the dice are. What each verb must do is in `ttc.backends`; the contract in
`test_ttc_dice.py` says whether it does.
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
    """Open `-m dice:WORD,WORD,…`. Cheap: nothing is loaded before the first request."""
    if options:
        raise UsageError(f"dice: no option {min(options)!r}; it has none")
    words = tuple(filter(None, model.split(",")))
    if not words:
        raise UsageError("dice: name the words, -m dice:fox,river")
    return Dice(words)


@dataclass(slots=True)
class Draw:
    """A request under way, and the words that were thrown for it."""

    request: Request
    dice: random.Random
    words: list[str] = field(default_factory=list)
    started: float | None = None
    first_token: float | None = None


class Dice:
    """Advances all its draws by one word a step; steps are made inside `wait`."""

    # What is claimed is tested, and what is not claimed must be refused.
    capabilities = frozenset({"seed", "logprobs", "cancel"})

    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = words
        # The fingerprint stands for the weights: for all that changes what is drawn.
        self.model = ModelInfo("dice", keys.digest("dice1", list(words)))
        self._draws: dict[str, Draw] = {}
        self._done: deque[Completion] = deque()

    def submit(self, request: Request) -> None:
        """Queue a request; one that asks for more than we can comes back as `error`."""
        if reason := refusal(request, self.capabilities):
            self._done.append(Completion(request.id, "", "error", error=reason))
            return
        self._draws[request.id] = Draw(request, random.Random(request.seed))

    def wait(self) -> Completion:
        """Step until a draw ends."""
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
        """End a draw where it is: it comes back with what it has. Unknown ids are ignored."""
        if (draw := self._draws.get(request_id)) is not None:
            self._end(draw, "cancelled", " ".join(draw.words))

    def close(self) -> None:
        """Forget everything."""
        self._draws.clear()
        self._done.clear()
