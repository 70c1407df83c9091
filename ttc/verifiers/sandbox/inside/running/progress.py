"""Notes from time to time whether the tests or the program are at work, for jobs over their time.

The notes are single bytes before the verdict, on the judge's own pipe.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without enums, which take time after a fork
import os
from contextlib import suppress
from types import FrameType
from typing import Any

# What a note says: the tests had not asked the program yet; the tests; the program; it too, but the
# tests have used much time of the processor.
_BUSY = {b"s": "setup", b"t": "tests", b"p": "program", b"b": "both"}
_WAITING = ("wire.py",)  # the files that read from the program's process
_write = os.write


def busy(notes: bytes) -> str:
    """Return what a job was doing by its notes: `setup` (the tests had not asked the program yet),
    `tests`, `program`, `both`, or "" if that is unknown."""
    last = _BUSY.get(notes[-1:], "")
    return "both" if last == "program" and not {*b"tb"}.isdisjoint(notes) else last


class Progress:
    """Writes notes to a descriptor at fractions of the limit on the time of the processor."""

    def __init__(self, descriptor: int, limit: float) -> None:
        self._descriptor = descriptor
        self._program: Any = None
        # The clock of this process's own time for tests that compute, the real one for those that
        # sleep; the limit on that is a multiple (`inside.watch`).
        _signal.signal(_signal.SIGPROF, self._note)
        _signal.signal(_signal.SIGALRM, self._note)
        _signal.setitimer(_signal.ITIMER_PROF, limit / 16, limit / 16)
        _signal.setitimer(_signal.ITIMER_REAL, limit / 4, limit / 4)

    def of(self, program: Any) -> Any:
        """Return the program after taking note of it."""
        self._program = program
        return program

    def _note(self, which: int, frame: FrameType | None) -> None:
        waiting = False
        for _ in range(3):
            if frame is None:
                break
            waiting |= frame.f_code.co_filename.endswith(_WAITING)
            frame = frame.f_back
        asked = self._program is not None and self._program.asked > 0
        note = b"t" if asked else b"s"
        if waiting:
            note = b"b" if which == _signal.SIGPROF else b"p"
        with suppress(OSError):
            _write(self._descriptor, note)

    def end(self) -> None:
        """Stop."""
        _signal.setitimer(_signal.ITIMER_PROF, 0)
        _signal.setitimer(_signal.ITIMER_REAL, 0)
