"""How many requests may be under way, and how long to wait before trying again.

The limit grows by one a success until the server is first overloaded, then by one a round (additive
increase), and is halved when the server says that it has too much to do (multiplicative decrease;
Chiu and Jain 1989, as TCP does it): once for all requests that were sent before it was halved.
"""

from __future__ import annotations

import random

START = 16
_FIRST, _LONGEST = 0.5, 30.0
# A server that asks for more than this is not waited for.
PATIENCE = 120.0


class Pace:
    """The limit of a server, `most` at most. Times are seconds on one monotonic clock."""

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = float(min(START, most))
        self._halved: float | None = None

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return int(self._limit)

    def went_well(self) -> None:
        """A request was answered."""
        step = 1.0 if self._halved is None else 1.0 / self._limit
        self._limit = min(self._most, self._limit + step)

    def overloaded(self, sent: float, now: float) -> None:
        """A request that was sent at a time was turned away for now."""
        if self._halved is None or sent >= self._halved:
            self._limit = max(1.0, self._limit / 2)
            self._halved = now

    def cap(self) -> None:
        """Never go beyond the limit of this moment again."""
        self._most = max(1.0, float(self.limit))


def pause(tries: int, asked: float | None, chance: random.Random) -> float:
    """Return the seconds before a try: exponential with jitter, and what the server asks for.

    The jitter spreads requests that failed together (half to all of the exponential time).
    """
    backoff = min(_LONGEST, _FIRST * 2.0**tries) * chance.uniform(0.5, 1.0)
    return backoff if asked is None else asked + chance.uniform(0.0, 0.25) * min(asked, 1.0)
