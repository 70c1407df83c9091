"""The retry policy: how often a draw is tried, and when a server is given up.

A fault of one request is not a fault of the server. As long as others are answered, a failed draw
is tried again soon, and as often as chance may make it fail. Only when none is answered does the
pause between tries grow, and with it the suspicion that the server is down or is no server.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import NamedTuple

from ttc_openai.draws import HttpDraw
from ttc_openai.errors import ExchangeError
from ttc_openai.rate_limit import LONGEST_WAIT, pause

# A rejection, or a body that is no answer, is believed at the third time, unless others differ.
_SURE = 3
# This often in a row the same fault within answers, of requests that ran alone, and never an
# answer: the server does it every time.
_ALIKE = 6
# This many failures in a row, of any draws, without an answer: no longer chance.
_FEW, _HOPELESS = 8, 512
# The most tries of one draw. With the share of tries that helped, a draw gets as many as leave it a
# chance of `_UNLUCKY` to fail in all; but only if at least `_HELPS` of enough tries helped.
_MOST, _UNLUCKY, _HELPS, _ENOUGH = 40, 1e-9, 0.1, 10
# The most tries of one draw at a busy server that answers others.
_BUSY = 20


class RetryDecision(NamedTuple):
    """What to do with a failed draw: whether to try it again, the pause before that in seconds, and
    whether the server is given up (`over`)."""

    again: bool
    pause: float = 0.0
    over: bool = False


class RetryPolicy:
    """The state of a policy. `retries` is how often a draw is tried again without more evidence."""

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._chance = random.Random()
        self._misses = 0
        self._alike: tuple[str, int] = ("", 0)
        self._fine: set[int] = set()
        self._tried: Counter[str] = Counter()
        self._helped: Counter[str] = Counter()
        # When the last answer came, and when the server was first found down since then.
        self._answered = 0.0
        self.gone: float | None = None

    @property
    def doubtful(self) -> bool:
        """Whether all that came so far failed: then one request is sent at a time."""
        return not self._answered and self._misses > 0

    @property
    def ever_answered(self) -> bool:
        """Whether there was any answer."""
        return self._answered > 0

    def record_answer(self, draw: HttpDraw, now: float) -> None:
        """Record an answer to a draw."""
        self._answered, self._misses, self.gone = now, 0, None
        self._fine.add(hash(draw.kind))
        if draw.fault:
            self._tried[_evidence_of(draw.fault)] += 1
            self._helped[_evidence_of(draw.fault)] += 1

    def decide(
        self, draw: HttpDraw, fault: ExchangeError, now: float, alive: float, beside: bool
    ) -> RetryDecision:
        """Decide about a draw's fault.

        `alive` is when data of any draw last came; `beside`: other requests were open.
        """
        self._misses += 1
        kind = fault.kind
        every_time = self._every_time(fault, beside)
        if draw.fault:
            self._tried[_evidence_of(draw.fault)] += 1
        draw.fault = kind
        if kind == "gone" and self._retries:
            return self._gone(now)
        self.gone = None  # a server that fails in another way is up
        if fault.drops and beside and draw.cuts < _MOST and self._retries:
            draw.cuts += 1  # by another request: not a fault of this draw
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
        """Return whether a server that never answered has failed in the same way often enough.

        One that is busy, or whose gateway reports it missing, is waited for.
        """
        if self._answered or fault.busy or not fault.within:
            self._alike = ("", 0)
        elif not beside:
            before, count = self._alike
            self._alike = (fault.signature, count + 1 if before == fault.signature else 1)
        return self._alike[1] >= _ALIKE

    @property
    def _hopeless(self) -> bool:
        return self._misses >= _HOPELESS

    def _gone(self, now: float) -> RetryDecision:
        """Decide about a server that does not listen; one that answered before may come back."""
        self.gone = self.gone or now
        waited = now - self.gone
        enough = LONGEST_WAIT if self._answered else 2.0**self._retries
        over = waited > enough
        return RetryDecision(not over, min(max(waited / 2, 0.5), 4.0), over)

    def _allowed(self, draw: HttpDraw, kind: str, alive: float) -> int:
        """Return how often a draw may be tried again after a fault of a kind."""
        allowed = self._retries
        known = kind == "refused" and hash(draw.kind) in self._fine
        tried, helped = self._tried[_evidence_of(kind)], self._helped[_evidence_of(kind)]
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


def _evidence_of(kind: str) -> str:
    """Return what a retry after a kind of fault gives evidence about."""
    return "refused" if kind == "refused" else "any"
