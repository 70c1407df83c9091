"""Progress on stderr: one live line on a terminal, a line every 30 s elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from ttc.messages.durations import clock
from ttc.messages.visible import message

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

EVERY = 30.0
SOON = 0.2
SETTLED = 32  # draws


class Meter:
    """A meter of the draws and tokens of a run, used in a with statement."""

    def __init__(self, label: str, total: int, *, quiet: bool, counts_tokens: bool = True) -> None:
        self._counts_tokens = counts_tokens
        self._label = message(label)
        self._total = total
        self._quiet = quiet or total == 0
        self._live: Progress | None = None
        self._task: TaskID | None = None
        self._began = self._told = time.monotonic()
        self._done = 0
        self._tokens = 0
        self._uncounted = 0

    def __enter__(self) -> Meter:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._live = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.completed}/{task.total}  {task.fields[speed]}", markup=False),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
            )
            self._task = self._live.add_task(self._label, total=self._total, speed="")
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    @property
    def seconds(self) -> float:
        """Seconds since the meter was made."""
        return time.monotonic() - self._began

    @property
    def speed(self) -> float | None:
        """Tokens per second so far; None if the token counts of some draws are unknown."""
        return None if self._uncounted else self._tokens / max(self.seconds, 1e-9)

    def update(self, done: int, tokens: int, more: str = "", *, uncounted: int = 0) -> None:
        """Show the number of draws done and of tokens generated, without those of `uncounted`
        draws; `more` is appended to the status."""
        self._done, self._tokens, self._uncounted = done, tokens, uncounted
        speed = self.speed
        status = "tokens unknown" if speed is None else f"{speed:.0f} tokens/s"
        if not self._counts_tokens:
            status = f"{done / max(self.seconds, 1e-9):.0f} draws/s"
        # The short draws finish first, so that an early estimate would be too low.
        if done >= min(SETTLED, self._total / 10):
            left = self.seconds / done * (self._total - done)
            status += f", {clock(left)} left"
        if more:
            status += f", {message(more)}"
        if self._live is not None and self._task is not None:
            self._live.update(self._task, completed=done, speed=status)
        elif not self._quiet and time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            print(f"{self._label}: {done}/{self._total}, {status}", file=sys.stderr, flush=True)


class Reading:
    """Shows how much was read of input of unknown size: one live line on a terminal, a line every
    30 s elsewhere."""

    def __init__(self, label: str, *, quiet: bool) -> None:
        self._label = message(label)
        self._quiet = quiet
        self._live = not quiet and sys.stderr.isatty()
        self._told = time.monotonic()
        self._shown = False

    def update(self, done: int) -> None:
        """Show the number of draws read so far."""
        now = time.monotonic()
        if self._quiet or now - self._told < (SOON if self._live else EVERY):
            return
        self._told, self._shown = now, True
        start, end = ("\r", "") if self._live else ("", "\n")
        print(
            f"{start}{self._label}: reading, {done:,} draws", end=end, file=sys.stderr, flush=True
        )

    def close(self) -> None:
        """Clear the live line."""
        if self._live and self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
