"""Signals during a run: the first ends it in good order, the second at once.

SIGPIPE stays ignored, as Python leaves it: writing to any closed connection raises it, so it does
not mean that the reader of our output is gone. If that reader is gone, the write fails with EPIPE
in the thread that writes, and `wake` interrupts the main thread.
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
    """Raise Stopped in the main thread at INT, TERM or HUP; exit at once at the second of them.

    Yields a function for other threads to call when the reader of our output is gone: it raises
    Stopped in the main thread.
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
    # Signals that nohup or a shell has set to be ignored stay ignored.
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
