"""Races of k draws side by side: who has ended by when, over all k-subsets at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import comb
from typing import Any, NamedTuple

import numpy as np

from ttc.selectors.exact.subsets import Floats, binomial_law, hypergeometric, log_choose, within


class _Phases(NamedTuple):
    """Between two ends: since when, until when, and how many of the n draws had ended before."""

    since: Floats
    until: Floats
    finished: Any
    truncated: Any


class Race:
    """The races of all k-subsets of some draws, for each k."""

    def __init__(
        self,
        ends: Floats,
        truncated: Sequence[bool],
        ks: Sequence[int],
        finishes: int | None,
        replaced: bool,
    ) -> None:
        cut = np.asarray(truncated, dtype=bool)
        times = np.unique(np.concatenate(([0.0], ends)))
        done = np.searchsorted(np.sort(ends[~cut]), times[:-1], side="right")
        stopped = np.searchsorted(np.sort(ends[cut]), times[:-1], side="right")
        self._phases = _Phases(times[:-1], times[1:], done, stopped)
        self._n = len(ends)
        self._ks = ks
        self._m = finishes
        self._replaced = replaced

    def paid(self, amount: Callable[[Floats], Floats]) -> Floats:
        """Return, for each k, the expected sum over draws of `amount` at the time each ended."""
        phases, n = self._phases, self._n
        steps = amount(phases.until) - amount(phases.since)
        steps = steps * (n - phases.finished - phases.truncated)
        paid = np.zeros(len(self._ks))
        for i, k in enumerate(self._ks):
            if self._m is None or self._m >= k:  # nobody is cancelled
                paid[i] = steps.sum() * k / n
            else:
                others = n if self._replaced else n - 1
                on = few_marked(others, k - 1, self._m, self._replaced)
                paid[i] = steps @ on[np.minimum(phases.finished, others)] * k / n
        return paid

    def lasts(self) -> Floats:
        """Return, for each k, the expected time until the race is over."""
        phases, n = self._phases, self._n
        steps = phases.until - phases.since
        lasts = np.zeros(len(self._ks))
        for i, k in enumerate(self._ks):
            over = within(n, (k,), self._replaced)[0][phases.finished + phases.truncated]
            if self._m is None or self._m >= k:
                on = 1 - over
            else:
                on = few_marked(n, k, self._m, self._replaced)[phases.finished]
                if phases.truncated.any():
                    on = on - self._all_stopped(k, self._m)
            lasts[i] = steps @ on
        return lasts

    def _all_stopped(self, k: int, m: int) -> Floats:
        """Return P(a subset has ended, by phase, with fewer than m of it finished)."""
        n = self._n
        chance = []
        for done, stopped in zip(self._phases.finished, self._phases.truncated, strict=True):
            ended = int(done + stopped)
            law = np.zeros(1)
            if self._replaced and ended:
                law = binomial_law(k, int(done) / ended)
            elif k <= ended:
                law = hypergeometric(ended, int(done), k)
            chance.append(float(law[:m].sum() * within(n, (k,), self._replaced)[0][ended]))
        return np.asarray(chance)


@lru_cache(maxsize=256)
def few_marked(n: int, k: int, m: int, replaced: bool = False) -> Floats:
    """Return P(fewer than m of k draws are among F marked ones of n), for F = 0..n."""
    if replaced:
        share = np.arange(n + 1) / n
        terms = (comb(k, j) * share**j * (1 - share) ** (k - j) for j in range(min(m, k + 1)))
        return np.asarray(sum(terms), dtype=np.float64)
    total = np.zeros(n + 1)
    for j in range(min(m, k + 1)):
        marked = np.arange(j, n - k + j + 1)
        ways = log_choose(marked, j) + log_choose(n - marked, k - j)
        total[marked] += np.exp(ways - log_choose(n, k))
    return total
