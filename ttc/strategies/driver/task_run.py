"""One task under way: its strategy, what it asked for, and what it is told."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from ttc import plugins
from ttc.strategies import Cancel, Decision, Evaluate, Reply, Request, Strategy, Task
from ttc.strategies.driver.budget import Budget, Exhausted
from ttc.strategies.driver.in_flight import Flights
from ttc.strategies.driver.scoring import Scorer, aggregate


class Job:
    """A strategy on a task. It is `over` once there is a `decision`."""

    def __init__(self, strategy: Strategy, task: Task, flights: Flights, budget: Budget) -> None:
        self.flights = flights
        self.decision: Decision | None = None
        self.exhausted = False
        self.scores: dict[int, float] = {}
        self._task = task
        self._budget = budget
        self._began = time.monotonic()
        self._evaluations: list[Evaluate] = []
        self._name = strategy.name
        self._talk = strategy.run(task)
        self._go_on(None)

    @property
    def over(self) -> bool:
        """Whether it has decided."""
        return self.decision is not None

    @property
    def asks_scores(self) -> bool:
        """Whether it waits for scores."""
        return bool(self._evaluations)

    def advance(self) -> None:
        """Go on until it has decided, or waits for what is under way, or for scores.

        Where the budget does not cover what it asks for, that ends it.
        """
        while self.decision is None:
            flights = self.flights
            if time.monotonic() >= self._began + self._budget.seconds:
                self._exhaust()
            elif flights.ready:
                ready, flights.ready = flights.ready, []
                self._go_on(ready)
            elif flights.stored and flights.fetch():
                continue
            else:
                if not flights.stored:
                    flights.submit()
                if flights.flying:
                    return
                if flights.waiting or flights.stored:
                    self._exhaust()
                elif not self._evaluations:
                    raise plugins.fault(
                        "strategies", self._name, "waits for replies, and nothing is under way"
                    )
                elif self.flights.usage.scores + len(self._evaluations) > self._budget.scores:
                    self._exhaust()
                else:
                    return

    def _go_on(self, replies: list[Reply] | None) -> None:
        try:
            asked = next(self._talk) if replies is None else self._talk.send(replies)
        except StopIteration as stop:
            self._end(stop.value)
        else:
            self._take(asked)

    def _take(self, asked: Sequence[Request]) -> None:
        self.flights.take([each for each in asked if not isinstance(each, (Cancel, Evaluate))])
        self._evaluations += [each for each in asked if isinstance(each, Evaluate)]
        for each in asked:
            if isinstance(each, Cancel):
                self.flights.cancel(each.request)

    def _exhaust(self) -> None:
        """Tell the strategy; one that does not decide is answered by what it has offered."""
        self.exhausted = True
        self.flights.give_up()
        try:
            self._talk.throw(Exhausted())
        except StopIteration as stop:
            self._end(stop.value)
        except Exhausted:
            self._end(_best(self._task))
        else:
            self._end(_best(self._task))

    def _end(self, decision: Decision) -> None:
        self.decision = decision
        self.close()
        self.flights.usage.seconds = time.monotonic() - self._began

    def close(self) -> None:
        """Give up what is under way."""
        self._talk.close()
        self._evaluations.clear()
        self.flights.give_up()

    def score(self, scorer: Scorer, aggregation: str) -> None:
        """Have all traces scored that wait for it."""
        asked, self._evaluations = self._evaluations, []
        usage = self.flights.usage
        for scope in sorted({each.scope for each in asked}):
            batch = [each for each in asked if each.scope == scope]
            found = scorer.score(self._task.problem, [each.node for each in batch], scope)
            for request, score in zip(batch, found, strict=True):
                usage.scores += 1
                usage.scorer += score.tokens or 0
                usage.uncounted_scores += score.tokens is None
                value = score.value
                if value is not None and not math.isnan(value):
                    value = self._counted(request, value, aggregation)
                self.flights.ready.append(Reply(request, score=value, words=score.words))

    def _counted(self, request: Evaluate, value: float, aggregation: str) -> float:
        if request.scope == "outcome":
            return value
        above = (self.scores.get(id(node)) for node in request.node.path[:-1])
        steps = [*(each for each in above if each is not None), value]
        # The score of half a step is replaced by that of the whole one.
        if request.scope == "step":
            self.scores[id(request.node)] = value
        return aggregate(steps, aggregation)


def _best(task: Task) -> Decision:
    """Decide by what a strategy has offered when its budget ended."""
    note = "the budget ended it"
    if not task.offered:
        return Decision(None, note=f"{note} before a trace was finished")
    best = max(task.offered, key=lambda pair: pair[1])[0]
    return Decision(best, tuple(task.offered), f"{note}; the best of {len(task.offered)}")
