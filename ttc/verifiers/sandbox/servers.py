"""The client of one fork server: starts it in a tier, sends jobs, receives results."""

from __future__ import annotations

import json
import os
import secrets
import selectors
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ttc.records import INFRA
from ttc.verifiers.sandbox import groups, tiers
from ttc.verifiers.sandbox.handing import file_of
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.inside.running.progress import busy
from ttc.verifiers.sandbox.shared_setup import shared_setup

LIFETIME = 500  # jobs per server
_START_PATIENCE = 20.0


@dataclass(frozen=True)
class SandboxJob:
    """A program, and how it is run.

    `kind` is `calls` (`tests` in another process call its functions) or `script` (it is run once
    for each of `stdin`, as long as `accepts`, if given, returns true for the number of the run and
    its output, so that a program that is wrong and prints much is not run on). `tests` is the
    argument of `inside.judging.run`. `alone`: the job runs a second time, with no other beside it.
    """

    kind: str
    program: str
    tests: Mapping[str, Any] | None = None
    stdin: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    alone: bool = False
    accepts: Callable[[int, str], bool] | None = None
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    def afresh(self, *, alone: bool = False) -> SandboxJob:
        """Return a copy of the job with a new nonce, which no process has seen."""
        return replace(self, alone=alone, nonce=secrets.token_hex(16))


@dataclass(frozen=True)
class JobResult:
    """The result of a job.

    `why` is the judge's verdict (pass, fail, raised, gone, bad_reference), None if there is none;
    `assertions` and `tests` are how many it ran, and `compared` tells whose comparisons decided
    (`inside.remote.Remote`). `stopped` is timeout, output_limit, thread_limit, disk_limit,
    infra_timeout, infra_error or None; `busy` is what a job over its time was doing
    (`inside.running.progress`). `exits` are exit codes, negative for signals, the program's first;
    `cpu` is the seconds of all its processes. For a script, `runs` has one result per input up to
    the first failed one, with its standard output and the end of its standard error; for other
    jobs, `output` is only the end.
    """

    kind: str = "calls"
    why: str | None = None
    detail: str = ""
    compared: tuple[str, ...] = ()
    stopped: str | None = None
    exits: tuple[int, ...] = ()
    cpu: float = 0.0
    output: str = ""
    errors: str = ""
    runs: tuple[JobResult, ...] = ()
    assertions: int = 0
    tests: int = 0
    busy: str = ""


class ServerError(Exception):
    """A fork server did not start, ended, or failed its self-test."""


