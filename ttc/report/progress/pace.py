"""The rate of a stage, and the time it has left where that can be told."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from ttc.messages.durations import clock

RECENT = 10.0  # seconds over which a rate is measured
WARM = 5.0  # seconds of work before which no time is told
SETTLED = 32  # pieces of work before which no time is told, of a small total a tenth of it
WAVES = 2  # times that all slots must have been filled: the short draws of each wave end first
STEADY = 2.0  # how far the recent rate may be from that of the whole stage
NEAR = 0.15  # share by which a new estimate must differ from the one that counts down
FINE, COARSE = 5, 15  # seconds to which a time is rounded, below and above five minutes


class _Seen(NamedTuple):
    time: float
    done: int
    tokens: int | None


class Pace:
    """What was seen of a stage: how much was done at which time."""

    def __init__(self, now: float) -> None:
        self._first = _Seen(now, 0, None)
        self._seen: deque[_Seen] = deque()
        self._ends: float | None = None  # when it is done, as last told

    def see(self, now: float, done: int, tokens: int | None) -> None:
        """Take in what is done by now."""
        if not self._seen:
            # What was there at once, such as draws of the store, says nothing about the rate.
            self._first = _Seen(now, done, tokens)
        self._seen.append(_Seen(now, done, tokens))
        while len(self._seen) > 2 and self._seen[1].time <= now - RECENT:
            self._seen.popleft()

    @property
    def rate(self) -> float | None:
        """Pieces of work per second of late; None if that cannot be told yet."""
        if len(self._seen) < 2:
            return None
        old, new = self._seen[0], self._seen[-1]
        spent = new.time - old.time
        return (new.done - old.done) / spent if spent >= 1 else None

    @property
    def token_rate(self) -> float | None:
        """Tokens per second of late; None if that cannot be told."""
        known = [each for each in self._seen if each.tokens is not None]
        if len(known) < 2:
            return None
        old, new = known[0], known[-1]
        spent = new.time - old.time
        if old.tokens is None or new.tokens is None or spent < 1:
            return None
        return max(new.tokens - old.tokens, 0) / spent

    def left(self, total: int | None, wave: int = 1) -> float | None:
        """Return the seconds that are left; None where that cannot be told.

        It is told once enough was done at a steady rate. `wave` is how many pieces of work run side
        by side: the shortest of the first wave end first, so its rate is too high. What was told
        counts down, and is corrected only if it is clearly wrong.
        """
        estimate = None if total is None else self._estimate(total, wave)
        if estimate is None:
            self._ends = None
            return None
        now = self._seen[-1].time
        told = None if self._ends is None else self._ends - now
        if told is None or abs(told - estimate) > max(NEAR * estimate, FINE):
            self._ends, told = now + estimate, estimate
        return max(told, 0.0)

    def _estimate(self, total: int, wave: int) -> float | None:
        recent = self.rate
        if not self._seen or recent is None:
            return None
        seen, first = self._seen[-1], self._first
        spent, done = seen.time - first.time, seen.done - first.done
        enough = max(min(SETTLED, total / 10), WAVES * wave if wave > 1 else 1)
        if spent < WARM or done < enough or recent <= 0:
            return None
        overall = done / spent
        if not 1 / STEADY <= recent / overall <= STEADY:
            return None
        return (total - seen.done) / overall


def left_text(seconds: float) -> str:
    """Return a time that is left, no finer than it is known."""
    step = FINE if seconds < 300 else COARSE if seconds < 3600 else 60
    if seconds < step:
        return f"<{step} s left"
    return f"~{clock(round(seconds / step) * step)} left"
