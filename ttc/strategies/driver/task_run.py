"""One task in progress: resume its strategy with replies, and pass its requests on."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from ttc import plugins
from ttc.strategies import (
    Cancel,
    Decision,
    Evaluate,
    Exhausted,
    Reply,
    Request,
    Strategy,
    Task,
)
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.in_flight import InFlight
from ttc.strategies.driver.pending import State
from ttc.strategies.driver.scoring import TraceScorer, aggregate


class TaskRun:
    """A strategy running on a task; it is `over` once there is a `decision`."""

    def __init__(self, strategy: Strategy, task: Task, in_flight: InFlight, budget: Budget) -> None:
        self.in_flight = in_flight
        self.decision: Decision | None = None
        self.exhausted = False
        self.scores: dict[int, float] = {}
        self._task = task
        self._budget = budget
        self._began = time.monotonic()
        self._evaluations: list[Evaluate] = []
        self._name = strategy.name
        self._strategy_run = strategy.run(task)
        self._resume(None)

    @property
    def over(self) -> bool:
        """Whether the strategy has decided."""
        return self.decision is not None

    @property
    def awaits_scores(self) -> bool:
        """Whether requested scores have not been computed."""
        return bool(self._evaluations)

    def advance(self) -> None:
        """Run until the strategy decides, or waits for an engine or for scores.

        If it asks for more than the budget covers, the budget ends it.
        """
        in_flight = self.in_flight
        while self.decision is None:
            if time.monotonic() >= self._began + self._budget.seconds:
                self._exhaust()
            elif in_flight.ready:
                ready, in_flight.ready = in_flight.ready, []
                self._resume(ready)
            elif in_flight.replay():
                continue
            else:
                recorded = in_flight.any(State.RECORDED, State.REPLAYING)
                if not recorded:
                    in_flight.submit()
                if in_flight.any(State.SUBMITTED):
                    return
                if recorded or in_flight.any(State.WAITING):
                    self._exhaust()
                elif not self._evaluations:
                    raise plugins.fault(
                        "strategies", self._name, "waits for replies, and nothing is under way"
                    )
                elif in_flight.usage.scores + len(self._evaluations) > self._budget.scores:
                    self._exhaust()
                else:
                    return

    def _resume(self, replies: list[Reply] | None) -> None:
        run = self._strategy_run
        try:
            asked = next(run) if replies is None else run.send(replies)
        except StopIteration as stop:
            self._end(stop.value)
        else:
            self._take(asked)

    def _take(self, asked: Sequence[Request]) -> None:
        self.in_flight.take([each for each in asked if not isinstance(each, (Cancel, Evaluate))])
        self._evaluations += [each for each in asked if isinstance(each, Evaluate)]
        for each in asked:
            if isinstance(each, Cancel):
                self.in_flight.cancel(each.request)

    def _exhaust(self) -> None:
        """Throw Exhausted into the strategy; if it does not decide, take its best offer."""
        self.exhausted = True
        self.in_flight.give_up()
        try:
            self._strategy_run.throw(Exhausted())
        except StopIteration as stop:
            self._end(stop.value)
        except Exhausted:
            self._end(_best_offer(self._task))
        else:
            self._end(_best_offer(self._task))

    def _end(self, decision: Decision) -> None:
        self.decision = decision
        self.close()
        self.in_flight.usage.seconds = time.monotonic() - self._began

    def close(self) -> None:
        """Close the strategy and cancel its requests."""
        self._strategy_run.close()
        self._evaluations.clear()
        self.in_flight.give_up()

    def score(self, scorer: TraceScorer, aggregation: str) -> None:
        """Score all traces that wait for it."""
        asked, self._evaluations = self._evaluations, []
        usage = self.in_flight.usage
        for scope in sorted({each.scope for each in asked}):
            batch = [each for each in asked if each.scope == scope]
            found = scorer.score(self._task.problem, [each.node for each in batch], scope)
            for request, score in zip(batch, found, strict=True):
                usage.scores += 1
                usage.scorer += score.tokens or 0
                usage.uncounted_scores += score.tokens is None
                value = score.value
                if value is not None and not math.isnan(value):
                    value = self._aggregated(request, value, aggregation)
                self.in_flight.ready.append(Reply(request, score=value, words=score.words))

    def _aggregated(self, request: Evaluate, value: float, aggregation: str) -> float:
        """Aggregate the score of a trace's last step with those of the steps before."""
        if request.scope == "outcome":
            return value
        above = (self.scores.get(id(node)) for node in request.node.path[:-1])
        steps = [*(each for each in above if each is not None), value]
        # The score of a partial step is not kept: that of the whole step replaces it.
        if request.scope == "step":
            self.scores[id(request.node)] = value
        return aggregate(steps, aggregation)


def _best_offer(task: Task) -> Decision:
    """Decide for the best trace that a strategy offered before its budget ended."""
    note = "the budget ended it"
    if not task.offered:
        return Decision(None, note=f"{note} before a trace was finished")
    best = max(task.offered, key=lambda pair: pair[1])[0]
    return Decision(best, tuple(task.offered), f"{note}; the best of {len(task.offered)}")
