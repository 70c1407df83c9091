"""The words of a progress line: what is done, how fast, since when, and how long it takes yet."""

from __future__ import annotations

from dataclasses import dataclass

from ttc.messages.durations import clock
from ttc.messages.progress import Pulse, Stage
from ttc.messages.visible import one_line
from ttc.report.progress.pace import Pace, left_text

SHORTEST = 10  # characters that are left of the name of a stage on a narrow terminal
GAP = " · "


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to show of a stage. `share` is the part that is done, None if unknown.

    `parts` are words with their rank: on a narrow terminal the highest rank goes first.
    """

    what: str
    share: float | None
    parts: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, stage: Stage, pulse: Pulse, pace: Pace, tokens: int | None) -> Status:
        """Return the status of a stage, given what its engine tells and its pace so far."""
        elapsed = (3, clock(stage.seconds))
        if pulse.loading:
            return cls(f"loading {one_line(pulse.loading)}", None, (elapsed,))
        rate = _rate(stage, pace, tokens)
        left = pace.left(stage.total, max(pulse.slots or 1, 1))
        parts = [
            (0, _done(stage, tokens)),
            (2, rate),
            elapsed,
            (1, "" if left is None else left_text(left)),
            (4, one_line(pulse.status)),
        ]
        share = stage.done / stage.total if stage.total and stage.done else None
        return cls(one_line(stage.what), share, tuple((rank, text) for rank, text in parts if text))

    def fitted(self, width: int) -> tuple[str, str]:
        """Return the name and the rest for so many columns, without the parts that have no room."""
        parts = sorted(self.parts)
        while parts:
            room = width - len(_joined(self.parts, parts)) - 1
            if room >= min(len(self.what), SHORTEST) or len(parts) == 1:
                break
            parts.pop()
        rest = _joined(self.parts, parts)
        room = width - len(rest) - 1
        if room < 2:
            return "", rest[:width]
        return self.what if len(self.what) <= room else self.what[: room - 1] + "…", rest


def _joined(order: tuple[tuple[int, str], ...], kept: list[tuple[int, str]]) -> str:
    return GAP.join(text for rank, text in order if (rank, text) in kept)


def as_text(status: Status) -> str:
    """Return a status as a line of a log."""
    return f"{status.what}: {', '.join(text for _, text in status.parts)}"


def _done(stage: Stage, tokens: int | None) -> str:
    """Return how much is done; before the first result, what is waited for."""
    of = "" if stage.total is None else f"/{stage.total:,}"
    unit = f" {stage.unit}" if stage.unit else ""
    if not stage.unit and stage.total is None:
        return ""
    if stage.done or (tokens is None and stage.total is None):
        return f"{stage.done:,}{of}{unit}"
    if tokens is None:
        return f"{stage.total:,}{unit}"
    first = f"{stage.total:,}{unit}, " if stage.total is not None else ""
    so_far = f"{tokens:,} tokens so far" if tokens else "waiting for the first"
    return f"{first}{so_far}"


def _rate(stage: Stage, pace: Pace, tokens: int | None) -> str:
    if tokens is not None:
        if stage.uncounted:
            return "tokens unknown"
        speed = pace.token_rate
        return "" if not speed else f"{_figures(speed)} tokens/s"
    speed = pace.rate
    return "" if not speed or not stage.unit else f"{_figures(speed)} {stage.unit}/s"


def _figures(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
