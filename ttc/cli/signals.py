"""Signals during a run: the first ends it in good order, the second at once.

SIGPIPE stays ignored, as Python leaves it: writing to any closed connection raises it, so it does
not mean that the reader of our output is gone. If that reader is gone, the write fails with EPIPE
in the thread that writes, and `wake` interrupts the main thread.

Python loses an exception that is raised in a callback of native code or in a finalizer, where a
signal may well arrive: it is then raised again a moment later.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType

from ttc.errors import SIGPIPE, Stopped

ASKS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):
    ASKS.append(signal.SIGHUP)
# Interrupts the main thread while it waits; ignored by default.
_WAKE = getattr(signal, "SIGURG", None)
_AGAIN = 0.02  # seconds until an exception that was lost is raised again


class _Interruption:
    """The handlers of one run; they raise Stopped in the main thread, once."""

    def __init__(self) -> None:
        self._asked = self._gone = False
        self._timers: list[threading.Timer] = []
        self._hook = sys.unraisablehook

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Raise Stopped at the first of the signals, exit at the second."""
        if self._asked:
            os._exit(128 + signum)
        self._asked = True
        raise Stopped(signum)

    def woken(self, signum: int, frame: FrameType | None) -> None:
        """Raise Stopped after `wake`; any process may send this signal."""
        if self._gone and not self._asked:
            self._asked = True
            raise Stopped(SIGPIPE)

    def wake(self) -> None:
        """Raise Stopped in the main thread, from any thread: the reader of our output is gone."""
        self._gone = True
        if _WAKE is not None and sys.platform != "win32":
            signal.pthread_kill(threading.main_thread().ident or 0, _WAKE)

    def lost(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Raise Stopped again a moment later, if that is the exception that was lost."""
        if not isinstance(unraisable.exc_value, Stopped):
            self._hook(unraisable)
            return
        self._asked = False
        stopped = unraisable.exc_value
        signum = signal.Signals(stopped.signum)
        again = self.wake if stopped.nobody_reads else partial(_thread.interrupt_main, signum)
        timer = threading.Timer(_AGAIN, again)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def close(self) -> None:
        """Give up what was to be raised again."""
        for timer in self._timers:
            timer.cancel()


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Raise Stopped in the main thread at INT, TERM or HUP; exit at once at the second of them.

    Yields a function for other threads to call when the reader of our output is gone: it raises
    Stopped in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    handlers = _Interruption()
    # Signals that nohup or a shell has set to be ignored stay ignored.
    heard = [signum for signum in ASKS if signal.getsignal(signum) != signal.SIG_IGN]
    before = {signum: signal.signal(signum, handlers.stop) for signum in heard}
    if _WAKE is not None:
        before[_WAKE] = signal.signal(_WAKE, handlers.woken)
    hook, sys.unraisablehook = sys.unraisablehook, handlers.lost
    try:
        yield handlers.wake
    finally:
        sys.unraisablehook = hook
        handlers.close()
        for signum, handler in before.items():
            signal.signal(signum, handler)
