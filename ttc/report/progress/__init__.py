"""How far a run is, on stderr: one live line on a terminal, a line every 30 s elsewhere.

A thread reads the counters of the run (`ttc.messages.progress`), so that a run pays nothing for
being watched, and a line moves while an engine loads a model or works on its first draw.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ttc.messages.progress import Progress, Pulse, Stage, drawing
from ttc.messages.visible import message
from ttc.report.progress.pace import Pace
from ttc.report.progress.status_line import Status, as_text

if TYPE_CHECKING:
    from ttc.report.progress.live_line import LiveLine

EVERY = 30.0  # seconds between two lines, where stderr is no terminal
SOON = 0.4  # seconds before which nothing is shown
TICK = 0.25  # seconds between two looks at the counters


class Watching(Progress):
    """Looks at the innermost stage a few times a second, in a thread of its own."""

    def __init__(self) -> None:
        self._stages: list[Stage] = []
        self._paces: dict[int, Pace] = {}
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def shown(self, stage: Stage) -> Iterator[None]:
        """Show a stage until the end of the with statement."""
        self._stages.append(stage)
        if self._thread is None:
            self._over.clear()
            self._thread = threading.Thread(target=self._watch, name="ttc-progress", daemon=True)
            self._thread.start()
        try:
            yield
        finally:
            self._leave(stage)

    def _leave(self, stage: Stage) -> None:
        self._stages = [each for each in self._stages if each is not stage]
        self._paces.pop(id(stage), None)
        if not self._stages and self._thread is not None:
            thread, self._thread = self._thread, None
            self._over.set()
            thread.join()

    def _watch(self) -> None:
        try:
            while not self._over.wait(TICK):
                with drawing:
                    if self._stages and not self._over.is_set():
                        self.look(self._stages[-1])
        except Exception:  # noqa: BLE001 - a display that fails must not end a run
            self._over.set()
        finally:
            with drawing:
                self.end()

    def look(self, stage: Stage) -> None:
        """Show what a stage is like now."""

    def end(self) -> None:
        """Clear what is shown."""

    def status(self, stage: Stage) -> Status:
        """Return what there is to show of a stage."""
        pulse = Pulse()
        if stage.pulse is not None:
            with contextlib.suppress(Exception):  # an engine that is being closed
                pulse = stage.pulse()
        now, known = time.monotonic(), id(stage) in self._paces
        pace = self._paces.setdefault(id(stage), Pace(now))
        tokens = stage.tokens
        if tokens is not None:
            generated = 0 if pulse.generated is None else pulse.generated
            tokens = max(tokens, generated)
        if known or not pulse.loading:
            pace.see(now, stage.done, tokens)
        return Status.of(stage, pulse, pace, tokens)


class Display(Watching):
    """Shows the innermost stage on stderr. Nothing is shown of a run that takes less than SOON, on
    a terminal, or EVERY, elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self._began = self._told = time.monotonic()
        self._line: LiveLine | None = None
        self._held = 0

    def look(self, stage: Stage) -> None:
        """Draw the live line, or print a line if it is time."""
        now, status = time.monotonic(), self.status(stage)  # the pace is measured all along
        if _live():
            if now - self._began >= SOON and not self._held:
                self._draw(status)
            return
        if now - self._told >= EVERY:
            self._told = now
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"{message(as_text(status))}\n")
                sys.stderr.flush()

    def _draw(self, status: Status) -> None:
        if self._line is None:
            from ttc.report.progress.live_line import LiveLine

            self._line = LiveLine()
        self._line.show(status)

    def end(self) -> None:
        """Clear the live line."""
        if self._line is not None:
            self._line.close()
            self._line = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Clear the live line while something else is printed on the same terminal."""
        with drawing:
            self.end()
            self._held += 1
        try:
            yield
        finally:
            self._held -= 1


class Calls(Watching):
    """Calls a function with a copy of the stage, a few times a second and at its end."""

    def __init__(self, told: Callable[[Stage], object]) -> None:
        super().__init__()
        self._call = told

    def look(self, stage: Stage) -> None:
        """Call the function; one that fails is not called again."""
        try:
            self._call(replace(stage, pulse=None))
        except Exception:
            logging.getLogger("ttc").exception("the function that progress names failed")
            self._call = _ignore

    def _leave(self, stage: Stage) -> None:
        super()._leave(stage)
        self.look(stage)


def _ignore(stage: Stage) -> None:
    """Do nothing with a stage."""


def _live() -> bool:
    """Return whether stderr is a terminal on which a line can be drawn again."""
    try:
        terminal = sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False
    return terminal and os.environ.get("TERM", "") not in ("dumb", "unknown")
