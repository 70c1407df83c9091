"""The limit on open requests, adapted to what the server sustains, and the pause before a retry.

The limit grows by one with each success until requests are first rejected, and from then on by a
quarter after each round without a rejection. A request counts as rejected if the server says that
it has too much to do, or if its answer is cut: some servers end one answer when the next is
requested. Either also happens to single connections, at a rate that does not depend on how many
there are. So the limit does not react to single faults but to their share of the requests sent at
this limit:

- It is halved (Chiu and Jain 1989, as in TCP) once the share is certain to be above `SHARE`, by the
  lower end of Wilson's interval. A few stray faults do not show that.
- If the share stays as high with half as many requests, or with one at a time, other requests are
  not the cause: the limit returns to where it fell from, and only a share well above this one lets
  it fall again. A server that sustains C of L rejects 1 - C/L, which halving L would lower by more
  than a third. One that rejects nearly all shows nothing, so this waits for `_TELLING`.
- A limit that rose too far goes back, and waits twice as long before its next rise, so a server
  that sustains one request gets two ever more rarely.
"""

from __future__ import annotations

import math
import random

START = 16
_FIRST, _LONGEST = 0.5, 30.0
# Seconds; a server that asks for a longer wait is given up.
LONGEST_WAIT = 120.0
# Share of rejected requests above which there are too many.
SHARE = 0.25
# A share below `_TELLING` must fall to less than `_SAME` of it with the limit, over `_SEEN`
# outcomes.
_TELLING, _SEEN, _SAME = 0.7, 24, 0.8
# Outcomes that are remembered, approximately: older ones fade.
_WINDOW = 128
# Requests that must be answered before the limit rises, at least and at most.
_HOLD, _LONGEST_HOLD = 4, 1024


class RateLimit:
    """The limit of a server, at most `most`, starting where an earlier run left it (`saved`).

    Times are seconds on one monotonic clock.
    """

    def __init__(self, most: int, saved: int | None = None) -> None:
        self._most = float(most)
        self._limit = float(min(saved or START, most))
        self._fell_from = float(min(START, most)) if saved else 0.0
        self._changed = float("-inf")
        self._good = self._away = 0.0
        self._hold = _HOLD
        self._clean = 0
        self._rose, self._before = False, self._limit
        self._share = SHARE
        # The share of rejections at the limit that was just halved.
        self._above: float | None = None

    @property
    def limit(self) -> int:
        """How many requests may be open now."""
        return int(self._limit)

    @property
    def saved(self) -> int | None:
        """The limit that the next run should start with, None if any will do."""
        return self.limit if self._fell_from and self.limit < min(START, self._most) else None

    @property
    def crowded(self) -> bool:
        """Whether the server rejects enough requests to be too busy, as far as known."""
        sent = self._good + self._away
        return sent < 8 or self._away / sent > SHARE / 2

    def record_success(self, sent: float) -> None:
        """Record that a request sent at a time was answered."""
        self._count(sent, away=False)
        self._clean += 1
        if not self._fell_from:
            self._limit = min(self._most, self._limit + 1)
        elif self._no_better():
            self._restore()
            self._begin_again(sent)
        elif self._clean >= max(self._limit, self._hold) and self._limit < self._most:
            if self._rose:  # it bore the last rise
                self._hold = _HOLD
            self._before = self._limit
            self._limit = min(self._most, self._limit + max(1.0, self._limit // 4))
            self._rose, self._clean = True, 0
            self._begin_again(sent)

    def record_rejection(self, sent: float, now: float, under_way: int) -> None:
        """Record that a request sent at a time, beside others, was rejected or cut off."""
        if not self._count(sent, away=True) or self._away < (2 if self._limit == 2 else 3):
            return
        # Faults arrive before answers, so open requests count as if they were to be answered.
        outcomes = self._good + self._away + under_way - 1
        if self._no_better():
            self._restore()
        elif wilson_lower_bound(self._away, outcomes) <= self._share:
            return
        elif self.limit == 1:
            self._restore()
        else:
            self._above = self._away / outcomes
            self._fell_from = max(self._fell_from, self._limit)
            if self._rose:  # too far: back to where it was good
                self._limit, self._hold = self._before, min(2 * self._hold, _LONGEST_HOLD)
            else:
                self._limit = float(max(1, min(self.limit, under_way) // 2))
        self._rose, self._clean = False, 0
        self._begin_again(now)

    def _no_better(self) -> bool:
        """Return whether as many are rejected as before the limit was halved."""
        outcomes = self._good + self._away
        if self._above is None or outcomes < _SEEN:
            return False
        above, self._above = self._above, None
        return above < _TELLING and self._away / outcomes > _SAME * above

    def _restore(self) -> None:
        """Restore the limit: the rejections are not caused by the number of requests."""
        share = self._away / (self._good + self._away)
        self._share = min(0.95, max(1.5 * share, SHARE))
        self._limit, self._fell_from, self._above = max(self._fell_from, 1.0), 0.0, None

    def _count(self, sent: float, *, away: bool) -> bool:
        """Count an outcome, unless it belongs to an earlier limit."""
        if sent < self._changed:
            return False
        if self._good + self._away >= _WINDOW:
            self._good, self._away = self._good / 2, self._away / 2
        if away:
            self._away += 1
        else:
            self._good += 1
        return True

    def _begin_again(self, now: float) -> None:
        self._good = self._away = 0.0
        self._changed = now


def wilson_lower_bound(hits: float, of: float) -> float:
    """Return the lower end of the 95 % Wilson interval of a proportion."""
    z = 1.96
    share, spread = hits / of, z * z / of
    width = z * math.sqrt((share * (1 - share) + spread / 4) / of)
    return (share + spread / 2 - width) / (1 + spread)


def pause(tries: int, asked: float | None, chance: random.Random) -> float:
    """Return the seconds before a retry: exponential with jitter, or what the server asks for.

    The jitter (half to all of the exponential time) spreads requests that failed together.
    """
    backoff = min(_LONGEST, _FIRST * 2.0 ** min(tries, 16)) * chance.uniform(0.5, 1.0)
    return backoff if asked is None else asked + chance.uniform(0.0, 0.25) * min(asked, 1.0)
