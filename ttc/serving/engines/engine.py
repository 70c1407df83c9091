"""The thread of one model: it takes new jobs while others run, and does all in turns.

Backend, store and runs belong to this thread. Others reach it through its inbox, which it looks
into between two steps of the engine. A job is enrolled in the store first, so that its draws have a
pool; it begins when that is committed, and its answer is given when its draws are.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from ttc.errors import BackendError, StoreError, TtcError
from ttc.samples.empty_pools import none_empty
from ttc.samples.plan import Plan, default_pool, queue_plan
from ttc.samples.recipe import Sampling
from ttc.serving.engines.job import Job
from ttc.serving.engines.means import Means, Prepared
from ttc.serving.engines.numbering import Numbering
from ttc.serving.engines.running import Running
from ttc.serving.engines.traffic import Traffic
from ttc.serving.errors import bug_line
from ttc.session import Session
from ttc.solving.options import SolveOptions
from ttc.store import Store
from ttc.store.names import Naming, PoolName


class Engine:
    """A model and its jobs, `width` of them side by side."""

    def __init__(
        self, session: Session, spec: str | None, sampling: Sampling, pool: str | None, width: int
    ) -> None:
        self._session, self._spec, self._sampling = session, spec, sampling
        self._pool, self._width = pool, width
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._running: dict[Job, Running | None] = {}
        self._moved: dict[Job, None] = {}
        self._traffic = Traffic()
        self._numbering: Numbering | None = None
        self._means: Means | None = None
        self._store: Store | None = None
        self._ended = False
        self._made: set[int] = set()  # pools
        self._thread = threading.Thread(target=self._work, name="ttc-serve", daemon=True)
        self._thread.start()

    def open(self, options: SolveOptions) -> None:
        """Open the model and the store now instead of for the first job. TtcError, also for
        options that the model cannot do."""
        opened: Future[None] = Future()

        def work() -> None:
            try:
                means, store = self._open()
                means.check(options, store)
                opened.set_result(None)
            except BaseException as error:  # noqa: BLE001 (raised where it is waited for)
                opened.set_exception(error)

        self._inbox.put(work)
        opened.result()

    def ask(self, job: Job) -> None:
        """Take in a job."""
        self._inbox.put(partial(self._take, job))

    def cancel(self, job: Job) -> None:
        """Give a job up: what of it is under way is cancelled."""
        job.cancelled = True
        self._inbox.put(partial(self._drop, job))

    def close(self) -> None:
        """Cancel all jobs, keep what they have, and close model and store."""
        self._inbox.put(None)
        self._thread.join()

    def _open(self) -> tuple[Means, Store]:
        if self._store is None:
            self._store = Store.writing(self._session.database)
            self._numbering = Numbering(self._store)
        if self._means is None:
            self._means = Means(self._session, self._spec, self._sampling)
        return self._means, self._store

    def _work(self) -> None:
        while not self._ended:
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 (every job hears of it, the next opens anew)
                self._break(error)
        for job in [*self._waiting, *self._running]:
            with contextlib.suppress(StoreError):
                self._drop(job)
            job.fail(BackendError("the server is stopping"))
        self._close()

    def _turn(self) -> None:
        self._listen()
        moved, self._moved = self._moved, {}
        now = time.monotonic()
        moved |= {job: None for job, each in self._running.items() if each and each.is_due(now)}
        for job in moved:
            if (running := self._running.get(job)) is not None:
                self._guarded(job, partial(self._advance, job, running))
        if self._traffic.busy and not self._moved:
            self._traffic.step()

    def _listen(self) -> None:
        """Do what the inbox has; wait for it if there is nothing else to do."""
        idle = not self._traffic.busy and not self._moved
        while not self._ended:
            try:
                message = self._inbox.get(block=idle)
            except queue.Empty:
                return
            if message is None:
                self._ended = True
            else:
                message()
            idle = False

    def _take(self, job: Job) -> None:
        self._waiting.append(job)
        self._admit()

    def _admit(self) -> None:
        while self._waiting and len(self._running) < self._width and not self._ended:
            job = self._waiting.popleft()
            if not job.cancelled:
                self._running[job] = None
                self._guarded(job, partial(self._enrol, job))

    def _guarded(self, job: Job, work: Callable[[], None]) -> None:
        """Do something for a job; if it fails, that is the job's alone, unless it is the store."""
        try:
            work()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 (told to whoever asked)
            self._give_up(job)
            job.fail(error)
            if not isinstance(error, TtcError):
                self._session.say(bug_line(error))

    def _enrol(self, job: Job) -> None:
        means, store = self._open()
        prepared = means.prepare(job.asked.options)
        recipe = prepared.engine.recipe
        problem = recipe.rendered(job.asked.problem)
        name = PoolName(default_pool("serve", recipe.model.name))
        if self._pool is not None:
            name = PoolName(self._pool, Naming.NEW)
        queued = queue_plan(store, name, recipe, problem, prepared.n)
        queued.add_done_callback(self._then(job, partial(self._begin, job, prepared)))

    def _then(self, job: Job, act: Callable[[Any], None]) -> Callable[[Future[Any]], None]:
        """Return what passes the result of a commit back to this thread."""

        def committed(done: Future[Any]) -> None:
            self._inbox.put(lambda: self._guarded(job, lambda: act(done.result())))

        return committed

    def _begin(self, job: Job, prepared: Prepared, plan: Plan) -> None:
        if job not in self._running or self._store is None:
            return  # it was given up, or all was closed
        numbering = self._numbering.fresh if job.asked.fresh and self._numbering else None
        running = Running(self._store, self._traffic, job, plan, prepared, partial(self._move, job))
        self._running[job] = running
        self._made.add(plan.pool.id)
        running.begin(numbering)
        self._move(job)

    def _move(self, job: Job) -> None:
        self._moved[job] = None

    def _advance(self, job: Job, running: Running) -> None:
        if running.advance():
            self._settle(job, running)

    def _settle(self, job: Job, running: Running) -> None:
        """Give the answer once its draws are committed."""
        assert self._store is not None
        running.settled = True
        solved = running.solved()
        reader = self._store.reader

        def committed(done: Future[Any]) -> None:
            # From the store's thread: what need not be read by ours is answered without its turn.
            try:
                if done.exception() is None and job.asked.logprobs is None:
                    job.resolve(running.answer(solved))
            finally:  # also if that fails, which then fails the job
                self._inbox.put(partial(self._guarded, job, lambda: give(done.result())))

        def give(_: None) -> None:
            job.resolve(running.answer(solved, reader))
            self._give_up(job)

        self._store.submit(lambda c: None).add_done_callback(committed)

    def _drop(self, job: Job) -> None:
        with contextlib.suppress(ValueError):
            self._waiting.remove(job)
        self._guarded(job, lambda: self._give_up(job))

    def _give_up(self, job: Job) -> None:
        """Take a job out, and cancel what of it is under way."""
        self._moved.pop(job, None)
        running = self._running.pop(job, None)
        if running is not None:
            running.close()
        self._admit()

    def _break(self, error: Exception) -> None:
        """Fail all jobs that run, and open model and store anew for the next one."""
        self._traffic.abandon()
        failed, self._running = self._running, {}
        self._moved.clear()
        for job, running in failed.items():
            with contextlib.suppress(Exception):
                if running is not None:
                    running.close()
            job.fail(error)
        if not isinstance(error, TtcError):
            self._session.say(bug_line(error))
        self._close()
        self._admit()

    def _close(self) -> None:
        means, self._means = self._means, None
        store, self._store = self._store, None
        made, self._made = self._made, set()
        with none_empty(self._session.database, made):
            for each in (means, store):
                try:
                    if each is not None:
                        each.close()
                except TtcError as error:
                    self._session.say(str(error))
