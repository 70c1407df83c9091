"""The driver: it draws, scores, counts, cancels, retries and stores for every strategy.

A strategy always runs from its beginning. Requests that the store has an answer for are answered
from there before anything is submitted, so a run that was killed continues where it stopped, and
one that finished asks the model nothing.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ttc.errors import TtcError, UsageError
from ttc.messages.progress import Stage
from ttc.plugins.abilities import Drafting
from ttc.store import Store
from ttc.strategies import Decision, Node, Strategy, Task
from ttc.strategies.driver.budget import Budget, TaskUsage
from ttc.strategies.driver.engine import ModelEngine
from ttc.strategies.driver.in_flight import InFlight
from ttc.strategies.driver.multiplexer import Multiplexer, Sender
from ttc.strategies.driver.scoring import TraceScorer
from ttc.strategies.driver.task_run import TaskRun

UNLIMITED = Budget()


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a task: the decision, its usage, and whether the budget ended it.

    `nodes` are all nodes in the order in which they came; `scores` are the scores of single steps
    by `id(node)`; `errors` has a line for each draw that failed for good.
    """

    decision: Decision
    usage: TaskUsage
    exhausted: bool
    nodes: tuple[Node, ...]
    scores: Mapping[int, float]
    errors: tuple[str, ...] = ()


class Driver:
    """Runs strategies over engines by name (`main`, `draft`), a store, a scorer and a budget.

    `aggregation` combines the scores of a trace's steps: `last`, `min`, `prod` or `mean`. `stage`
    counts the draws that have ended, and their tokens.
    """

    def __init__(
        self,
        store: Store,
        engines: Mapping[str, ModelEngine],
        *,
        scorer: TraceScorer | None = None,
        aggregation: str = "last",
        budget: Budget = UNLIMITED,
        stage: Stage | None = None,
    ) -> None:
        self._store = store
        self._engines = engines
        self._scorer = scorer
        self._aggregation = aggregation
        self._budget = budget
        self._stage = stage
        self._over: Counter[str] = Counter()  # what the tasks that are over came to

    def check(self, strategy: Strategy) -> None:
        """Raise UsageError if something that a strategy needs is missing, before the first
        token."""
        self._check_capabilities(strategy, strategy.needs, "main")
        if strategy.scores and self._scorer is None:
            raise UsageError(f"{strategy.name} needs a scorer: --scorer NAME")
        if isinstance(strategy, Drafting) and strategy.drafts:
            if "draft" not in self._engines:
                raise UsageError(f"{strategy.name} needs a second model: --draft MODEL")
            # The main model is the judge.
            self._check_capabilities(strategy, strategy.needs - {"choose"}, "draft")

    def _check_capabilities(self, strategy: Strategy, needs: frozenset[str], name: str) -> None:
        backend = self._engines[name].backend
        if lacking := sorted(needs - backend.capabilities):
            raise UsageError(
                f"{strategy.name} needs {', '.join(lacking)}, which {backend.model.name} does not "
                "have; llamacpp and vllm do, and some servers (test one with: ttc models probe URL)"
            )

    def solve(self, strategy: Strategy, task: Task) -> RunResult:
        """Run a strategy on a task until it decides or its budget ends."""
        return next(self.run([(strategy, task)]))

    def run(self, tasks: Iterable[tuple[Strategy, Task]], width: int = 1) -> Iterator[RunResult]:
        """Run strategies on tasks, `width` side by side; yield the results in their order.

        Closing the iterator cancels what is under way. If `tasks` raises a TtcError, the tasks
        before it are finished first.
        """
        source = iter(tasks)
        multiplexer = Multiplexer()
        running: deque[TaskRun] = deque()
        more = True
        failure: TtcError | None = None
        try:
            while more or running:
                while more and sum(not each.over for each in running) < width:
                    try:
                        pair = next(source, None)
                    except TtcError as error:
                        failure, pair = error, None
                    if pair is None:
                        more = False
                    else:
                        running.append(self.begin(*pair, multiplexer))
                for each in running:
                    each.advance()
                self._count(running)
                while running and running[0].over:
                    yield self._result(running.popleft())
                self._wait(multiplexer, running)
        except (Exception, GeneratorExit):
            # Else their completions would come to the next user of the engines.
            for each in running:
                each.close()
            raise
        except KeyboardInterrupt:
            multiplexer.abandon()
            raise
        if failure is not None:
            raise failure

    def begin(
        self,
        strategy: Strategy,
        task: Task,
        sender: Sender,
        numbering: Callable[[str], int] | None = None,
    ) -> TaskRun:
        """Begin a task, whose requests go out by `sender`; the caller advances it.

        `numbering` is that of `InFlight`. UsageError if something that the strategy needs is
        missing.
        """
        self.check(strategy)
        task = replace(task, problem=replace(task.problem, reference={}))
        in_flight = InFlight(
            self._store, self._engines, task.problem, self._budget, sender, numbering
        )
        return TaskRun(strategy, task, in_flight, self._budget)

    def _wait(self, multiplexer: Multiplexer, running: Iterable[TaskRun]) -> None:
        """Wait for a completion; if no request is at an engine, compute the scores.

        The scorer may ask a model on the same engine, so scores wait until all draws have ended.
        """
        if multiplexer.busy:
            multiplexer.wait()
            return
        for each in running:
            if not each.over and each.awaits_scores:
                assert self._scorer is not None
                each.score(self._scorer, self._aggregation)

    def _count(self, running: Iterable[TaskRun]) -> None:
        """Set the counters of the stage."""
        if (stage := self._stage) is not None:
            so_far = self._over.copy()
            for each in running:
                so_far.update(_counts(each))
            stage.done, stage.tokens = so_far["draws"], so_far["tokens"]
            stage.uncounted = so_far["uncounted"]

    def _result(self, over: TaskRun) -> RunResult:
        self._store.write(lambda connection: None)  # all draws are on disk
        self._over.update(_counts(over))
        return result_of(over)


def result_of(over: TaskRun) -> RunResult:
    """Return what came of a task that is over; its last draws may not be on disk yet."""
    assert over.decision is not None
    return RunResult(
        over.decision,
        over.in_flight.usage,
        over.exhausted,
        tuple(over.in_flight.nodes),
        over.scores,
        tuple(over.in_flight.errors),
    )


def _counts(run: TaskRun) -> dict[str, int]:
    """Return the counts of a task for a display."""
    usage = run.in_flight.usage
    nodes = len(run.in_flight.nodes)
    return {"draws": nodes, "tokens": usage.new, "uncounted": usage.uncounted_new}
