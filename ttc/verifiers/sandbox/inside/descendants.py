"""Ends what the processes of a job have started, where they can start any (tier `none`).

The fork server adopts orphans among its descendants (Linux), so that it finds those that left
their session and parent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 1.0  # seconds


class Descendants:
    """The processes below this one, which has no others than those of the last job."""

    def __init__(self) -> None:
        if sys.platform.startswith("linux"):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, *map(ctypes.c_ulong, (1, 0, 0, 0)))

    def end(self) -> bool:
        """Kill and reap all; return whether none is left."""
        deadline = time.monotonic() + _PATIENCE
        while _reaped():
            if time.monotonic() > deadline:
                return False
            for child in _children():
                with suppress(OSError):
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.001)
        return True


def _reaped() -> bool:
    """Reap the children that have ended; return whether others are left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _children() -> Iterator[int]:
    own = os.getpid()
    with suppress(OSError):
        for name in filter(str.isdecimal, os.listdir("/proc")):
            with (
                suppress(OSError, IndexError, ValueError),
                open(f"/proc/{name}/stat", "rb") as stat,
            ):
                if int(stat.read().rpartition(b") ")[2].split()[1]) == own:
                    yield int(name)
