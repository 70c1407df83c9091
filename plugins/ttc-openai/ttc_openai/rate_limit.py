"""How many requests may be under way, how long one may be silent, and when to try again.

The limit grows by one a success until requests are first turned away, and from then on by a quarter
a round without. A request is turned away when the server says that it has too much to do, or when
its answer is cut: some servers end one answer when the next is asked for. Either also happens to
one connection alone, at a rate that has nothing to do with how many there are. So the limit does
not follow single faults but their share among the requests that were sent at this limit:

- It is halved (Chiu and Jain 1989, as TCP does it) once the share is sure to be above `SHARE`, by
  the lower end of Wilson's interval. A few stray faults do not show that, and leave it alone.
- If the share is as high with half as many, or with one at a time, then others are not to blame:
  the limit goes back to where it fell from, and only a share well above this one lets it fall
  again. A server that bears C of L turns away 1 - C/L, which half of L would bring down by more
  than a third; but one that turns nearly all away tells nothing, so this waits for `_TELLING`.
- A limit that rose too far goes back, and waits twice as long before it rises the next time, so
  that a server that bears one request is asked for two ever more rarely.
"""

from __future__ import annotations

import math
import random
from collections import deque

START = 16
_FIRST, _LONGEST = 0.5, 30.0
# A server that asks for more than this is not waited for.
LONGEST_WAIT = 120.0
# Requests turned away of those sent: beyond this there are too many under way.
SHARE = 0.25
# A share below this must fall to less than `_SAME` of it with the limit, seen in `_SEEN` outcomes.
_TELLING, _SEEN, _SAME = 0.7, 24, 0.8
# Outcomes that are remembered, about: older ones fade.
_WINDOW = 128
# Requests that must be answered before the limit rises, at least and at most.
_HOLD, _LONGEST_HOLD = 4, 1024


class RateLimit:
    """The limit of a server, `most` at most, from where an earlier run left it (`kept`). Times are
    seconds on one monotonic clock."""

    def __init__(self, most: int, kept: int | None = None) -> None:
        self._most = float(most)
        self._limit = float(min(kept or START, most))
        self._fell_from = float(min(START, most)) if kept else 0.0
        self._changed = float("-inf")
        self._good = self._away = 0.0
        self._hold = _HOLD
        self._clean = 0
        self._rose, self._before = False, self._limit
        self._share = SHARE
        # The share at the limit that was just halved.
        self._above: float | None = None

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return int(self._limit)

    @property
    def kept(self) -> int | None:
        """The limit that the next run should begin with, None if any will do."""
        return self.limit if self._fell_from and self.limit < min(START, self._most) else None

    @property
    def crowded(self) -> bool:
        """Whether the server turns so many requests away that it is too busy, as far as known."""
        sent = self._good + self._away
        return sent < 8 or self._away / sent > SHARE / 2

    def record_success(self, sent: float) -> None:
        """A request that was sent at a time was answered."""
        self._count(sent, away=False)
        self._clean += 1
        if not self._fell_from:
            self._limit = min(self._most, self._limit + 1)
        elif self._no_better():
            self._acquit()
            self._begin_again(sent)
        elif self._clean >= max(self._limit, self._hold) and self._limit < self._most:
            if self._rose:  # it bore the last rise
                self._hold = _HOLD
            self._before = self._limit
            self._limit = min(self._most, self._limit + max(1.0, self._limit // 4))
            self._rose, self._clean = True, 0
            self._begin_again(sent)

    def record_rejection(self, sent: float, now: float, under_way: int) -> None:
        """A request that was sent at a time, beside others, was turned away or cut."""
        if not self._count(sent, away=True) or self._away < (2 if self._limit == 2 else 3):
            return
        # Faults come sooner than answers: those under way count as if they were to be answered.
        outcomes = self._good + self._away + under_way - 1
        if self._no_better():
            self._acquit()
        elif _at_least(self._away, outcomes) <= self._share:
            return
        elif self.limit == 1:
            self._acquit()
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
        """Whether as many are turned away as before the limit was halved."""
        outcomes = self._good + self._away
        if self._above is None or outcomes < _SEEN:
            return False
        above, self._above = self._above, None
        return above < _TELLING and self._away / outcomes > _SAME * above

    def _acquit(self) -> None:
        """Requests are turned away, and not since there are others."""
        share = self._away / (self._good + self._away)
        self._share = min(0.95, max(1.5 * share, SHARE))
        self._limit, self._fell_from, self._above = max(self._fell_from, 1.0), 0.0, None

    def _count(self, sent: float, *, away: bool) -> bool:
        """Count an outcome, unless it is that of a limit that was before this one."""
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


def _at_least(hits: float, of: float) -> float:
    """Return the lower end of Wilson's interval of 95 % for a share."""
    z = 1.96
    share, spread = hits / of, z * z / of
    width = z * math.sqrt((share * (1 - share) + spread / 4) / of)
    return (share + spread / 2 - width) / (1 + spread)


# Answers that must have come before their silences tell anything, and how many are remembered.
_ENOUGH, _REMEMBERED = 100, 1024
# How many times as long as the longest of 99 in 100 silences one may be, and the seconds that it
# may be at least: where others that were asked later are answered, and where there are none.
_TIMES, _PASSED_BY, _LAST = 10.0, 10.0, 15.0
# How many others those are.
_OTHERS = 20


class StallTimeout:
    """How long an answer may say nothing before its request is taken for lost.

    A lost request would hold a run for the whole timeout of the server. What is far beyond all
    that was seen of this server is lost: 10 times the silence that 99 of 100 answers kept below,
    and not under 10 s (15 s if no others passed it by, as at the end of a run). A slow server is
    slow with every answer, and is measured by itself. A draw that was given up in this way gets
    twice the time at its next try, up to the timeout: a prompt that takes its time gets it.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._longest: deque[float] = deque(maxlen=_REMEMBERED)
        self._answered: deque[float] = deque(maxlen=_OTHERS)
        self._usual = float("inf")

    def answered(self, sent: float, longest: float) -> None:
        """An answer came to a request sent at a time, silent for so long at most."""
        self._longest.append(longest)
        self._answered.append(sent)
        self._usual = float("inf")

    def limit(self, since: float, before: int) -> float:
        """Return how long an answer may be silent that has been since a time, of a draw that was
        given up so many times before."""
        if len(self._longest) < _ENOUGH:
            return self._timeout
        if self._usual == float("inf"):
            self._usual = sorted(self._longest)[int(0.99 * len(self._longest))]
        passed = len(self._answered) == _OTHERS and min(self._answered) > since
        least = _PASSED_BY if passed else _LAST
        return min(self._timeout, max(least, _TIMES * self._usual) * 2.0**before)


def pause(tries: int, asked: float | None, chance: random.Random) -> float:
    """Return the seconds before a try: exponential with jitter, and what the server asks for.

    The jitter spreads requests that failed together (half to all of the exponential time).
    """
    backoff = min(_LONGEST, _FIRST * 2.0 ** min(tries, 16)) * chance.uniform(0.5, 1.0)
    return backoff if asked is None else asked + chance.uniform(0.0, 0.25) * min(asked, 1.0)
