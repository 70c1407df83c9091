"""The processes of one job, watched until the verdict is there or a limit is reached.

CPU time decides; the wall only guards against programs that sleep.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from contextlib import suppress
from typing import Any

from ttc.verifiers.sandbox.inside.limits import Limits

TICK = 0.05
PATIENCE = 4  # times the CPU limit, in seconds of the wall


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
