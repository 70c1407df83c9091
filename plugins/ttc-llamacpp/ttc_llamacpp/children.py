"""Runs native code that may crash or hang in Python processes of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass

# Seconds for a process; even on a busy machine it needs a tenth of them.
PATIENCE = 5.0

# How a process that took longer is reported.
LATE = "gives no answer"

# The child has this process's module path. The option that keeps the current folder out of it
# exists only from Python 3.11 on.
_START = (
    "import sys; sys.path[:] = sys.argv.pop(1).split('\\n'); "
    "import importlib; importlib.import_module(sys.argv.pop(1)).main()"
)
# Signals that a user sends, or the kernel if memory is short: they do not show a fault in the code.
_SENT = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGXCPU", "SIGPIPE")


class ChildError(Exception):
    """The process could not be started, or was killed."""


class ChildBusyError(ChildError):
    """There was no answer in time, but the machine is busy."""


@dataclass(frozen=True, slots=True)
class ChildResult:
    """What a process printed; `death` says how it crashed or that it was late, "" if it did not."""

    out: str
    complaints: str
    death: str = ""
    status: int = 0

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than well."""
        return bool(self.death or self.status)


def run(module: str, *arguments: str, given: str = "", patience: float = PATIENCE) -> ChildResult:
    """Run `main` of a module as a process. NoChildError if it could not run to its end."""
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
            told = f"{LATE} within {patience:.0f} s, perhaps because the machine is busy"
            raise ChildBusyError(told) from None
        said: bytes | str = late.stdout or b""
        out = said if isinstance(said, str) else said.decode("utf-8", "replace")
        return ChildResult(out, "", f"{LATE} within {patience:.0f} s")
    except (OSError, ValueError) as error:
        raise ChildError(f"no process can be started: {error}") from None
    return ChildResult(done.stdout, done.stderr, _death(done.returncode), done.returncode)


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
        raise ChildError(f"the process was killed by {name}; is memory short?")
    return f"crashes ({name})"
