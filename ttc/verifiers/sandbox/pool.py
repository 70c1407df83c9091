"""Runs jobs on fork servers, several at a time; results come in the order of the jobs.

A job is run again, alone and on a new server, if its server died, its verdict is missing or belongs
to another job, or its program did not get enough processor time.
"""

from __future__ import annotations

import selectors
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from ttc.records import INFRA
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.servers import ForkServer, JobResult, SandboxJob, ServerError

AHEAD = 64  # finished results that may wait for an earlier one
HELD = 64 << 20  # characters of output in them


class SandboxPool:
    """Fork servers of one tier, started when needed. Use it in a with statement, in one thread."""

    def __init__(self, tier: Callable[[], str], limits: Limits, workers: int) -> None:
        self._tier, self._limits, self._workers = tier, limits, workers
        self._idle: list[ForkServer] = []
        self._busy: dict[ForkServer, tuple[int, SandboxJob]] = {}
        # Servers limit each job; this is for a server that hangs.
        self._patience = 40 * limits.cpu + 60

    def __enter__(self) -> SandboxPool:
        return self

    def __exit__(self, *exc: object) -> None:
        self._close_idle()
        for server in self._busy:
            server.close()
        self._busy.clear()

    def _close_idle(self) -> None:
        for server in self._idle:
            server.close()
        self._idle.clear()

    def run(self, jobs: Iterable[SandboxJob]) -> Iterator[JobResult]:
        """Yield the result of each job, in order; jobs are taken from the iterable when a server is
        free."""
        source = enumerate(jobs)
        again: deque[tuple[int, SandboxJob]] = deque()
        retried: set[int] = set()
        done: dict[int, JobResult] = {}
        following, more, held = 0, True, 0
        while True:
            # A job that waits to run alone holds up later results, so that this stops at AHEAD.
            room = len(done) < AHEAD and held < HELD
            while more and room and len(self._busy) < self._workers:
                if (each := next(source, None)) is None:
                    more = False
                else:
                    self._give(*each)
            if again and not self._busy:
                self._close_idle()
                self._give(*again.popleft())
            for index, job, ran in self._collect():
                if ran.stopped in INFRA and index not in retried:
                    retried.add(index)
                    again.append((index, job.afresh(alone=True)))
                else:
                    done[index] = ran
                    held += _size(ran)
            while following in done:
                ran = done.pop(following)
                held -= _size(ran)
                following += 1
                yield ran
            if not (more or self._busy or again or done):
                return

    def _give(self, index: int, job: SandboxJob) -> None:
        server = self._idle.pop() if self._idle else ForkServer(self._tier(), self._limits)
        self._busy[server] = (index, job)
        try:
            server.give(job)
        except ServerError:
            return  # `_collect` notices it

    def _collect(self) -> list[tuple[int, SandboxJob, JobResult]]:
        """Wait for an event; return the finished jobs with their indices and results."""
        if not self._busy:
            return []
        with selectors.DefaultSelector() as selector:
            for server in self._busy:
                selector.register(server.answers, selectors.EVENT_READ, server)
            ready = selector.select(1.0)
        found = []
        late = [s for s in self._busy if time.monotonic() - s.since > self._patience]
        for server in dict.fromkeys([*(key.data for key, _ in ready), *late]):
            index, job = self._busy[server]
            try:
                ran = server.hear()
                if ran is None and server in late:
                    raise ServerError("it is stuck")
            except (ServerError, ValueError) as error:
                failed = JobResult(
                    job.kind, stopped="infra_error", detail=f"the sandbox failed: {error}"
                )
                self._retire(server)
                found.append((index, job, failed))
                continue
            if ran is None:
                continue
            found.append((index, job, ran))
            if server.may_go_on(ran):
                del self._busy[server]
                self._idle.append(server)
            else:
                self._retire(server)
        return found

    def _retire(self, server: ForkServer) -> None:
        del self._busy[server]
        server.close()


def _size(ran: JobResult) -> int:
    return sum(len(one.output) for one in ran.runs)
