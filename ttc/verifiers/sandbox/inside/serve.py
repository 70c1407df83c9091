"""The fork server: a confined process, or a pair of them, for each job; one job at a time.

It reads jobs as JSON lines on descriptor 0 and answers on 1. The tests of a job come by another
pipe, which only the judge's process reads: the candidate, forked from here, would otherwise find
them in its memory. CPU time decides; the wall only guards against programs that sleep.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ttc.verifiers.sandbox.inside import candidate, judging
from ttc.verifiers.sandbox.inside.confine import Confinement
from ttc.verifiers.sandbox.inside.limits import Limits

TICK = 0.05
PATIENCE = 4  # times the CPU limit, in seconds of the wall
TESTS_FD = 3
_MOST_FDS = 1024
# What programs import most; a fork has it already.
_COMMON: tuple[str, ...] = (
    "collections",
    "copy",
    "datetime",
    "decimal",
    "functools",
    "fractions",
    "hashlib",
)
_COMMON += ("heapq", "bisect", "itertools", "math", "operator", "random", "re", "statistics")
_COMMON += ("string", "typing")


class Server:
    """Forks processes for jobs. `settings` come from `ttc.verifiers.sandbox.tiers`."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._work: str | None = settings["work"]
        self._confined: bool = settings["confined"]
        writable = [self._work] if self._work else []
        self._confinement = Confinement(settings["readable"], writable)
        self._own = Limits(**settings["limits"])

    def hello(self) -> dict[str, Any]:
        """Return what the other side should know first."""
        layers = self._confinement.layers if self._confined else ["none"]
        return {"ready": True, "layers": layers, "python": sys.version.split()[0]}

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Run one job and return what came of it, its processes dead and reaped."""
        for module in job.get("preload", ()):
            with suppress(Exception):
                importlib.import_module(module)
        limits = Limits(**{**vars(self._own), **job.get("limits", {})})
        kind, program = job["kind"], job["program"]
        if kind == "script":
            return {"id": job["id"], "runs": self._scripts(program, job["stdin"], limits)}
        out, into = os.pipe()
        watch = Watch(limits, out)
        if kind == "calls":
            theirs, ours = socket.socketpair()
            keep = theirs.fileno()
            self._fork(watch, limits, (None, into, keep), lambda: _calls(program))
            theirs.close()
            verdict, told = os.pipe()
            judge = lambda: _judge(ours.fileno(), told)  # noqa: E731
            self._fork(watch, limits, (None, None, None), judge, keep=(ours.fileno(), told))
            ours.close()
        else:
            verdict, told = os.pipe()
            whole = lambda: _whole(program, told)  # noqa: E731
            self._fork(watch, limits, (None, into, None), whole, keep=(told,))
        os.close(into)
        os.close(told)
        watch.verdict = verdict
        return {"id": job["id"], **self._watched(watch)}

    def _scripts(self, program: str, inputs: list[str], limits: Limits) -> list[dict[str, Any]]:
        """Run a program on each input, until it does not end well on one."""
        runs: list[dict[str, Any]] = []
        for text in inputs:
            out, into = os.pipe()
            watch, stdin = Watch(limits, out), _file_of(text)
            self._fork(watch, limits, (stdin, into, None), lambda: _script(program))
            os.close(stdin)
            os.close(into)
            runs.append(self._watched(watch))
            if runs[-1]["stopped"] or runs[-1]["exits"][0] != 0:
                break
        return runs

    def _watched(self, watch: Watch) -> dict[str, Any]:
        try:
            watch.until_done()
        finally:
            watch.end()
            self._clean()
        return watch.result()

    def _fork(
        self,
        watch: Watch,
        limits: Limits,
        standard: tuple[int | None, int | None, int | None],
        act: Callable[[], None],
        keep: tuple[int, ...] = (),
    ) -> None:
        """Start a confined process; `standard` are its stdin, stdout and socket, None for none."""
        pid = os.fork()
        if pid:
            watch.pids.append(pid)
            return
        try:
            os.setsid()
            _arrange(standard, {*keep, *((TESTS_FD,) if keep else ()), self._confinement.fd})
            os.chdir(self._work or "/")
            if self._confined:
                self._confinement.confine(limits)
            act()
            sys.stdout.flush()
        except SystemExit as error:
            with suppress(BaseException):
                sys.stdout.flush()
            os._exit(error.code if isinstance(error.code, int) else int(error.code is not None))
        except BaseException as error:  # noqa: BLE001
            with suppress(BaseException):
                sys.stdout.flush()
            told = candidate.told(error)
            with suppress(BaseException):
                os.write(2, f"{told['raised']}: {told['message']}\n".encode())
            os._exit(1)
        os._exit(0)

    def _clean(self) -> None:
        if os.getpid() == 1:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        if self._work:
            for name in os.listdir(self._work):
                path = os.path.join(self._work, name)
                shutil.rmtree(path, ignore_errors=True)
                with suppress(OSError):
                    os.unlink(path)


class Watch:
    """The processes of one job: their output, their time, and their end."""

    def __init__(self, limits: Limits, out: int) -> None:
        self.pids: list[int] = []
        self.verdict: int | None = None
        self._limits, self._out = limits, out
        self._text, self._size = bytearray(), 0
        self._said = b""
        self._stopped: str | None = None
        self._exits: list[int] = []
        self._cpu = 0.0
        self._waited, self._runnable, self._looks = 0.0, 0, 0

    def until_done(self) -> None:
        """Return when the verdict is there, or all have ended, or a limit is reached."""
        poll = select.poll()
        done_by = self._out if self.verdict is None else self.verdict
        for descriptor in {self._out, done_by}:
            poll.register(descriptor, select.POLLIN | select.POLLHUP)
        last = time.monotonic()
        while True:
            ready = poll.poll(TICK * 1000)
            for descriptor, _ in ready:
                if descriptor == self.verdict:
                    self._said += os.read(descriptor, 65536)
                    return
                data = os.read(descriptor, 65536)
                self._size += len(data)
                self._text += data[: self._limits.output - len(self._text)]
                if self._size > self._limits.output:
                    self._stopped = "output_limit"
                    return
                if not data:
                    poll.unregister(descriptor)
                    if descriptor == done_by:
                        self._until_ended()
                        return
            now = time.monotonic()
            # A pause of this very process is no time that the program had.
            self._waited += min(now - last, 4 * TICK)
            last = now
            if self._over():
                return

    def _until_ended(self) -> None:
        """A program may close its output and go on."""
        delay = 0.0005
        while os.waitid(os.P_PID, self.pids[0], os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            time.sleep(delay)
            self._waited += delay
            delay = min(2 * delay, TICK)
            if self._over():
                return

    def _over(self) -> bool:
        used = sum(map(_cpu_of, self.pids))
        if used > self._limits.cpu:
            self._stopped = "timeout"
            return True
        self._looks += 1
        self._runnable += any(_state_of(pid) in "RD" for pid in self.pids)
        if self._waited <= PATIENCE * self._limits.cpu:
            return False
        # It wanted the processor most of the time, and did not get it.
        starved = used < self._limits.cpu / 2 and self._runnable > self._looks / 2
        self._stopped = "infra_timeout" if starved else "timeout"
        return True

    def end(self) -> None:
        """Kill what is left and reap it."""
        for pid in self.pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in self.pids:
            _, status, usage = os.wait4(pid, 0)
            self._exits.append(os.waitstatus_to_exitcode(status))
            self._cpu += usage.ru_utime + usage.ru_stime
        os.close(self._out)
        if self.verdict is not None:
            os.close(self.verdict)

    def result(self) -> dict[str, Any]:
        """Return what the other side is told."""
        try:
            said = json.loads(self._said) if self._said else None
        except ValueError:
            said = None
        return {
            "said": said,
            "stopped": self._stopped,
            "exits": self._exits,
            "cpu": round(self._cpu, 6),
            "output": self._text.decode("utf-8", "replace"),
        }


def _arrange(standard: tuple[int | None, int | None, int | None], keep: set[int | None]) -> None:
    """Give this process its descriptors, and close all others."""
    nothing = os.open(os.devnull, os.O_RDWR)
    stdin, stdout, channel = standard
    os.dup2(nothing if stdin is None else stdin, 0)
    os.dup2(nothing if stdout is None else stdout, 1)
    os.dup2(nothing if stdout is None else stdout, 2)
    if channel is not None:
        os.dup2(channel, TESTS_FD)
        keep = {*keep, TESTS_FD}
    start = 3
    for descriptor in sorted(each for each in keep if each is not None):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, _MOST_FDS)


def _calls(program: str) -> None:
    with socket.socket(fileno=TESTS_FD) as channel:
        candidate.answer_calls(program, channel)


def _script(program: str) -> None:
    sys.argv = ["candidate"]
    candidate.load(program, "__main__")


def _judge(channel: int, told: int) -> None:
    with socket.socket(fileno=channel) as opened:
        verdict = judging.judge(_read_tests, lambda: judging.Remote(opened))
    judging.report(told, verdict)


def _whole(program: str, told: int) -> None:
    # The program runs first: tests that it could read are not there yet.
    failed: BaseException | None = None
    namespace: dict[str, Any] = {}
    try:
        namespace = candidate.load(program)
    except BaseException as error:  # noqa: BLE001
        failed = error

    def connect() -> judging.Local:
        if failed is not None:
            raise failed
        return judging.Local(namespace)

    judging.report(told, judging.judge(_read_tests, connect))


def _read_tests() -> Any:
    """Read the tests of this job from the pipe that only the judge reads."""
    size = struct.unpack("<I", _read(4))[0]
    tests = json.loads(_read(size))
    os.close(TESTS_FD)
    return tests


def _read(size: int) -> bytes:
    parts = []
    while size:
        part = os.read(TESTS_FD, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _file_of(text: str) -> int:
    descriptor = os.memfd_create("stdin")
    data = text.encode("utf-8", "surrogateescape")
    while data:
        data = data[os.write(descriptor, data) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _cpu_of(pid: int) -> float:
    """Return the processor seconds of a child so far (the kernel's clock of that process)."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _state_of(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return chr(stat.read().rpartition(b") ")[2][0])
    except (OSError, IndexError):
        return "R"


def main(settings: dict[str, Any]) -> None:
    """Serve jobs until descriptor 0 is closed."""
    os.dup2(settings["tests"], TESTS_FD)
    if settings["tests"] != TESTS_FD:
        os.close(settings["tests"])
    for module in _COMMON:
        with suppress(ImportError):
            importlib.import_module(module)
    sys.path.extend(settings["path"])
    server = Server(settings)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    os.write(1, json.dumps(server.hello()).encode("ascii") + b"\n")
    with os.fdopen(0, "rb", closefd=False) as jobs:
        for line in jobs:
            answer = server.run(json.loads(line))
            _write(json.dumps(answer).encode("ascii") + b"\n")


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]
