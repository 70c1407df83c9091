"""An engine without a model: known completions on a virtual clock that counts tokens.

`slots` draws run side by side at one token a tick each, so the order of finishing, cancellation and
its cost are exactly those of a batched engine. The backends `replay` and `scripted` are this engine
with different scripts.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from ttc.backends import Completion, ModelInfo, Request, refusal

PIECE = 0.02  # seconds
CAPABILITIES = frozenset({"seed", "logprobs", "cancel"})


@dataclass(frozen=True, slots=True)
class Running:
    """A draw under way: its whole completion, and the tick at which it began."""

    request: Request
    script: Completion
    began: int

    @property
    def ticks(self) -> int:
        """How many ticks it runs: one for each token, and at least one."""
        return max(self.script.completion_tokens or 1, 1)


class SimulatedBackend:
    """Answers each request with `script(request)`; `tick` real seconds pass for each token.

    A script is a Completion; request id and times are filled in here.
    """

    def __init__(
        self,
        model: ModelInfo,
        script: Callable[[Request], Completion],
        *,
        slots: int | None = None,
        tick: float = 0.0,
        capabilities: frozenset[str] = CAPABILITIES,
    ) -> None:
        self.model = model
        self.capabilities = capabilities
        self._script = script
        self.slots = slots
        self._tick = tick
        self._clock = 0
        self._waiting: deque[tuple[Request, Completion]] = deque()
        self._running: dict[str, Running] = {}
        self._order: list[tuple[int, int, str]] = []
        self._over: deque[Completion] = deque()
        self._started = 0
        self.generated = 0  # tokens
        self._epoch = time.monotonic()

    def submit(self, request: Request) -> None:
        """Queue a request; refuse one that needs a capability which a script does not have."""
        if reason := refusal(request, self.capabilities):
            self._over.append(Completion(request.id, "", "error", error=reason))
            return
        self._waiting.append((request, self._script(request)))
        self._fill()

    def _fill(self) -> None:
        while self._waiting and (self.slots is None or len(self._running) < self.slots):
            request, script = self._waiting.popleft()
            running = Running(request, script, self._clock)
            self._running[request.id] = running
            self._started += 1
            # Equal finish times keep the order in which the draws began.
            heapq.heappush(self._order, (self._clock + running.ticks, self._started, request.id))

    def wait(self) -> Completion:
        """Advance the clock to the end of the next draw and return it."""
        while True:
            if (done := self.step()) is not None:
                return done

    def step(self) -> Completion | None:
        """Advance the clock to the end of the next draw, but by no more than PIECE real seconds."""
        if self._over:
            return self._over.popleft()
        while self._order and self._order[0][2] not in self._running:
            heapq.heappop(self._order)  # cancelled meanwhile
        if not self._order:
            raise LookupError("no request is under way")
        ends, _, request_id = self._order[0]
        if self._tick:
            ticks = min(ends - self._clock, max(int(PIECE / self._tick), 1))
            time.sleep(ticks * self._tick)
            self._advance(self._clock + ticks)
            if self._clock < ends:
                return None
        heapq.heappop(self._order)
        self._advance(ends)
        running = self._running.pop(request_id)
        self._fill()
        return self._timed(running)

    def _advance(self, clock: int) -> None:
        self.generated += (clock - self._clock) * len(self._running)
        self._clock = clock

    def _timed(self, running: Running) -> Completion:
        def at(ticks: int) -> float:
            return self._epoch + ticks * (self._tick or 0.001)

        return replace(
            running.script,
            request_id=running.request.id,
            started=at(running.began),
            first_token=at(running.began + 1),
            ended=at(self._clock),
        )

    def cancel(self, request_id: str) -> None:
        """Stop a draw at the present tick; its completion has the tokens so far."""
        running = self._running.pop(request_id, None)
        if running is None:
            queued = next((pair for pair in self._waiting if pair[0].id == request_id), None)
            if queued is None:
                return
            self._waiting.remove(queued)
            running = Running(*queued, began=self._clock)
        tokens = self._clock - running.began
        share = tokens / running.ticks
        partial = replace(
            running.script,
            text=running.script.text[: int(share * len(running.script.text))],
            finish_reason="cancelled",
            completion_tokens=tokens,
            think_tokens=None if running.script.think_tokens else running.script.think_tokens,
            logprob=None,
            confidences=None,
            stop=None,
        )
        self._over.append(self._timed(replace(running, script=partial)))
        self._fill()

    def close(self) -> None:
        """Drop all requests."""
        self._waiting.clear()
        self._running.clear()
        self._order.clear()
        self._over.clear()
