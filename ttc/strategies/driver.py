"""The driver: it alone draws, scores, counts, cancels, retries and remembers for every strategy.

A strategy is run from its beginning each time. What it asks for and the store has is answered from
there, before anything is submitted, so that a run which was killed goes on where it stopped, and
one that finished asks nothing of a model again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ttc.errors import UsageError
from ttc.store import Store
from ttc.strategies.engines import Engine
from ttc.strategies.flights import Flights
from ttc.strategies.nodes import Cancel, Decision, Evaluate, Node, Reply, Request, Strategy, Task
from ttc.strategies.scoring import Scorer, aggregate
from ttc.strategies.usage import Budget, Exhausted, Usage

UNLIMITED = Budget()


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a task: the decision, what it took, and whether the budget ended it.

    `nodes` are all pieces that were drawn; `scores` those of the pieces that were scored, by id.
    """

    decision: Decision
    usage: Usage
    exhausted: bool
    nodes: tuple[Node, ...]
    scores: Mapping[int, float]
    errors: tuple[str, ...] = ()


class Driver:
    """Runs strategies over engines by name (`main`, `draft`), a store, a scorer and a budget.

    `aggregation` puts the scores of a trace's steps together: `last`, `min`, `prod` or `mean`.
    `tell` hears of the usage after each reply.
    """

    def __init__(
        self,
        store: Store,
        engines: Mapping[str, Engine],
        *,
        scorer: Scorer | None = None,
        aggregation: str = "last",
        budget: Budget = UNLIMITED,
        tell: Callable[[Usage], None] = lambda usage: None,
    ) -> None:
        self._store = store
        self._engines = engines
        self._scorer = scorer
        self._aggregation = aggregation
        self._budget = budget
        self._tell = tell

    def check(self, strategy: Strategy) -> None:
        """Raise UsageError if a strategy needs what is not there, before the first token."""
        main = self._engines["main"].backend
        if lacking := sorted(strategy.needs - main.capabilities):
            raise UsageError(
                f"{strategy.name} needs {', '.join(lacking)}, which {main.model.name} does not "
                "have; llamacpp and vllm do, and a server that ttc models probe found to"
            )
        if strategy.scores and self._scorer is None:
            raise UsageError(f"{strategy.name} needs a scorer: --scorer NAME")
        if getattr(strategy, "drafts", False) and "draft" not in self._engines:
            raise UsageError(f"{strategy.name} needs a second model: --draft MODEL")

    def solve(self, strategy: Strategy, task: Task) -> Run:
        """Run a strategy on a task to its end, or to that of the budget."""
        self.check(strategy)
        began = time.monotonic()
        flights = Flights(self._store, self._engines, task.problem, self._budget)
        turns = _Turns(flights, self._scorer, self._aggregation, self._budget, task, began)
        talk = strategy.run(task)
        exhausted = False
        try:
            asked = next(talk)
            while True:
                turns.take(asked)
                try:
                    replies = turns.replies()
                except Exhausted as end:
                    exhausted = True
                    flights.give_up()
                    talk.throw(end)
                    raise  # one that goes on asking is answered by what it has offered
                self._tell(flights.usage)
                asked = talk.send(replies)
        except StopIteration as stop:
            decision: Decision = stop.value
        except Exhausted:
            decision = _best(task)
        finally:
            talk.close()
        flights.give_up()
        self._store.write(lambda connection: None)
        usage = flights.usage
        usage.seconds = time.monotonic() - began
        nodes, errors = tuple(flights.nodes), tuple(flights.errors)
        return Run(decision, usage, exhausted, nodes, turns.scores, errors)


class _Turns:
    """What a task asks for and is answered, turn by turn: draws by flights, scores here."""

    def __init__(
        self,
        flights: Flights,
        scorer: Scorer | None,
        aggregation: str,
        budget: Budget,
        task: Task,
        began: float,
    ) -> None:
        self._flights = flights
        self._scorer = scorer
        self._aggregation = aggregation
        self._budget = budget
        self._problem = task.problem
        self._deadline = began + budget.seconds
        self._evaluations: list[Evaluate] = []
        self.scores: dict[int, float] = {}

    def take(self, asked: Sequence[Request]) -> None:
        """Take requests in."""
        self._flights.take([each for each in asked if not isinstance(each, (Cancel, Evaluate))])
        self._evaluations += [each for each in asked if isinstance(each, Evaluate)]
        for each in asked:
            if isinstance(each, Cancel):
                self._flights.cancel(each.request)

    def replies(self) -> list[Reply]:
        """Return what has come, one reply at least. Exhausted if the budget does not cover more.

        Scores wait until no draw is under way: the scorer may ask the same engine.
        """
        flights = self._flights
        while not flights.ready:
            if time.monotonic() >= self._deadline:
                raise Exhausted
            if flights.stored and flights.fetch():
                continue
            if not flights.stored:
                flights.submit()
            if flights.flying:
                flights.receive()
            elif flights.waiting or flights.stored:
                raise Exhausted
            elif self._evaluations:
                self._evaluate()
            else:
                raise RuntimeError("the strategy waits, and nothing is under way")
        ready, flights.ready = flights.ready, []
        return ready

    def _evaluate(self) -> None:
        usage = self._flights.usage
        if usage.scores + len(self._evaluations) > self._budget.scores:
            raise Exhausted
        assert self._scorer is not None
        asked, self._evaluations = self._evaluations, []
        for scope in sorted({each.scope for each in asked}):
            batch = [each for each in asked if each.scope == scope]
            traces = [each.node for each in batch]
            found = self._scorer.score(self._problem, traces, scope)
            for request, score in zip(batch, found, strict=True):
                usage.scores += 1
                usage.scorer += score.tokens
                value = score.value
                if value is not None and not math.isnan(value):
                    value = self._counted(request, value)
                self._flights.ready.append(Reply(request, score=value, words=score.words))

    def _counted(self, request: Evaluate, value: float) -> float:
        if request.scope == "outcome":
            return value
        above = (self.scores.get(id(node)) for node in request.node.path[:-1])
        steps = [*(each for each in above if each is not None), value]
        # The score of half a step is replaced by that of the whole one.
        if request.scope == "step":
            self.scores[id(request.node)] = value
        return aggregate(steps, self._aggregation)


def _best(task: Task) -> Decision:
    """Decide by what a strategy has offered when its budget ended."""
    note = "the budget ended it"
    if not task.offered:
        return Decision(None, note=f"{note} before a trace was finished")
    best = max(task.offered, key=lambda pair: pair[1])[0]
    return Decision(best, tuple(task.offered), f"{note}; the best of {len(task.offered)}")
