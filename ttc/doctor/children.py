"""The child processes that run checks; one that crashes or hangs is reported as a failed check."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import ttc
from ttc.doctor.checks import Check, DoctorOptions, fail

# -I, so that no file of the working folder is imported; the module path is passed explicitly.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from ttc.doctor.child import main; main()"
)
_START = 60.0  # seconds to start, on a busy machine


class Children:
    """Runs groups of checks, each in its own process. Thread-safe."""

    def __init__(
        self, options: DoctorOptions, limit: float | None, trace: Callable[[str], None]
    ) -> None:
        self._options, self._limit, self._trace = options, limit, trace
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Kill the processes that are still running."""
        with self._lock:
            self._closed = True
            for process in self._processes:
                _kill(process)

    def run(self, group: str) -> list[Check]:
        """Return the checks of a group. A step whose process dies or is stopped is a failed check;
        the steps after it run in another process."""
        found: list[Check] = []
        begin: int | None = 0
        while begin is not None and not self._closed:
            begin = self._run_from(group, begin, found)
        return found

    def _run_from(self, group: str, begin: int, found: list[Check]) -> int | None:
        """Run the steps from `begin` on; return the index to continue at, None at the end."""
        child = _Child(group, self._options, begin)
        with self._lock:
            self._processes.add(child.process)
            if self._closed:
                _kill(child.process)
        at, what, limit = begin - 1, group, _START
        deadline = time.monotonic() + limit
        try:
            while (line := child.line(deadline)) is not None:
                if "done" in line:
                    return None
                if "begin" in line:
                    at, what, limit = line["begin"], line["what"], self._allowed(line["limit"])
                    deadline = time.monotonic() + limit
                if "check" in line:
                    found.append(Check(**line["check"]))
                if "trace" in line:
                    self._trace(line["trace"])
            late = time.monotonic() > deadline
            reason = f"no answer within {limit:g} s; it was stopped" if late else child.death()
            found.append(replace(fail(what, f"this check failed: {reason}"), group=group))
            return at + 1 if at >= begin else None
        finally:
            child.end()
            with self._lock:
                self._processes.discard(child.process)

    def _allowed(self, limit: float) -> float:
        return limit if self._limit is None else min(limit, self._limit)


class _Child:
    """One process and the lines that it writes."""

    def __init__(self, group: str, options: DoctorOptions, begin: int) -> None:
        root = str(Path(ttc.__file__).resolve().parents[1])
        path = json.dumps([*(entry for entry in sys.path if entry), root])
        request = json.dumps({"group": group, "options": options.as_json(), "begin": begin})
        self._complaints = _scratch()
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", "-c", _BOOT, path, request],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._complaints or subprocess.DEVNULL,
            # A session of its own: killed with all its children, and not reached by ^C.
            start_new_session=True,
        )
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            for line in self.process.stdout:
                self._lines.put(line)
        self._lines.put(None)

    def line(self, deadline: float) -> dict[str, Any] | None:
        """Return the next line; None if the process has ended or the deadline has passed."""
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            found: dict[str, Any] | None = None if line is None else json.loads(line)
        except (queue.Empty, ValueError):  # no line, or half a line of a process that died
            return None
        return found

    def death(self) -> str:
        """Return how the process ended."""
        code = self.process.wait()
        if code >= 0:
            return f"its process ended with exit code {code}{self._last()}"
        if -code == signal.SIGKILL:
            return "its process was killed; the system does this when memory runs out"
        with contextlib.suppress(ValueError):
            return f"its process crashed ({signal.Signals(-code).name}){self._last()}"
        return f"its process crashed (signal {-code}){self._last()}"

    def _last(self) -> str:
        """Return the last line of its stderr in brackets, or ""."""
        if self._complaints is None:
            return ""
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").splitlines()
        return next((f" ({line.strip()})" for line in reversed(lines) if line.strip()), "")

    def end(self) -> None:
        """Kill the process with all its children, and reap it."""
        _kill(self.process)
        self.process.wait()
        if self._complaints is not None:
            self._complaints.close()


def _scratch() -> IO[bytes] | None:
    """Return a file for a child's stderr; None if no temporary file can be created."""
    with contextlib.suppress(OSError):
        return tempfile.TemporaryFile()
    return None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its group, unless it was reaped: its pid may then be reused."""
    if process.returncode is not None:
        return
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
