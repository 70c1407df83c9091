"""All engines of a server: admission of requests, their time limits, and their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ttc.messages.counts import some
from ttc.serving.asking.catalog import Catalog
from ttc.serving.asking.fields import Wanted
from ttc.serving.engines.engine import Engine
from ttc.serving.engines.job import Answer, Job
from ttc.serving.errors import ONCE, ApiError
from ttc.serving.options import ServeOptions
from ttc.session import Session

BEAT = 10.0  # seconds of silence after which a stream is kept alive


class Service:
    """The engines, one for each model, opened when they are first asked."""

    def __init__(self, session: Session, options: ServeOptions, catalog: Catalog) -> None:
        self.options, self.catalog = options, catalog
        self.session = session
        self._engines: dict[str | None, Engine] = {}
        self._open = 0

    def open(self) -> None:
        """Open the served model and the store. TtcError."""
        solve = self.options.solve
        self._engine(solve.model).open(solve)

    def _engine(self, model: str | None) -> Engine:
        if model not in self._engines:
            options = self.options
            sampling = options.solve.sampling
            made = Engine(self.session, model, sampling, options.pool, options.jobs)
            self._engines[model] = made
        return self._engines[model]

    def close(self) -> None:
        """End all engines; what is under way is cancelled and kept."""
        for engine in self._engines.values():
            engine.close()

    @contextmanager
    def ask(self, wanted: Wanted) -> Iterator[Asking]:
        """Ask for the answers of a request; give up what has none at the end. ApiError if too many
        requests wait."""
        most = self.options.jobs + self.options.queue
        if self._open + len(wanted.asked) > most and self._open:
            message = f"{self._open} answers are under way or wait; try again later"
            raise ApiError(
                429,
                message,
                kind="rate_limit_error",
                code="queue_full",
                headers={"retry-after": "1"},
            )
        jobs = [Job.of(asked, watched=wanted.stream) for asked in wanted.asked]
        self._open += len(jobs)
        try:
            for job in jobs:
                self._engine(job.asked.options.model).ask(job)
            yield Asking(jobs, wanted.timeout)
        finally:
            self._open -= len(jobs)
            for job in jobs:
                if not job.result.done():
                    self._engine(job.asked.options.model).cancel(job)
                    job.result.cancel()
                elif not job.result.cancelled():
                    job.result.exception()  # else asyncio complains that nobody looked


@dataclass(slots=True)
class Asking:
    """The jobs of one request."""

    jobs: list[Job]
    timeout: float
    ends: float = field(init=False)

    def __post_init__(self) -> None:
        self.ends = asyncio.get_running_loop().time() + self.timeout

    @property
    def begun(self) -> bool:
        """Whether draws were asked for."""
        return any(job.begun for job in self.jobs)

    @property
    def over(self) -> bool:
        """Whether every job has ended, or one has failed."""
        done = [job.result for job in self.jobs if job.result.done()]
        return len(done) == len(self.jobs) or any(each.exception() for each in done)

    def answers(self) -> list[Answer]:
        """Return the answers of jobs that are over. Raises the error of one that failed."""
        for job in self.jobs:
            if job.result.done() and (error := job.result.exception()) is not None:
                raise error
        return [job.result.result() for job in self.jobs]

    @property
    def progress(self) -> str:
        """How many draws have ended, in words; empty before there is one."""
        drawn = sum(job.drawn for job in self.jobs)
        expected = [job.expected for job in self.jobs]
        if not drawn:
            return ""
        if None in expected:
            return some(drawn, "draw")
        return f"{drawn} of {sum(each or 0 for each in expected)} draws"

    async def turns(self, gone: asyncio.Future[None]) -> AsyncIterator[bool]:
        """Yield whenever something happened (True) or BEAT seconds passed (False), until all is
        over. ApiError when the time is over, ClientGone when the client has left."""
        loop = asyncio.get_running_loop()
        while not self.over:
            left = self.ends - loop.time()
            if left <= 0:
                raise ApiError(
                    504,
                    f"No answer within {self.timeout:g} s; its draws were cancelled",
                    kind="server_error",
                    code="timeout",
                    headers=ONCE,
                )
            news = [loop.create_task(job.news.wait()) for job in self.jobs if job.watched]
            results = [job.result for job in self.jobs if not job.result.done()]
            waits: list[asyncio.Future[Any]] = [gone, *news, *results]
            try:
                done, _ = await asyncio.wait(
                    waits, timeout=min(left, BEAT), return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                for task in news:
                    task.cancel()
            if gone.done():
                raise ClientGone
            for job in self.jobs:
                job.heard()
            yield bool(done)


class ClientGone(Exception):  # noqa: N818 (nobody is left to tell)
    """The client has closed its connection."""
