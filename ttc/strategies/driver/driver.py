"""The driver: it alone draws, scores, counts, cancels, retries and remembers for every strategy.

A strategy is run from its beginning each time. What it asks for and the store has is answered from
there, before anything is submitted, so that a run which was killed goes on where it stopped, and
one that finished asks nothing of a model again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ttc.errors import TtcError, UsageError
from ttc.plugins.abilities import Drafting
from ttc.store import Store
from ttc.strategies import Decision, Node, Strategy, Task
from ttc.strategies.driver.budget import Budget, Usage
from ttc.strategies.driver.engine import Engine
from ttc.strategies.driver.in_flight import Flights
from ttc.strategies.driver.multiplexer import Traffic
from ttc.strategies.driver.scoring import Scorer
from ttc.strategies.driver.task_run import Job

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
    """

    def __init__(
        self,
        store: Store,
        engines: Mapping[str, Engine],
        *,
        scorer: Scorer | None = None,
        aggregation: str = "last",
        budget: Budget = UNLIMITED,
    ) -> None:
        self._store = store
        self._engines = engines
        self._scorer = scorer
        self._aggregation = aggregation
        self._budget = budget

    def check(self, strategy: Strategy) -> None:
        """Raise UsageError if a strategy needs what is not there, before the first token."""
        self._refuse(strategy, strategy.needs, "main")
        if strategy.scores and self._scorer is None:
            raise UsageError(f"{strategy.name} needs a scorer: --scorer NAME")
        if isinstance(strategy, Drafting) and strategy.drafts:
            if "draft" not in self._engines:
                raise UsageError(f"{strategy.name} needs a second model: --draft MODEL")
            # The main one judges.
            self._refuse(strategy, strategy.needs - {"choose"}, "draft")

    def _refuse(self, strategy: Strategy, needs: frozenset[str], name: str) -> None:
        backend = self._engines[name].backend
        if lacking := sorted(needs - backend.capabilities):
            raise UsageError(
                f"{strategy.name} needs {', '.join(lacking)}, which {backend.model.name} does not "
                "have; llamacpp and vllm do, and a server that ttc models probe found to"
            )

    def solve(self, strategy: Strategy, task: Task) -> Run:
        """Run a strategy on a task to its end, or to that of the budget."""
        return next(self.run([(strategy, task)]))

    def run(self, jobs: Iterable[tuple[Strategy, Task]], width: int = 1) -> Iterator[Run]:
        """Run strategies on tasks, `width` tasks side by side, and yield what came of each, in
        the order of the tasks. What is under way when the iterator is closed is given up."""
        source = iter(jobs)
        traffic = Traffic()
        open_jobs: deque[Job] = deque()
        more = True
        failure: TtcError | None = None
        try:
            while more or open_jobs:
                while more and sum(not job.over for job in open_jobs) < width:
                    try:
                        pair = next(source, None)
                    except TtcError as error:
                        # What is under way comes to its end before that is told.
                        failure, pair = error, None
                    if pair is None:
                        more = False
                    else:
                        open_jobs.append(self._begin(*pair, traffic))
                for job in open_jobs:
                    job.advance()
                while open_jobs and open_jobs[0].over:
                    yield self._told(open_jobs.popleft())
                self._wait(traffic, open_jobs)
        except (Exception, GeneratorExit):
            # Else it would come back to whoever asks the engine next.
            for job in open_jobs:
                job.close()
            raise
        except KeyboardInterrupt:
            traffic.abandon()  # without waiting for it
            raise
        if failure is not None:
            raise failure

    def _begin(self, strategy: Strategy, task: Task, traffic: Traffic) -> Job:
        self.check(strategy)
        task = replace(task, problem=replace(task.problem, reference={}))
        flights = Flights(self._store, self._engines, task.problem, self._budget, traffic)
        return Job(strategy, task, flights, self._budget)

    def _wait(self, traffic: Traffic, jobs: Iterable[Job]) -> None:
        """Wait for what some job waits for: a completion, else scores.

        Scores wait until no draw is under way: the scorer may ask the same engine.
        """
        waiting = [job for job in jobs if not job.over]
        if traffic.busy:
            traffic.wait()
            return
        for job in waiting:
            if job.asks_scores:
                assert self._scorer is not None
                job.score(self._scorer, self._aggregation)

    def _told(self, job: Job) -> Run:
        self._store.write(lambda connection: None)
        assert job.decision is not None
        return Run(
            job.decision,
            job.flights.usage,
            job.exhausted,
            tuple(job.flights.nodes),
            job.scores,
            tuple(job.flights.errors),
        )
