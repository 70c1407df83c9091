"""Draws that run in parallel until m of their thoughts have ended: the cost of `by=thinking`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb
from typing import Any

import numpy as np

from ttc.curves.order_statistics import ParallelDraws, fewer_than
from ttc.selectors.exact.subsets import Floats, log_choose


class ThinkingRace(ParallelDraws):
    """k of n draws that start together, for each k, as means over all k-subsets.

    Once the thoughts of `thinks` (m) of the k have ended, the other draws are cancelled, and these
    m write their answers to the end. Of equal thoughts, the first in draw order count. A truncated
    draw does not count as one whose thought has ended: where fewer than m are not truncated, all
    run to their ends. `lengths` and `thoughts` are the times from the start to the end of each
    draw and of its thought.
    """

    def __init__(
        self,
        lengths: Floats,
        thoughts: Floats,
        truncated: Sequence[bool],
        ks: Sequence[int],
        thinks: int,
        replaced: bool,
    ) -> None:
        cut = np.asarray(truncated, dtype=bool)
        super().__init__(np.where(cut, lengths, thoughts), truncated, ks, thinks, replaced)
        order = [int(i) for i in np.argsort(thoughts, kind="stable") if not cut[i]]
        self._ranked, self._thoughts, self._cut_at = lengths[order], thoughts[order], lengths[cut]
        self._whole = ParallelDraws(lengths, truncated, ks, None, replaced)
        self._thinks = thinks

    def total(self, amount: Callable[[Floats], Floats]) -> Floats:
        """Return, for each k, the expected sum over draws of `amount`, a function of the time at
        which a draw ends or is cancelled."""
        racing, whole = super().total(amount), self._whole.total(amount)
        answers = amount(self._ranked) - amount(self._thoughts)
        for i, k in enumerate(self._ks):
            chances = self._chances(k)
            racing[i] = whole[i] if self._thinks >= k else racing[i] + float(chances @ answers)
        return racing

    def _chances(self, k: int) -> Floats:
        """Return, for each rank, how often its draw is among the m of k whose thoughts end first.

        With the number X of the first r ranks that are drawn, the expectation of min(m, X) is
        Σ_{j<m} P(X > j); the chance of rank r is its increment.
        """
        below = [fewer_than(self._n, k, j + 1, self._replaced) for j in range(self._thinks)]
        drawn = self._thinks - np.sum(below, axis=0)
        chances: Floats = np.diff(drawn[: len(self._ranked) + 1])
        return chances

    def duration(self) -> Floats:
        """Return, for each k, the expected time until the m answers are written.

        The time is at most x if the m-th of the thoughts has rank r and its draw and the m − 1
        before it have at most the length x; or if fewer than m of the k are not truncated, and all
        of them have at most that length.
        """
        duration = self._whole.duration()
        values = np.unique(np.concatenate((self._ranked, self._cut_at)))
        for i, k in enumerate(self._ks):
            if self._thinks < k:
                within = np.asarray([self._chance_within(k, value) for value in values])
                duration[i] = float(values @ np.diff(within, prepend=0.0))
        return duration

    def _chance_within(self, k: int, length: float) -> float:
        """Return the chance that the m answers are written within a length."""
        n, m = self._n, self._thinks
        fits = self._ranked <= length
        before = np.concatenate(([0], np.cumsum(fits)[:-1]))[fits]
        after = n - 1 - np.flatnonzero(fits)
        finished, cut = int(fits.sum()), int((self._cut_at <= length).sum())
        if not self._replaced:
            chance = np.exp(_ways(before, m - 1) + _ways(after, k - m) - log_choose(n, k)).sum()
            fewer = sum(comb(finished, j) * comb(cut, k - j) for j in range(m)) / comb(n, k)
            return float(chance) + fewer
        chance = sum(
            comb(k, i) * comb(k - i, e) * (before / n) ** i * (after / n) ** (k - i - e) / n**e
            for i in range(m)
            for e in range(m - i, k - i + 1)
        )
        fewer = sum(comb(k, j) * finished**j * cut ** (k - j) for j in range(m)) / n**k
        return float(np.sum(chance)) + float(fewer)


def _ways(sizes: Any, count: int) -> Any:
    """Return the logarithm of the number of subsets of `count` elements, for each size."""
    ways: Any = np.full(len(sizes), -np.inf)
    if (able := sizes >= count).any():
        ways[able] = log_choose(sizes[able], count)
    return ways
