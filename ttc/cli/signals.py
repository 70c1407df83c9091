"""Signals during a run: the first asks it to end in good order, the second ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from ttc.errors import Stopped

ASKS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):
    ASKS.append(signal.SIGHUP)


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Within it, INT, TERM and HUP raise Stopped in the main thread; a second one ends at once.

    Yields a function for other threads: it wakes the main thread with Stopped, for when there
    is nobody left to write to.
    """
    asked = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            if signum == pipe:
                return  # it has been noticed; a person's second ^C is another matter
            os._exit(128 + signum)
        asked = True
        raise Stopped(signum)

    main = threading.main_thread()
    if threading.current_thread() is not main:
        yield lambda: None
        return
    pipe = getattr(signal, "SIGPIPE", None)
    # What nohup or a shell told us to ignore stays ignored.
    heard = [signum for signum in ASKS if signal.getsignal(signum) != signal.SIG_IGN]
    before = {signum: signal.signal(signum, stop) for signum in (*heard, *([pipe] if pipe else []))}

    def wake() -> None:
        if pipe is not None and sys.platform != "win32":
            signal.pthread_kill(main.ident or 0, pipe)

    try:
        yield wake
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
