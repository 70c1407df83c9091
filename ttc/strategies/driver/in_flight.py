"""Draws and distributions on their way: from a strategy's request to what comes of it, which the
store keeps."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from ttc import backends
from ttc.backends import Completion
from ttc.errors import BackendError, UsageError
from ttc.records import Problem
from ttc.store import Store, samples, traces
from ttc.strategies import Generate, Node, Question, Reply
from ttc.strategies.driver.budget import Budget, Usage
from ttc.strategies.driver.engine import Engine
from ttc.strategies.driver.multiplexer import Traffic
from ttc.strategies.driver.pending import Draw, Race, Room, Stored

RETRIES = 2


class Flights:
    """Those of one task. What has come is in `ready`.

    What the store has comes before anything is submitted, one draw at a time, as if all that were
    asked for together were drawn side by side, as far as the budget covers them: so a race that
    is run again ends as it did, and costs what it cost.
    """

    def __init__(
        self,
        store: Store,
        engines: Mapping[str, Engine],
        problem: Problem,
        budget: Budget,
        traffic: Traffic,
    ) -> None:
        self._store = store
        self._traffic = traffic
        self._engines = engines
        self._problem = problem
        self._budget = budget
        self._counts: Counter[str] = Counter()
        self._kept: deque[Stored] = deque()  # not begun
        self._stored: list[Stored] = []  # begun, by where they end
        self._waiting: deque[Draw] = deque()
        self._questions: deque[Question] = deque()
        self._flying: dict[str, Draw | Question] = {}
        self.usage = Usage()
        self.ready: list[Reply] = []
        self.nodes: list[Node] = []
        self.errors: list[str] = []

    @property
    def stored(self) -> bool:
        """Whether the store has something that has not come."""
        return bool(self._kept or self._stored)

    @property
    def flying(self) -> bool:
        """Whether anything is under way."""
        return bool(self._flying)

    @property
    def waiting(self) -> bool:
        """Whether anything has not been submitted."""
        return bool(self._waiting or self._questions)

    def take(self, asked: Sequence[Generate | Question]) -> None:
        """Take requests in."""
        draws = [request for request in asked if isinstance(request, Generate)]
        self.usage.add_round(draws)
        for request in asked:
            if not isinstance(request, Generate):
                self._take_question(request)
        race = Race()
        for request in draws:
            draw = self._draw(request)
            kept = traces.find(self._store.reader, draw.place.key, draw.index)
            if kept is None:
                self._waiting.append(draw)
            else:
                self._kept.append(Stored(draw, kept, race))

    def _take_question(self, request: Question) -> None:
        done = self._engine(request).remembered(self._problem, request)
        if done is None:
            self._questions.append(request)
        else:
            self._answer(request, done)

    def _answer(self, request: Question, done: Completion) -> None:
        self.usage.add_choice(done)
        error = done.error if done.finish_reason == "error" else None
        self.ready.append(
            Reply(request, chances=done.chances or {}, logprob=done.logprob, error=error)
        )

    def _engine(self, request: Generate | Question) -> Engine:
        if request.model not in self._engines:
            raise UsageError(f"no model is called {request.model!r} here")
        return self._engines[request.model]

    def fetch(self) -> bool:
        """Let the next draw of the store come; False if the budget does not cover it."""
        self._begin()
        if not self._stored:
            return False
        first = self._stored.pop(0)
        first.race.clock = max(first.race.clock, first.ends)
        self._come(first.draw, first.kept.done, first.kept.seconds, new=False)
        return True

    def _begin(self) -> None:
        """Begin the draws of the store that the budget covers, as if they were drawn now."""
        room = self._room()
        begun = False
        while self._kept and room.covers(self._kept[0].draw):
            each = self._kept.popleft()
            each.began, begun = each.race.clock, True
            self._stored.append(each)
        if begun:
            self._stored.sort(key=lambda each: each.ends)

    def _room(self) -> Room:
        usage = self.usage
        flying = [what for what in self._flying.values() if isinstance(what, Draw)]
        under_way = [*flying, *(each.draw for each in self._stored)]
        tokens = usage.charged + sum(draw.most for draw in under_way)
        return Room(self._budget, usage.prompt, tokens, usage.calls + len(under_way))

    def _draw(self, request: Generate) -> Draw:
        engine = self._engine(request)
        place = engine.place(self._problem, request)
        index = self._counts[place.key]
        self._counts[place.key] += 1
        return Draw(request, engine, place, index)

    def submit(self) -> None:
        """Submit what the budget covers beside what is under way."""
        room = self._room()
        while self._waiting and room.covers(self._waiting[0]):
            draw = self._waiting.popleft()
            self._send(draw.engine, draw.engine.request(draw.place, draw.index, draw.asked), draw)
        while self._questions and self.usage.prompt < self._budget.prompt:
            question = self._questions.popleft()
            engine = self._engine(question)
            self._send(engine, engine.question(self._problem, question), question)

    def _send(self, engine: Engine, request: backends.Request, what: Draw | Question) -> None:
        self._flying[self._traffic.send(engine.backend, request, self)] = what

    def land(self, name: str, done: Completion) -> None:
        """Take in what came of a request."""
        what = self._flying.pop(name)
        if not isinstance(what, Draw):
            self._engine(what).remember(self._problem, what, done)
            self._answer(what, done)
            return
        self._keep(what, done)
        if done.finish_reason == "error" and what.tries < RETRIES:
            what.tries += 1
            self.usage.add_failed(done, most=what.most)
            self._waiting.appendleft(what)
            return
        self._come(what, done, samples.elapsed(done.started, done.ended), new=True)

    def _keep(self, draw: Draw, done: Completion) -> None:
        at = draw.asked.at
        while at is not None and not at.key:
            at = at.parent  # what a strategy put there is in the prefix, and no sample
        parent = None if at is None else (at.key, at.index)
        seed = draw.engine.seed(draw.place, draw.index)
        self._store.submit(lambda c: traces.insert(c, draw.place, draw.index, parent, seed, done))

    def _come(
        self,
        draw: Draw,
        done: Completion,
        seconds: float | None,
        *,
        new: bool,
        begun: bool = True,
    ) -> None:
        if begun:
            self.usage.add(done, new=new, most=draw.most)
        if done.finish_reason == "error":
            self.errors.append(done.error or "a draw failed")
            self.ready.append(Reply(draw.asked, error=done.error))
            return
        node = draw.node(done, seconds)
        self.usage.kv += node.tokens
        self.nodes.append(node)
        self.ready.append(Reply(draw.asked, node))

    def cancel(self, asked: Generate) -> None:
        """Give up a draw, begun or not. One that has come is left as it is."""
        for each in [*self._stored, *self._kept]:
            if each.draw.asked is asked:
                begun = each in self._stored
                (self._stored if begun else self._kept).remove(each)
                self._give_up(each.draw, each.cut if begun else None)
                return
        for draw in self._waiting:
            if draw.asked is asked:
                self._waiting.remove(draw)
                # An earlier run may have begun it, as this one would have if it may.
                cut = traces.given_up(self._store.reader, draw.place.key, draw.index)
                self._give_up(draw, cut if self._room().covers(draw) else None)
                return
        for name, what in self._flying.items():
            if isinstance(what, Draw) and what.asked is asked:
                self._traffic.cancel(name)
                return

    def _give_up(self, draw: Draw, cut: Completion | None) -> None:
        """Let a draw that is not under way come back; `cut` is what it came to, if it began."""
        done = Completion("", "", "cancelled") if cut is None else cut
        self._come(draw, done, None, new=False, begun=cut is not None)

    def give_up(self) -> None:
        """Cancel all that is under way and take in what it came to."""
        there = [each.draw for each in [*self._stored, *self._kept]]
        for draw in [*there, *self._waiting]:
            self.cancel(draw.asked)
        self._questions.clear()
        for name in list(self._flying):
            self._traffic.cancel(name)
        while self._flying:
            try:
                self._traffic.wait()
            except BackendError as error:
                self.errors.append(str(error))
                self._flying.clear()
            self._waiting.clear()
