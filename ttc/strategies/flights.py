"""Draws and distributions on their way: from a strategy's request to what comes of it, which the
store keeps."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from ttc import backends
from ttc.backends import Completion
from ttc.errors import BackendError, UsageError
from ttc.records import Problem
from ttc.store import Store, nodes
from ttc.strategies.draws import Draw, Stored
from ttc.strategies.engines import Engine
from ttc.strategies.nodes import Choose, Generate, Node, Reply
from ttc.strategies.traffic import Traffic
from ttc.strategies.usage import Budget, Usage

RETRIES = 2


class Flights:
    """Those of one task. What has come is in `ready`.

    What the store has comes before anything is submitted, one draw at a time and as if it were
    drawn now, side by side with the others that the budget admits: so a race that is run again
    ends as it did, and costs what it cost.
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
        self._stored: deque[Stored] = deque()
        self._racing: list[Stored] = []
        self._clock = 0
        self._waiting: deque[Draw] = deque()
        self._choices: deque[Choose] = deque()
        self._flying: dict[str, Draw | Choose] = {}
        self.usage = Usage()
        self.ready: list[Reply] = []
        self.nodes: list[Node] = []
        self.errors: list[str] = []

    @property
    def stored(self) -> bool:
        """Whether the store has something that has not come."""
        return bool(self._stored or self._racing)

    @property
    def flying(self) -> bool:
        """Whether anything is under way."""
        return bool(self._flying)

    @property
    def waiting(self) -> bool:
        """Whether anything has not been submitted."""
        return bool(self._waiting or self._choices)

    def take(self, asked: Sequence[Generate | Choose]) -> None:
        """Take requests in."""
        draws = [request for request in asked if isinstance(request, Generate)]
        self.usage.add_round(draws)
        self._choices += [request for request in asked if isinstance(request, Choose)]
        for request in draws:
            draw = self._draw(request)
            kept = nodes.find(self._store.reader, draw.place.key, draw.index)
            if kept is None:
                self._waiting.append(draw)
            else:
                self._stored.append(Stored(draw, kept))

    def fetch(self) -> bool:
        """Let the next draw of the store come; False if the budget admits none."""
        while self._stored and self._admits(self._stored[0].draw):
            each = self._stored.popleft()
            each.began = self._clock
            self._racing.append(each)
        if not self._racing:
            return False
        first = min(self._racing, key=lambda each: each.ends)
        self._racing.remove(first)
        self._clock = first.ends
        self._come(first.draw, first.kept.done, first.kept.seconds, new=False)
        return True

    def _admits(self, draw: Draw) -> bool:
        """Whether the budget covers a draw beside what is under way."""
        budget, usage = self._budget, self.usage
        draws = [what for what in self._flying.values() if isinstance(what, Draw)]
        draws += [each.draw for each in self._racing]
        tokens = usage.tokens + draw.most + sum(each.most for each in draws)
        fits = tokens <= budget.tokens and usage.calls + len(draws) < budget.calls
        return fits and usage.prompt < budget.prompt

    def _draw(self, request: Generate) -> Draw:
        if request.model not in self._engines:
            raise UsageError(f"no model is called {request.model!r} here")
        engine = self._engines[request.model]
        place = engine.place(self._problem, request)
        index = self._counts[place.key]
        self._counts[place.key] += 1
        return Draw(request, engine, place, index)

    def submit(self) -> None:
        """Submit what the budget covers beside what is under way."""
        while self._waiting and self._admits(self._waiting[0]):
            draw = self._waiting.popleft()
            self._send(draw.engine, draw.engine.request(draw.place, draw.index, draw.asked), draw)
        while self._choices and self.usage.prompt < self._budget.prompt:
            choice = self._choices.popleft()
            engine = self._engines[choice.model]
            self._send(engine, engine.choice(self._problem, choice), choice)

    def _send(self, engine: Engine, request: backends.Request, what: Draw | Choose) -> None:
        name = self._traffic.send(engine.backend, request, self)
        self._flying[name] = what

    def land(self, name: str, done: Completion) -> None:
        """Take in what came of a request."""
        what = self._flying.pop(name)
        if isinstance(what, Choose):
            self.usage.add_choice(done)
            error = done.error if done.finish_reason == "error" else None
            self.ready.append(Reply(what, chances=done.chances or {}, error=error))
            return
        self._keep(what, done)
        if done.finish_reason == "error" and what.tries < RETRIES:
            what.tries += 1
            self._waiting.appendleft(what)
            return
        started, ended = done.started, done.ended
        seconds = None if started is None or ended is None else ended - started
        self._come(what, done, seconds, new=True)

    def _keep(self, draw: Draw, done: Completion) -> None:
        at = draw.asked.at
        while at is not None and not at.key:
            at = at.parent  # what a strategy put there is in the prefix, and no sample
        parent = None if at is None else (at.key, at.index)
        seed = draw.engine.seed(draw.place, draw.index)
        self._store.submit(lambda c: nodes.insert(c, draw.place, draw.index, parent, seed, done))

    def _come(self, draw: Draw, done: Completion, seconds: float | None, *, new: bool) -> None:
        self.usage.add(done, new=new)
        if done.finish_reason == "error":
            self.errors.append(done.error or "a draw failed")
            self.ready.append(Reply(draw.asked, error=done.error))
            return
        node = Node(
            parent=draw.asked.at,
            text=done.text,
            tokens=done.completion_tokens or 0,
            finish=done.finish_reason,
            stop=done.stop,
            logprob=done.logprob,
            confidences=done.confidences,
            key=draw.place.key,
            index=draw.index,
            model=draw.asked.model,
            seconds=seconds,
        )
        self.usage.kv += node.tokens
        self.nodes.append(node)
        self.ready.append(Reply(draw.asked, node))

    def cancel(self, asked: Generate) -> None:
        """Give up a draw, begun or not. One that has come is left as it is."""
        for each in (*self._racing, *self._stored):
            if each.draw.asked is asked:
                begun = each in self._racing
                (self._racing if begun else self._stored).remove(each)
                tokens = self._clock - each.began if begun else 0
                done = Completion("", "", "cancelled", completion_tokens=tokens)
                self._come(each.draw, done, None, new=False)
                return
        for draw in self._waiting:
            if draw.asked is asked:
                self._waiting.remove(draw)
                # An earlier run may have begun it.
                tokens = nodes.given_up(self._store.reader, draw.place.key, draw.index)
                done = Completion("", "", "cancelled", completion_tokens=tokens)
                self._come(draw, done, None, new=False)
                return
        for name, what in self._flying.items():
            if isinstance(what, Draw) and what.asked is asked:
                self._traffic.cancel(name)
                return

    def give_up(self) -> None:
        """Cancel all that is under way and take in what it came to."""
        for asked in [each.draw.asked for each in (*self._racing, *self._stored)] + [
            draw.asked for draw in self._waiting
        ]:
            self.cancel(asked)
        self._choices.clear()
        for name in list(self._flying):
            self._traffic.cancel(name)
        while self._flying:
            try:
                self._traffic.wait()
            except BackendError as error:
                self.errors.append(str(error))
                self._flying.clear()
            self._waiting.clear()
