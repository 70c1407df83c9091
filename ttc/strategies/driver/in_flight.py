"""The requests of one task from the strategy's yield to the reply. Draws are kept in the store."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ttc import backends
from ttc.backends import Completion
from ttc.errors import BackendError, UsageError
from ttc.records import Problem
from ttc.store import Store, samples, traces
from ttc.strategies import Generate, Node, Question, Reply
from ttc.strategies.driver.budget import Budget, TaskUsage
from ttc.strategies.driver.engine import ModelEngine
from ttc.strategies.driver.multiplexer import Sender
from ttc.strategies.driver.pending import Allowance, BatchClock, PendingDraw, PendingQuestion, State

RETRIES = 2  # of a draw that failed


class InFlight:
    """The pending requests of one task, each with its state, and what came of the others.

    A draw that the store has goes from RECORDED to REPLAYING to its reply; any other request from
    WAITING to SUBMITTED to its reply, and back to WAITING if it failed. Within a state, the order
    of the dict is the order of service.

    Draws of the store are replayed before anything is submitted, one at a time and as far as the
    budget covers them, in the order in which they would end if all that were requested together
    ran side by side. So a race that is run again ends as it did, and costs what it cost.

    `numbering` returns the index of the next draw with a key (None: 0, 1, 2, …).
    """

    def __init__(
        self,
        store: Store,
        engines: Mapping[str, ModelEngine],
        problem: Problem,
        budget: Budget,
        sender: Sender,
        numbering: Callable[[str], int] | None = None,
    ) -> None:
        self._store = store
        self._engines = engines
        self._problem = problem
        self._budget = budget
        self._sender = sender
        self._pending: OrderedDict[PendingDraw | PendingQuestion, State] = OrderedDict()
        self._next_index: Counter[str] = Counter()  # by request key
        self._numbering = numbering or self._in_order
        self.usage = TaskUsage()
        self.ready: list[Reply] = []
        self.nodes: list[Node] = []
        self.errors: list[str] = []

    def any(self, *states: State) -> bool:
        """Whether a pending request is in one of these states."""
        there = self._pending.values()
        return any(state in there for state in states)

    def _draws(self, *states: State) -> list[PendingDraw]:
        return [
            pending
            for pending, state in self._pending.items()
            if state in states and isinstance(pending, PendingDraw)
        ]

    def take(self, asked: Sequence[Generate | Question]) -> None:
        """Take in what a strategy yielded together."""
        draws = [request for request in asked if isinstance(request, Generate)]
        self.usage.add_round(draws)
        for request in asked:
            if not isinstance(request, Generate):
                self._take_question(request)
        clock = BatchClock()
        for request in draws:
            self._take_draw(request, clock)

    def _take_question(self, request: Question) -> None:
        engine = self._engine(request)
        done = engine.remembered(self._problem, request)
        if done is None:
            self._pending[PendingQuestion(request, engine)] = State.WAITING
        else:
            self._answer(request, done)

    def _take_draw(self, request: Generate, clock: BatchClock) -> None:
        engine = self._engine(request)
        key = engine.request_key(self._problem, request)
        index = self._numbering(key.key)
        recorded = traces.find(self._store.reader, key.key, index)
        draw = PendingDraw(request, engine, key, index, clock, recorded)
        self._pending[draw] = State.WAITING if recorded is None else State.RECORDED

    def _in_order(self, key: str) -> int:
        """Return the index of a task's next draw with a key: 0, 1, 2, …"""
        self._next_index[key] += 1
        return self._next_index[key] - 1

    def _engine(self, request: Generate | Question) -> ModelEngine:
        if request.model not in self._engines:
            known = ", ".join(self._engines)
            raise UsageError(f"no model is called {request.model!r} here; there are: {known}")
        return self._engines[request.model]

    def replay(self) -> bool:
        """Deliver the next draw of the store; return False if there is none, or the budget does not
        cover it."""
        if self.any(State.RECORDED):
            allowance = self._allowance()
            for draw in self._draws(State.RECORDED):
                if not allowance.reserve(draw):
                    break
                draw.began = draw.clock.tokens
                self._pending[draw] = State.REPLAYING
        elif not self.any(State.REPLAYING):
            return False
        first = min(self._draws(State.REPLAYING), key=lambda draw: draw.ends, default=None)
        if first is None:
            return False
        assert first.recorded is not None
        del self._pending[first]
        first.clock.tokens = max(first.clock.tokens, first.ends)
        self._finish(first, first.recorded.done, first.recorded.seconds, new=False)
        return True

    def _allowance(self) -> Allowance:
        usage, begun = self.usage, self._draws(State.SUBMITTED, State.REPLAYING)
        tokens = usage.charged + sum(draw.max_tokens for draw in begun)
        return Allowance(self._budget, usage.prompt, tokens, usage.calls + len(begun))

    def submit(self) -> None:
        """Submit what waits, as far as the budget covers it beside what has begun."""
        if not self.any(State.WAITING):
            return
        allowance = self._allowance()
        for draw in self._draws(State.WAITING):
            if not allowance.reserve(draw):
                break
            self._send(draw, draw.engine.request(draw.request_key, draw.index, draw.asked))
        if self.usage.prompt >= self._budget.prompt:
            return
        for pending, state in list(self._pending.items()):
            if state is State.WAITING and isinstance(pending, PendingQuestion):
                self._send(pending, pending.engine.question(self._problem, pending.asked))

    def _send(self, pending: PendingDraw | PendingQuestion, request: backends.Request) -> None:
        deliver = partial(self._deliver, pending)
        pending.request_id = self._sender.send(pending.engine.backend, request, deliver)
        self._pending[pending] = State.SUBMITTED
        self._pending.move_to_end(pending)

    def _deliver(self, pending: PendingDraw | PendingQuestion, done: Completion) -> None:
        if self._pending.pop(pending, None) is None:
            return  # it was given up when its engine failed
        if isinstance(pending, PendingQuestion):
            pending.engine.remember(self._problem, pending.asked, done)
            self._answer(pending.asked, done)
            return
        self._keep(pending, done)
        if done.finish_reason == "error" and pending.tries < RETRIES:
            pending.tries += 1
            self.usage.add_failed(done, max_tokens=pending.max_tokens)
            self._pending[pending] = State.WAITING
            self._pending.move_to_end(pending, last=False)
            return
        seconds = samples.elapsed(done.started, done.ended)
        self._finish(pending, done, seconds, new=True)

    def _keep(self, draw: PendingDraw, done: Completion) -> None:
        at = draw.asked.at
        while at is not None and not at.key:
            at = at.parent  # a text that the strategy gave is in the prefix, and is no sample
        parent = None if at is None else (at.key, at.index)
        key, index = draw.request_key, draw.index
        seed = draw.engine.seed(key, index)
        self._store.submit(lambda c: traces.insert(c, key, index, parent, seed, done))

    def _answer(self, request: Question, done: Completion) -> None:
        self.usage.add_question(done)
        error = done.error if done.finish_reason == "error" else None
        self.ready.append(
            Reply(request, chances=done.chances or {}, logprob=done.logprob, error=error)
        )

    def _finish(
        self,
        draw: PendingDraw,
        done: Completion,
        seconds: float | None,
        *,
        new: bool,
        begun: bool = True,
    ) -> None:
        """Count a draw that has ended, and make its reply. One that never began costs nothing."""
        if begun:
            self.usage.add(done, new=new, max_tokens=draw.max_tokens)
        if done.finish_reason == "error":
            self.errors.append(done.error or "a draw failed")
            self.ready.append(Reply(draw.asked, error=done.error))
            return
        node = draw.node(done, seconds)
        self.usage.kv += node.tokens
        self.nodes.append(node)
        self.ready.append(Reply(draw.asked, node))

    def cancel(self, asked: Generate) -> None:
        """Cancel a draw, begun or not; leave one that has its reply as it is."""
        every = [*self._not_submitted(), *self._draws(State.SUBMITTED)]
        draw = next((draw for draw in every if draw.asked is asked), None)
        if draw is not None:
            self._cancel(draw)

    def _not_submitted(self) -> list[PendingDraw]:
        replaying = sorted(self._draws(State.REPLAYING), key=lambda draw: draw.ends)
        return [*replaying, *self._draws(State.RECORDED), *self._draws(State.WAITING)]

    def _cancel(self, draw: PendingDraw) -> None:
        state, cut = self._pending[draw], None
        if state is State.SUBMITTED:
            self._sender.cancel(draw.request_id)
            return
        if state is State.REPLAYING:
            cut = draw.cut()
        elif state is State.WAITING and self._allowance().reserve(draw):
            # This run would have begun it, and so may have an earlier one.
            cut = traces.given_up(self._store.reader, draw.request_key.key, draw.index)
        del self._pending[draw]
        done = cut or Completion("", "", "cancelled")
        self._finish(draw, done, None, new=False, begun=cut is not None)

    def give_up(self) -> None:
        """Cancel all pending requests, and wait for what those submitted have had so far."""
        for draw in self._not_submitted():
            self._cancel(draw)
        for pending, state in list(self._pending.items()):
            if state is State.SUBMITTED:
                self._sender.cancel(pending.request_id)
        while self.any(State.SUBMITTED):
            try:
                self._sender.wait()
            except BackendError as error:
                self.errors.append(str(error))
                break
        self._pending.clear()
