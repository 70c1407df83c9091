"""How often a draw is tried, and when a server is given up: what its faults say of it.

A fault of one request is not a fault of the server. While others are answered, a draw that failed
is tried again soon, and as often as chance may have it fail; only when nobody is answered does the
time between tries grow, and with it the suspicion that the server is gone or is none.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import NamedTuple

from ttc_openai.draws import HttpDraw
from ttc_openai.errors import ExchangeError
from ttc_openai.rate_limit import LONGEST_WAIT, pause

# A refusal, or an answer that is none, is believed at the third time, unless others differ.
_SURE = 3
# As often in a row the same fault within answers, of requests that were alone, and never an answer:
# this server does it every time.
_ALIKE = 6
# So many failures in a row, of any draws, and no answer in between: it is no longer chance.
_FEW, _HOPELESS = 8, 512
# Tries of one draw at most. With the share of tries that helped, a draw gets as many as leave it a
# chance of `_UNLUCKY` to fail in all; but only where at least `_HELPS` of enough tries did.
_MOST, _UNLUCKY, _HELPS, _ENOUGH = 40, 1e-9, 0.1, 10
# A busy server that answers others is asked so often for one draw.
_BUSY = 20


class RetryDecision(NamedTuple):
    """What to do with a draw that failed: try again after a pause, or not; and whether there is
    any sense in sending others."""

    again: bool
    pause: float = 0.0
    over: bool = False


class RetryPolicy:
    """Judges faults. `retries` is how often a draw is tried again without further evidence."""

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._chance = random.Random()
        self._misses = 0
        self._alike: tuple[str, int] = ("", 0)
        self._fine: set[int] = set()
        self._tried: Counter[str] = Counter()
        self._helped: Counter[str] = Counter()
        # When an answer came, and when the server was first found gone since.
        self._answered = 0.0
        self.gone: float | None = None

    @property
    def doubtful(self) -> bool:
        """Whether what has come so far was no answer, and so not many should be sent."""
        return not self._answered and self._misses > 0

    @property
    def ever(self) -> bool:
        """Whether there was any answer."""
        return self._answered > 0

    def answered(self, draw: HttpDraw, now: float) -> None:
        """An answer came to a draw."""
        self._answered, self._misses, self.gone = now, 0, None
        self._fine.add(hash(draw.kind))
        if draw.fault:
            self._tried[_sort(draw.fault)] += 1
            self._helped[_sort(draw.fault)] += 1

    def judge(
        self, draw: HttpDraw, fault: ExchangeError, now: float, alive: float, beside: bool
    ) -> RetryDecision:
        """Judge a draw's fault. `alive` is when any draw last said something; `beside`: others
        were under way."""
        self._misses += 1
        kind = fault.kind
        every_time = self._every_time(fault, beside)
        if draw.fault:
            self._tried[_sort(draw.fault)] += 1
        draw.fault = kind
        if kind == "gone" and self._retries:
            return self._gone(now)
        self.gone = None  # what can fail in another way is there
        if fault.drops and beside and draw.cuts < _MOST and self._retries:
            draw.cuts += 1  # by another: that says nothing of this one
            return RetryDecision(
                True, pause(min(draw.cuts, 3) - 1, None, self._chance), self._hopeless
            )
        alive = max(alive, self._answered)
        if draw.failed is None or alive > draw.failed:
            draw.failed, draw.alone = now, 0
        draw.tries, draw.alone = draw.tries + 1, draw.alone + 1
        draw.faults[kind] += 1
        nobody = draw.alone > self._retries and self._misses > _FEW
        none_yet = kind == "odd" and not alive and draw.alone >= min(_SURE, self._retries + 1)
        over = (kind != "refused" and (nobody or none_yet)) or self._hopeless or every_time
        few = draw.faults[kind] <= self._allowed(draw, kind, alive)
        again = not over and few and draw.tries < _MOST
        steps = max(draw.faults[kind] if kind == "busy" else 0, draw.alone)
        calm = kind in ("odd", "refused") and not alive
        steps = 1 if calm else min(steps, 2) if self._alike[1] else steps
        return RetryDecision(again, pause(steps - 1, fault.after, self._chance), over)

    def _every_time(self, fault: ExchangeError, beside: bool) -> bool:
        """Whether a server that never answered has done the very same often enough. One that is
        busy, or whose gateway says that it is not there, is waited for."""
        if self._answered or fault.busy or not fault.within:
            self._alike = ("", 0)
        elif not beside:
            before, count = self._alike
            self._alike = (fault.alike, count + 1 if before == fault.alike else 1)
        return self._alike[1] >= _ALIKE

    @property
    def _hopeless(self) -> bool:
        return self._misses >= _HOPELESS

    def _gone(self, now: float) -> RetryDecision:
        """Nobody listens: this says nothing of the draw. One that has answered may come back."""
        self.gone = self.gone or now
        waited = now - self.gone
        enough = LONGEST_WAIT if self._answered else 2.0**self._retries
        over = waited > enough
        return RetryDecision(not over, min(max(waited / 2, 0.5), 4.0), over)

    def _allowed(self, draw: HttpDraw, kind: str, alive: float) -> int:
        """Return how often a draw may be tried again after a fault of a kind."""
        allowed = self._retries
        known = kind == "refused" and hash(draw.kind) in self._fine
        tried, helped = self._tried[_sort(kind)], self._helped[_sort(kind)]
        # Others are answered, and whether another try helps is not known yet: it may be chance.
        open_still = kind == "odd" and self._answered and tried < _ENOUGH
        if kind in ("odd", "refused") and not known and not open_still:
            allowed = min(allowed, _SURE - 1)
        if kind == "busy" and alive and allowed:
            allowed = max(allowed, _BUSY)
        if allowed and tried >= _ENOUGH and helped / tried >= _HELPS:
            miss = 1 - helped / (tried + 1)
            allowed = max(allowed, min(_MOST, math.ceil(math.log(_UNLUCKY) / math.log(miss))))
        return allowed


def _sort(kind: str) -> str:
    """Return what a try after a kind of fault tells of: the request, or the connection."""
    return "refused" if kind == "refused" else "any"