class ForkServer:
    """One fork server in a tier. ServerError if it does not start."""

    def __init__(self, tier: str, limits: Limits) -> None:
        try:
            self._started = tiers.start(tier, limits)
        except OSError as error:
            raise ServerError(error.strerror or str(error)) from None
        self._channel = self._started.channel
        self._channel.setblocking(False)
        self.answers = self._channel.fileno()
        self._group: groups.Group | None = None
        self._received = bytearray()
        self._job: SandboxJob | None = None
        self._runs: list[JobResult] = []
        self._left = False
        self.served = 0
        self.since = time.monotonic()
        try:
            self.layers = tuple(self._hello()["layers"])
            # All its processes exist by now, and none belongs to a job yet.
            self._group = groups.confine(self._started.process.pid, limits)
        except BaseException:
            self.close()
            raise

    def _hello(self) -> dict[str, Any]:
        deadline = time.monotonic() + _START_PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self.answers, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                if selector.select(0.5) and (message := self._next()) is not None:
                    return message[0]
        raise ServerError("it did not start in time")

    def give(self, job: SandboxJob) -> None:
        """Send a job. ServerError if the server has ended."""
        self._job, self._runs = job, []
        self.served += 1
        self._send()

    def _send(self) -> None:
        """Send the next run of the job, as descriptors of files that the server does not read."""
        job = self._job
        assert job is not None
        if job.kind == "script":
            second = job.stdin[len(self._runs)].encode("utf-8", "surrogateescape")
        else:
            tests = job.tests or {"setup": ""}
            shared = shared_setup(tests["setup"], job.program)
            given = {**tests, "shared": shared, "nonce": job.nonce}
            second = json.dumps(given).encode("ascii")
        order = json.dumps({"kind": job.kind, "preload": job.preload, "alone": job.alone})
        files = [file_of(job.program.encode("utf-8", "surrogatepass")), file_of(second)]
        self.since = time.monotonic()
        try:
            socket.send_fds(self._channel, [order.encode("ascii")], files)
        except OSError:
            raise ServerError(tiers.complaint(self._started)) from None
        finally:
            for descriptor in files:
                os.close(descriptor)

    def hear(self) -> JobResult | None:
        """Return the result of the job if it is done. ServerError if the server has ended."""
        job = self._job
        if (answer := self._next()) is None or job is None:
            return None
        ran = _ran(job, *answer)
        self._left |= answer[0]["left"]
        if job.kind != "script":
            return ran
        self._runs.append(ran)
        stopped = ran.stopped if ran.stopped in INFRA else None
        if _goes_on(job, self._runs):
            if not self._left:
                self._send()
                return None
            stopped = "infra_error"  # the next run would find what is left
        return JobResult(job.kind, stopped=stopped, runs=tuple(self._runs))

    def _next(self) -> tuple[dict[str, Any], list[bytes]] | None:
        """Return the next answer (its line and the bytes after it) if it is complete."""
        try:
            data = self._channel.recv(1 << 20)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            raise ServerError(tiers.complaint(self._started))
        self._received += data
        end = self._received.find(b"\n") + 1
        if not end:
            return None
        line: dict[str, Any] = json.loads(self._received[:end])
        sizes = line.get("sizes", [])
        if len(self._received) < end + sum(sizes):
            return None
        parts = []
        for size in sizes:
            parts.append(bytes(self._received[end : end + size]))
            end += size
        del self._received[:end]
        return line, parts

    def may_go_on(self, ran: JobResult) -> bool:
        """Return whether it may take another job after this result.

        A server whose job was stopped, or left anything behind, is not reused.
        """
        last = ran.runs[-1] if ran.runs else ran
        clean = not self._received and not self._left
        return self.served < LIFETIME and clean and last.stopped is None

    def close(self) -> None:
        """End the server and remove its control group."""
        tiers.stop(self._started)
        if self._group is not None:
            self._group.close()


def _goes_on(job: SandboxJob, runs: Sequence[JobResult]) -> bool:
    """Return whether a script is run on its next input."""
    last = runs[-1]
    if len(runs) == len(job.stdin) or last.stopped is not None or last.exits[0] != 0:
        return False
    return job.accepts is None or job.accepts(len(runs) - 1, last.output)


def _ran(job: SandboxJob, answer: Mapping[str, Any], parts: list[bytes]) -> JobResult:
    """Return the result in a server's answer about a job, or about one run of a script."""
    message, output, errors = parts
    ran = JobResult(
        kind=job.kind,
        stopped=answer["stopped"],
        detail=answer["detail"],
        exits=tuple(answer["exits"]),
        cpu=answer["cpu"],
        output=output.decode("utf-8", "replace"),
        errors=errors.decode("utf-8", "replace"),
    )
    if job.kind == "script":
        return ran
    marks, _, rest = message.partition(b"{")  # of `inside.running.progress`
    if ran.stopped is not None and not rest:
        return replace(ran, busy=busy(marks))
    verdict = _verdict(message[len(marks) :])
    if verdict.get("nonce") == job.nonce:
        why, detail = str(verdict.get("why")), str(verdict.get("detail", ""))
        compared = tuple(map(str, verdict.get("compared", ())))
        ran = replace(ran, why=why, detail=detail, compared=compared)
        asserted, tests = (int(verdict.get(name, 0)) for name in ("assertions", "tests"))
        return replace(ran, assertions=asserted, tests=tests)
    # Only the judge can write a verdict, so the machine has failed.
    what = "the verdict is another job's" if message else "the judge's process died"
    return replace(ran, stopped=ran.stopped or "infra_error", detail=what)


def _verdict(message: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        found = json.loads(message)
        return found if isinstance(found, dict) else {}
    return {}
