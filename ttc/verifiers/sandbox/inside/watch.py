"""Watches the processes of one job until there is a verdict or a limit is reached.

The limit is on CPU time; wall time only guards against programs that sleep.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ttc.verifiers.sandbox.inside.ears import Heard
from ttc.verifiers.sandbox.inside.limits import Limits

TICK = 0.05
THREADS = 128  # per process
PATIENCE = 4  # times the CPU limit, in seconds of wall time


class Watch:
    """The processes of one job: their output, their time, and how they end.

    The first of `pids` is the program. A job that runs a second time is `alone`: it gets more wall
    time, and only waiting for the processor counts as starved. `exceeded` tells whether its folder
    holds too much.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        alone: bool = False,
        exceeded: Callable[[], bool] = lambda: False,
    ) -> None:
        self.pids: list[int] = []
        self._limits, self._exceeded = limits, exceeded
        self._patience = (4 if alone else 1) * PATIENCE * limits.cpu
        self._waits = "R" if alone else "RD"
        self._from: dict[int, Heard] = {}
        self._theirs: list[int] = []
        self._verdict: int | None = None
        self._stopped: str | None = None
        self._detail = ""
        self._exits: list[int] = []
        self._cpu = 0.0
        self._waited, self._runnable, self._looks = 0.0, 0, 0

    def listen(self, heard: Heard, *, verdict: bool = False) -> int:
        """Return the write end of a new pipe whose output is collected in `heard`."""
        reads, writes = os.pipe()
        self._from[reads] = heard
        self._theirs.append(writes)
        if verdict:
            self._verdict = reads
        return writes

    def fork(self, *, program: bool = True) -> bool:
        """Fork a process of this job; return True in the child."""
        if pid := os.fork():
            self.pids.insert(0 if program else len(self.pids), pid)
        return pid == 0

    def until_done(self) -> None:
        """Return when there is a verdict, or all have ended, or a limit is reached."""
        for descriptor in self._theirs:
            os.close(descriptor)
        still, last = set(self._from), time.monotonic()
        due = last + _pause()
        while True:
            for descriptor in select.select(still, [], [], max(0.0, due - last))[0]:
                heard = self._from[descriptor]
                count = heard.take(descriptor)
                if descriptor == self._verdict:
                    if heard.ends_line() or not count:
                        return
                    continue
                if heard.exceeded():
                    self._stopped = "output_limit"
                    self._detail = f"more than {_size(self._limits.output)} of output"
                    return
                if not count:
                    still.discard(descriptor)
            if not still:
                self._until_ended()
                return
            now = time.monotonic()
            # Time in which this process itself was paused does not count.
            self._waited += min(now - last, 4 * TICK)
            last = now
            if now < due:
                continue  # looking when a program writes would always find it running
            due = now + _pause()
            if self._over():
                return

    def _until_ended(self) -> None:
        """Wait for the program, which may go on after closing its output."""
        delay = 0.0005
        while not _ended(self.pids[0]):
            time.sleep(delay)
            self._waited += delay
            delay = min(2 * delay, _pause())
            if self._over():
                return

    def _over(self) -> bool:
        used = sum(map(_cpu_of, self.pids))
        if used > self._limits.cpu:
            self._stopped = "timeout"
            return True
        known = [_stat_of(pid) for pid in self.pids]
        if any(threads > THREADS for _, threads, _ in known):
            self._stopped = "thread_limit"
            return True
        if self._exceeded():
            self._stopped = "disk_limit"
            self._detail = "more bytes or files in its folder than a program may have"
            return True
        self._looks += 1
        self._runnable += any(state in self._waits for state, _, _ in known)
        if self._waited <= self._patience:
            return False
        # Starved: it was runnable most of the time but got little processor time. Not if it lowered
        # its own priority.
        starved = used < self._limits.cpu / 2 and self._runnable > self._looks / 2
        polite = any(nice > os.nice(0) for _, _, nice in known)
        self._stopped = "infra_timeout" if starved and not polite else "timeout"
        return True

    def end(self) -> None:
        """Kill the processes that are left, and reap all."""
        for pid in self.pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in self.pids:
            _, status, usage = os.wait4(pid, 0)
            self._exits.append(os.waitstatus_to_exitcode(status))
            self._cpu += usage.ru_utime + usage.ru_stime
        for descriptor in self._from:
            os.close(descriptor)

    def result(self) -> dict[str, Any]:
        """Return the result for the client, without the output."""
        known = {"stopped": self._stopped, "detail": self._detail}
        return {**known, "exits": self._exits, "cpu": round(self._cpu, 6)}


def _pause() -> float:
    """Return a random time until the next check, which no program can predict."""
    return TICK * (0.5 + os.urandom(1)[0] / 256)


def _size(count: int) -> str:
    """Return a number of bytes in the largest unit that divides it."""
    units = ((1 << 20, "MiB"), (1 << 10, "KiB"))
    fits = (f"{count // size} {unit}" for size, unit in units if count % size == 0)
    return next(fits, f"{count} bytes")


def _ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _cpu_of(pid: int) -> float:
    """Return the processor seconds of a child so far, by the kernel's clock of that process."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _stat_of(pid: int) -> tuple[str, int, int]:
    """Return state, number of threads and niceness of a process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b") ")[2].split()
        return chr(fields[0][0]), int(fields[17]), int(fields[16])
    except (OSError, IndexError):
        return "R", 1, 0
