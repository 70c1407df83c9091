"""Python processes for native code that may crash or hang. Here it is told, and harms nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass

# In seconds. What is computed in them takes a tenth of it on a machine that is busy.
PATIENCE = 5.0

# What is said of one that took longer.
LATE = "gives no answer"

# The child finds what this process finds. An option that keeps the current folder out of its path
# is known from Python 3.11 on only.
_START = (
    "import sys; sys.path[:] = sys.argv.pop(1).split('\\n'); "
    "import importlib; importlib.import_module(sys.argv.pop(1)).main()"
)
# Signals that somebody sends, or the kernel where memory is short: they say nothing of the code.
_SENT = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGXCPU", "SIGPIPE")


class NoChildError(Exception):
    """The process could not be started, or was ended by somebody."""


class BusyError(NoChildError):
    """There was no answer in time, on a machine where that says little."""


@dataclass(frozen=True, slots=True)
class Child:
    """What a process printed, and why it ended before its time, in words; empty if it did not."""

    out: str
    complaints: str
    death: str = ""
    status: int = 0

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than well."""
        return bool(self.death or self.status)


def run(module: str, *arguments: str, given: str = "", patience: float = PATIENCE) -> Child:
    """Run `main` of a module as a process. NoChildError if there is none to judge by."""
    path = "\n".join(sys.path)
    command = [sys.executable, "-c", _START, path, module, *arguments]
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=patience,
            # Threads that spin at each barrier starve beside any other busy process.
            env={"GOMP_SPINCOUNT": "1000", **os.environ},
        )
    except subprocess.TimeoutExpired as late:
        if _busy():
            told = f"{LATE} within {patience:.0f} s, which may be due to how busy the machine is"
            raise BusyError(told) from None
        said: bytes | str = late.stdout or b""
        out = said if isinstance(said, str) else said.decode("utf-8", "replace")
        return Child(out, "", f"{LATE} within {patience:.0f} s")
    except (OSError, ValueError) as error:
        raise NoChildError(f"no process can be started: {error}") from None
    return Child(done.stdout, done.stderr, _death(done.returncode), done.returncode)


def _busy() -> bool:
    """Whether more wants to run here than there are processors for it."""
    try:
        return os.getloadavg()[0] > 1.5 * (os.cpu_count() or 1)
    except (AttributeError, OSError):
        return False


def _death(status: int) -> str:
    if status >= 0:
        # Windows has no signals; its codes of exceptions are far beyond any exit status.
        return f"crashes (status {status:#x})" if status > 255 else ""
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    if name in _SENT:
        raise NoChildError(f"the process was ended by {name}; is memory short?")
    return f"crashes ({name})"
