"""One fork server: started in a tier, given jobs, heard."""

from __future__ import annotations

import json
import os
import secrets
import selectors
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc.verifiers.sandbox import tiers
from ttc.verifiers.sandbox.inside.limits import Limits

LIFETIME = 500  # jobs of a server
_START_PATIENCE = 20.0


@dataclass(frozen=True)
class Job:
    """A program, and what is done with it.

    `calls`: its functions are called by `tests` in another process; where an argument cannot pass
    between the two it becomes `whole`: they share one. `script`: it is run for each of `stdin`.
    `tests` is what `inside.judging.run` takes.
    """

    kind: str
    program: str
    tests: Mapping[str, Any] | None = None
    stdin: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True)
class Ran:
    """What came of a job.

    `why` is the judge's word (pass, fail, raised, gone, cannot_pass, broken_tests), None where no
    judge spoke; `stopped` is timeout, output_limit, infra_timeout or infra_error; `exits` are exit
    codes, negative for signals, the program's first; `cpu` seconds of all its processes. `runs`
    has one entry for each input of a script, up to the first that did not end well.
    """

    kind: str = "calls"
    why: str | None = None
    detail: str = ""
    stopped: str | None = None
    exits: tuple[int, ...] = ()
    cpu: float = 0.0
    output: str = ""
    runs: tuple[Ran, ...] = ()


class ServerError(Exception):
    """A fork server did not start, or ended; the message is its last line."""


class Server:
    """One fork server in a tier. ServerError if it does not come up."""

    def __init__(self, tier: str, limits: Limits) -> None:
        try:
            self._started = tiers.start(tier, limits)
        except OSError as error:
            raise ServerError(error.strerror or str(error)) from None
        process = self._started.process
        assert process.stdin is not None
        assert process.stdout is not None
        self._jobs, self.answers = process.stdin.fileno(), process.stdout.fileno()
        for descriptor in (self._jobs, self.answers, self._started.tests):
            os.set_blocking(descriptor, False)
        self._heard = bytearray()
        self._unsent: dict[int, memoryview] = {}
        self.served = 0
        self.since = time.monotonic()
        try:
            self.layers = tuple(self._hello()["layers"])
        except BaseException:
            self.close()
            raise

    def _hello(self) -> dict[str, Any]:
        deadline = time.monotonic() + _START_PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self.answers, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                if selector.select(0.5) and (said := self.hear()) is not None:
                    return said
        raise ServerError("it did not start in time")

    def give(self, job: Job) -> None:
        """Begin to send a job; `push` sends the rest."""
        asked = {
            "id": job.nonce,
            "kind": job.kind,
            "program": job.program,
            "stdin": list(job.stdin),
        }
        line = json.dumps({**asked, "preload": job.preload}).encode("ascii") + b"\n"
        self._unsent[self._jobs] = memoryview(line)
        if job.tests is not None:
            tests = json.dumps({**job.tests, "nonce": job.nonce}).encode("ascii")
            self._unsent[self._started.tests] = memoryview(struct.pack("<I", len(tests)) + tests)
        self.served += 1
        self.since = time.monotonic()
        self.push()

    @property
    def unsent(self) -> list[int]:
        """The descriptors that more is to be written to."""
        return list(self._unsent)

    def push(self) -> None:
        """Send as much as there is room for. ServerError if nobody reads any more."""
        for descriptor, rest in list(self._unsent.items()):
            try:
                rest = rest[os.write(descriptor, rest) :]
            except BlockingIOError:
                continue
            except OSError:
                raise ServerError(tiers.complaint(self._started)) from None
            if rest:
                self._unsent[descriptor] = rest
            else:
                del self._unsent[descriptor]

    def hear(self) -> dict[str, Any] | None:
        """Return the next answer if it is whole. ServerError at the end of the stream."""
        try:
            data = os.read(self.answers, 1 << 20)
        except BlockingIOError:
            return None
        if not data:
            raise ServerError(tiers.complaint(self._started))
        self._heard += data
        line, newline, rest = self._heard.partition(b"\n")
        if not newline:
            return None
        self._heard = rest
        answer: dict[str, Any] = json.loads(line)
        return answer

    @property
    def fresh(self) -> bool:
        """Whether it may take another job: nothing is left of the last one."""
        return self.served < LIFETIME and not self._unsent

    def close(self) -> None:
        """End it."""
        tiers.stop(self._started)


def result_of(job: Job, answer: Mapping[str, Any]) -> Ran:
    """Return what a server's answer says of a job."""
    if "runs" in answer:
        runs = tuple(result_of(job, {**run, "said": None}) for run in answer["runs"])
        starved = [run.stopped for run in runs if run.stopped == "infra_timeout"]
        return Ran(job.kind, stopped=starved[0] if starved else None, runs=runs)
    said = answer["said"] or {}
    if said and said.get("nonce") != job.nonce:
        said = {"why": "gone", "detail": "the verdict was forged"}
    return Ran(
        kind=job.kind,
        why=said.get("why"),
        detail=str(said.get("detail", "")),
        stopped=answer["stopped"],
        exits=tuple(answer["exits"]),
        cpu=answer["cpu"],
        output=answer["output"],
    )
