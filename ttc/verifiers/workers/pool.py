"""Runs functions on untrusted text, in processes with limits on processor time and memory.

A call that exceeds its limits ends its process and gets the status `timeout` or `oom`; other calls
are not affected. Needs a POSIX system.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from ttc.errors import BackendError

MOST = 8  # workers, even with more processors
_LONGEST_REPLY = 1 << 24
_START_SECONDS = 120.0  # of wall time, to import the task's modules on a busy machine
_PATIENCE = 20.0  # wall seconds per second of processor time, until a call counts as stuck

# Writing to a worker that is gone gives an error, not SIGPIPE.
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)

# -I, so that neither PYTHON* variables nor the working folder affect imports.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from ttc.verifiers.workers.worker import main; main()"
)


class CallLimits(NamedTuple):
    """The limits of one call. The memory is that of the whole process."""

    cpu_seconds: float = 5.0
    memory_bytes: int = 1 << 30


class Reply(NamedTuple):
    """The result of a call: a JSON value, or status `timeout`, `oom` or `error` with its detail."""

    value: Any = None
    status: str = "ok"
    detail: str = ""


def require(verifier: str) -> None:
    """Raise ValueError if the system lacks the limits that a verifier needs."""
    if not hasattr(signal, "setitimer"):
        raise ValueError(f"{verifier} needs process limits (Linux or macOS); on Windows use WSL2")


class Workers:
    """Processes that apply the function `task` ("module:function") to JSON values.

    At most `count` of them, started when there is work, replaced when they die, ended by `close`.
    If a worker dies other than by the time limit, the call is tried once more in a new process,
    since earlier calls may have used up the memory.
    """

    def __init__(self, task: str, limits: CallLimits, count: int | None = None) -> None:
        self._task, self._limits = task, limits
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self._count = count or min(cores or 1, MOST)
        self._idle: list[_Worker] = []
        self._busy: dict[_Worker, int] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill and reap all processes."""
        for worker in (*self._idle, *self._busy):
            worker.end()
        self._idle.clear()
        self._busy.clear()

    def map(self, calls: Sequence[Any]) -> list[Reply]:
        """Return the replies to the calls, in order. BackendError if no worker can be started."""
        replies = [Reply()] * len(calls)
        waiting = deque(range(len(calls)))
        again: set[int] = set()
        while waiting or self._busy:
            while waiting and len(self._busy) < self._count:
                at = waiting.popleft()
                fresh = at in again or not self._idle
                worker = _Worker(self._task, self._limits) if fresh else self._idle.pop()
                self._busy[worker] = at
                worker.begin(calls[at])
            for worker, reply in self._finished():
                at = self._busy.pop(worker)
                if worker.alive:
                    self._idle.append(worker)
                if reply.status in ("oom", "died") and worker.calls > 1 and at not in again:
                    again.add(at)
                    waiting.appendleft(at)
                else:
                    died = reply.status == "died"
                    replies[at] = reply._replace(status="error") if died else reply
        return replies

    def _finished(self) -> list[tuple[_Worker, Reply]]:
        """Wait until at least one call is done or has timed out; return these."""
        with selectors.DefaultSelector() as selector:
            for worker in self._busy:
                selector.register(worker.socket, selectors.EVENT_READ, worker)
            wait = min(worker.deadline for worker in self._busy) - time.monotonic()
            ready = {key.data for key, _ in selector.select(max(0.0, wait))}
        done = [(worker, worker.read()) for worker in ready]
        late = [worker for worker in self._busy if time.monotonic() > worker.deadline]
        done += [(worker, worker.stuck()) for worker in late if worker not in ready]
        return [(worker, reply) for worker, reply in done if reply is not None]


class _Worker:
    """One process and its current call."""

    def __init__(self, task: str, limits: CallLimits) -> None:
        self._cpu_seconds = limits.cpu_seconds
        self._received = b""
        self._ready = False
        self.calls = 0
        self.alive = True
        self.deadline = time.monotonic() + _START_SECONDS
        path = json.dumps([entry for entry in sys.path if entry])
        self.socket, theirs = socket.socketpair()
        with theirs:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, path, task, *map(str, limits)],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                env={"LANG": "C.UTF-8"},
                cwd="/",
                # ^C reaches only ttc, which ends its workers.
                start_new_session=True,
            )

    def begin(self, call: Any) -> None:
        """Send a call. A dead process is noticed when its reply is read."""
        self.calls += 1
        patience = _PATIENCE * self._cpu_seconds
        self.deadline = time.monotonic() + patience + (0 if self._ready else _START_SECONDS)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(json.dumps(call).encode() + b"\n", _NO_SIGNAL)

    def read(self) -> Reply | None:
        """Read what the process has written; return the reply if it is complete."""
        try:
            received = self.socket.recv(1 << 16)
        except ConnectionResetError:
            received = b""
        if not received or len(self._received) > _LONGEST_REPLY:
            return self._dead()
        self._received += received
        while (end := self._received.find(b"\n")) >= 0:
            reply = _parsed(self._received[:end])
            self._received = self._received[end + 1 :]
            if self._ready:
                if reply.status == "oom":
                    self.end()
                return reply
            if reply.status != "ok":
                self.end()
                raise BackendError(f"a worker cannot start: {reply.detail}")
            self._ready = True
        return None

    def _dead(self) -> Reply:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)  # it has closed its socket and is about to end
        code = self.end()
        if not self._ready:
            raise BackendError(f"a worker cannot start: it ended with code {code}")
        if code == -signal.SIGPROF:
            limit = f"{self._cpu_seconds:g} s of processor time"
            return Reply(status="timeout", detail=f"not done within {limit}")
        return Reply(status="died", detail=f"the worker ended with code {code}")

    def stuck(self) -> Reply:
        """End a process that made no progress within the wall time limit."""
        self.end()
        wall = _PATIENCE * self._cpu_seconds
        return Reply(status="error", detail=f"no reply within {wall:g} s; try --recheck")

    def end(self) -> int:
        """Kill and reap it; return its exit code."""
        self.alive = False
        self._process.kill()
        self.socket.close()
        return self._process.wait()


def _parsed(line: bytes) -> Reply:
    """Return a worker's reply, which is not trusted to be well-formed."""
    try:
        found = json.loads(line)
        status = found.get("status", "ok")
        if status not in ("ok", "oom", "error"):
            raise ValueError
        return Reply(found.get("value"), status, str(found.get("detail", "")))
    except (ValueError, AttributeError):
        return Reply(status="error", detail="the worker's reply is not a JSON object")
