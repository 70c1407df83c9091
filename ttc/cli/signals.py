"""Signals during a run: the first asks it to end in good order, the second ends it at once.

SIGPIPE stays ignored, as Python leaves it: a write to any dead connection raises it too, so it does
not mean that the reader of our output is gone. The write to that reader fails with EPIPE in the
thread that writes; `wake` then interrupts the main thread.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from ttc.errors import SIGPIPE, Stopped

ASKS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):
    ASKS.append(signal.SIGHUP)
# Interrupts the main thread while it waits; ignored by default.
_WAKE = getattr(signal, "SIGURG", None)


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Within it, INT, TERM and HUP raise Stopped in the main thread; a second one ends at once.

    Yields a function for other threads: it wakes the main thread with Stopped, for when there
    is nobody left to write to.
    """
    asked = gone = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(128 + signum)
        asked = True
        raise Stopped(signum)

    def woken(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        # Any process may send this signal; it counts only after `wake`.
        if gone and not asked:
            asked = True
            raise Stopped(SIGPIPE)

    main = threading.main_thread()
    if threading.current_thread() is not main:
        yield lambda: None
        return
    # What nohup or a shell told us to ignore stays ignored.
    heard = [signum for signum in ASKS if signal.getsignal(signum) != signal.SIG_IGN]
    before = {signum: signal.signal(signum, stop) for signum in heard}
    if _WAKE is not None:
        before[_WAKE] = signal.signal(_WAKE, woken)

    def wake() -> None:
        nonlocal gone
        gone = True
        if _WAKE is not None and sys.platform != "win32":
            signal.pthread_kill(main.ident or 0, _WAKE)

    try:
        yield wake
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
