"""Signals in tests that send them."""

from __future__ import annotations

import signal


def hear_signals() -> None:
    """Undo what nohup or a job in the background set: children would inherit deaf ears."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) == signal.SIG_IGN:
            signal.signal(signum, signal.default_int_handler)
