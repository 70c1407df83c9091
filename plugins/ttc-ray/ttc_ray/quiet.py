"""Keep Ray from printing and from replacing signal handlers."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any


def first_line(error: BaseException) -> str:
    """Return the first line of an error of Ray, without the pages that follow."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def print_logs_with(printer: Any) -> Any:
    """Replace the function with which Ray prints reports; return the previous one."""
    from ray._private import worker

    before = getattr(worker, "print_worker_logs", None)
    if before is not None and printer is not None:
        worker.print_worker_logs = printer
    return before


@contextlib.contextmanager
def muted_stderr() -> Iterator[None]:
    """Discard what native code prints on stderr: Ray prints a line for every attempt."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def keep_signals() -> Iterator[None]:
    """Keep our signal handlers: Ray's would end the process with an exit of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            if handler is not None:
                signal.signal(signum, handler)
