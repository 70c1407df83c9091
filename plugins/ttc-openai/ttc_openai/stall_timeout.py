"""How long an answer may be silent before its request counts as lost."""

from __future__ import annotations

from collections import deque

# Answers needed before their silences are used, and how many are remembered.
_ENOUGH, _REMEMBERED = 100, 1024
# The limit as a multiple of the longest of 99 in 100 silences, and its least seconds: with later
# requests that were answered meanwhile, and without.
_TIMES, _PASSED_BY, _LAST = 10.0, 10.0, 15.0
# How many later requests that takes.
_OTHERS = 20


class StallTimeout:
    """The limit on silence, learned from the silences of answers.

    A lost request would hold up a run for the server's whole timeout. A silence far beyond all that
    were seen of this server means a lost request: 10 times the silence that 99 of 100 answers
    stayed below, and at least 10 s (15 s if no later request was answered, as at the end of a run).
    A slow server is slow with every answer, so it is measured by itself. A draw that was given up
    gets twice the time at its next try, up to the timeout, so a prompt that really takes long is
    answered.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._longest: deque[float] = deque(maxlen=_REMEMBERED)
        self._answered: deque[float] = deque(maxlen=_OTHERS)
        self._usual = float("inf")

    def record(self, sent: float, longest: float) -> None:
        """Record the longest silence of an answer to a request sent at a time."""
        self._longest.append(longest)
        self._answered.append(sent)
        self._usual = float("inf")

    def limit(self, since: float, before: int) -> float:
        """Return how long an answer may be silent.

        `since` is the time of its last progress, `before` how often its draw was given up before.
        """
        if len(self._longest) < _ENOUGH:
            return self._timeout
        if self._usual == float("inf"):
            self._usual = sorted(self._longest)[int(0.99 * len(self._longest))]
        passed = len(self._answered) == _OTHERS and min(self._answered) > since
        least = _PASSED_BY if passed else _LAST
        return min(self._timeout, max(least, _TIMES * self._usual) * 2.0**before)
