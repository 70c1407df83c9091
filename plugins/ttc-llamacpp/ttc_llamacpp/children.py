"""Run native code that may crash or hang in Python processes of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass

# Seconds for a child; even on a busy machine it needs a tenth of them.
TIMEOUT = 5.0

# How a child that took longer is reported.
LATE = "gives no answer"

# The child gets this process's module path. Python's own option that keeps the current folder out
# of it exists only since 3.11.
_START = (
    "import sys; sys.path[:] = sys.argv.pop(1).split('\\n'); "
    "import importlib; importlib.import_module(sys.argv.pop(1)).main()"
)
# Signals sent by users, or by the kernel if memory is short: they do not show a fault in the code.
_SENT = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGXCPU", "SIGPIPE")


class ChildError(Exception):
    """The child could not be started, or was killed from outside."""


class ChildBusyError(ChildError):
    """The child did not answer in time, but the machine is busy."""


@dataclass(frozen=True, slots=True)
class ChildResult:
    """A child's stdout and stderr; `death` is how it crashed or that it was late, else ""."""

    out: str
    complaints: str
    death: str = ""
    status: int = 0

    @property
    def failed(self) -> bool:
        """Whether it crashed, hung or exited with another status than 0."""
        return bool(self.death or self.status)


def run(module: str, *arguments: str, stdin: str = "", timeout: float = TIMEOUT) -> ChildResult:
    """Run `main` of a module as a process. Raises ChildError if it could not run to its end."""
    path = "\n".join(sys.path)
    command = [sys.executable, "-c", _START, path, module, *arguments]
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            # Threads that spin at barriers starve beside any other busy process.
            env={"GOMP_SPINCOUNT": "1000", **os.environ},
        )
    except subprocess.TimeoutExpired as late:
        if _busy():
            why = f"{LATE} within {timeout:.0f} s, perhaps because the machine is busy"
            raise ChildBusyError(why) from None
        printed: bytes | str = late.stdout or b""
        out = printed if isinstance(printed, str) else printed.decode("utf-8", "replace")
        return ChildResult(out, "", f"{LATE} within {timeout:.0f} s")
    except (OSError, ValueError) as error:
        raise ChildError(f"no process can be started: {error}") from None
    return ChildResult(done.stdout, done.stderr, _death(done.returncode), done.returncode)


def _busy() -> bool:
    """Return whether more processes want to run here than there are processors."""
    try:
        return os.getloadavg()[0] > 1.5 * (os.cpu_count() or 1)
    except (AttributeError, OSError):
        return False


def _death(status: int) -> str:
    if status >= 0:
        # Windows has no signals; its exception codes are far beyond any exit status.
        return f"crashes (status {status:#x})" if status > 255 else ""
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    if name in _SENT:
        raise ChildError(f"the process was killed by {name}; is memory short?")
    return f"crashes ({name})"
