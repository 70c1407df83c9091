"""One job that an engine works on: its run, its channel, and the answer that comes of it."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable, Sequence

from ttc.records import TokenLogprob
from ttc.samples.plan import Plan
from ttc.serving.engines.job import Answer, Job
from ttc.serving.engines.means import Prepared
from ttc.serving.engines.traffic import Channel, Traffic
from ttc.solving import notes
from ttc.solving.job import Solved, refuse_empty
from ttc.solving.solve import Attempt, driver_of
from ttc.store import Store, token_logprobs
from ttc.store.sql import SAMPLES_BY_KEY, one
from ttc.strategies.driver.driver import result_of
from ttc.strategies.driver.task_run import TaskRun


class Running:
    """A job under way. `settled`: its answer only waits for its draws to be committed."""

    def __init__(
        self,
        store: Store,
        traffic: Traffic,
        job: Job,
        plan: Plan,
        prepared: Prepared,
        moved: Callable[[], None],
    ) -> None:
        self._job, self._plan, self._prepared = job, plan, prepared
        self._channel = Channel(traffic, moved, job.note)
        self._attempt = Attempt.of(plan, prepared.method)
        self._driver = driver_of(store, prepared.engine, prepared.method)
        self._run: TaskRun | None = None
        seconds = prepared.method.budget.seconds
        self._ends = time.monotonic() + seconds if seconds < math.inf else math.inf
        self.settled = False

    def begin(self, numbering: Callable[[str], int] | None) -> None:
        """Begin its run. UsageError if the method needs what is not there."""
        attempt = self._attempt
        self._run = self._driver.begin(attempt.strategy, attempt.task, self._channel, numbering)
        by_rule = self._prepared.method.strategy is None
        self._job.begin(self._plan.n if by_rule else None)

    def is_due(self, now: float) -> bool:
        """Whether the time that its budget gives is over."""
        return now >= self._ends and not self.settled

    def advance(self) -> bool:
        """Go on as far as possible; return whether it is over. Raises what a request of it met."""
        if self.settled or self._run is None:
            return False
        if self._channel.failure is not None:
            raise self._channel.failure
        run, method = self._run, self._prepared.method
        run.advance()
        while not run.over and run.awaits_scores and method.scorer is not None:
            run.score(method.scorer, method.aggregation)
            run.advance()
        return run.over

    def solved(self) -> Solved:
        """Return the solution. UsageError, BackendError as `ttc solve`."""
        assert self._run is not None
        solution = self._attempt.solution(result_of(self._run))
        options, recipe = self._job.asked.options, self._prepared.engine.recipe
        refuse_empty(solution, options, recipe)
        return Solved(self._attempt.problem, solution, self._plan.pool.name, None)

    def answer(self, solved: Solved, reader: sqlite3.Connection | None = None) -> Answer:
        """Return the answer; its draws are committed. `reader` is needed for log-probabilities."""
        recipe = self._prepared.engine.recipe
        told = notes.notes_on(recipe, solved.solution)
        # What kept draws had of their prompts in a cache is not known.
        new = self._job.drawn == solved.solution.run.usage.calls
        cached = self._job.cached if new else None
        return Answer(solved, recipe, told, self._tokens(solved, reader), cached)

    def _tokens(
        self, solved: Solved, reader: sqlite3.Connection | None
    ) -> Sequence[TokenLogprob] | None:
        node = solved.solution.node
        if reader is None or self._job.asked.logprobs is None:
            return None
        if node is None or node.parent is not None:
            return None
        sql = f"SELECT samples.id FROM {SAMPLES_BY_KEY} WHERE key = ? AND draw = ?"
        row = one(reader, sql, node.key, node.index)
        return None if row is None else token_logprobs.of(reader, row[0])

    def close(self) -> None:
        """Cancel what of it is under way."""
        if self._run is not None:
            self._run.close()
