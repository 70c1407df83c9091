"""How far a run is: counters that the code of a run sets, and that a display reads when it likes.

    with progress.stage("reading", "draws", total) as stage:
        for draw in draws:
            stage.done += 1

A counter costs an assignment, so a loop sets it as often as it likes. Nothing here prints: what is
shown, and how often, is for the display (`ttc.report.progress`, or a function of the caller).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

T = TypeVar("T")

# A display holds this while it draws. To fork a process, hold it: the locks of a terminal that
# another thread holds at that moment would stay locked in the child for ever.
drawing = threading.Lock()


class Pulse(NamedTuple):
    """What an engine tells while it works, so that nobody waits for its first result in the dark.

    `generated` counts all tokens that it has generated, those of unfinished draws too (None: it
    does not count them); `loading` names what is being loaded, with its size (empty: nothing);
    `slots` is how many draws it decodes together (None: unknown); `status` is a few more words.
    """

    generated: int | None = None
    loading: str = ""
    slots: int | None = None
    status: str = ""


@dataclass(slots=True)
class Stage:
    """A part of a run, in counters.

    - `what`: what is done, in words; `unit`: what is counted, in the plural (`draws`)
    - `done` of `total` (None: unknown)
    - `tokens`: of what is done (None: this stage generates none); `uncounted`: of `done`, those
      whose tokens nobody counted
    - `pulse`: asks the engine; called by the thread of a display
    - `began`: in seconds of the monotonic clock
    """

    what: str
    unit: str = ""
    total: int | None = None
    done: int = 0
    tokens: int | None = None
    uncounted: int = 0
    pulse: Callable[[], Pulse] | None = None
    began: float = field(default_factory=time.monotonic)

    def advance(self) -> None:
        """Count one more as done."""
        self.done += 1

    def each(self, things: Iterable[T]) -> Iterator[T]:
        """Yield things, and count each as done once the next one is wanted."""
        for thing in things:
            yield thing
            self.done += 1

    @property
    def seconds(self) -> float:
        """Seconds since the stage began."""
        return time.monotonic() - self.began


class Progress:
    """Shows nothing; the base of what shows how far a run is."""

    @contextmanager
    def stage(
        self,
        what: str,
        unit: str = "",
        total: int | None = None,
        *,
        tokens: int | None = None,
        pulse: Callable[[], Pulse] | None = None,
    ) -> Iterator[Stage]:
        """Show a stage until the end of the with statement; a stage within another hides it."""
        stage = Stage(what, unit, total, tokens=tokens, pulse=pulse)
        with self.shown(stage):
            yield stage

    def shown(self, stage: Stage) -> AbstractContextManager[None]:
        """Return a context in which a stage is shown."""
        return nullcontext()

    def paused(self) -> AbstractContextManager[None]:
        """Return a context in which the screen is free for other output."""
        return nullcontext()


SILENT = Progress()
