"""Order statistics of k draws that run in parallel, over all k-subsets of n draws at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import comb
from typing import Any, NamedTuple

import numpy as np

from ttc.selectors.exact.subsets import Floats, binomial_law, hypergeometric, log_choose, within


class _Phases(NamedTuple):
    """The phases between the times at which draws end, as arrays with one entry a phase.

    `finished` and `truncated` count those of the n draws that ended before the phase.
    """

    since: Floats
    until: Floats
    finished: Any
    truncated: Any


class ParallelDraws:
    """k of n draws that start together, for each k, as means over all k-subsets.

    `ends` are the times at which the n draws end, `truncated` says which end without finishing.
    After `finishes` (m) of the k have finished, the others are cancelled; None: never. `replaced`:
    the k are drawn with replacement.
    """

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

    @property
    def budgets(self) -> Floats:
        """The budgets k."""
        return np.asarray(self._ks, dtype=np.float64)

    def total(self, amount: Callable[[Floats], Floats]) -> Floats:
        """Return, for each k, the expected sum over draws of `amount`, a function of the time at
        which a draw ends or is cancelled."""
        phases, n = self._phases, self._n
        steps = amount(phases.until) - amount(phases.since)
        steps = steps * (n - phases.finished - phases.truncated)
        total = np.zeros(len(self._ks))
        for i, k in enumerate(self._ks):
            if self._m is None or self._m >= k:  # no draw is cancelled
                total[i] = steps.sum() * k / n
            else:
                others = n if self._replaced else n - 1
                on = fewer_than(others, k - 1, self._m, self._replaced)
                total[i] = steps @ on[np.minimum(phases.finished, others)] * k / n
        return total

    def duration(self) -> Floats:
        """Return, for each k, the expected time until m draws have finished or all have ended."""
        phases, n = self._phases, self._n
        steps = phases.until - phases.since
        duration = np.zeros(len(self._ks))
        for i, k in enumerate(self._ks):
            over = within(n, (k,), self._replaced)[0][phases.finished + phases.truncated]
            if self._m is None or self._m >= k:
                on = 1 - over
            else:
                on = fewer_than(n, k, self._m, self._replaced)[phases.finished]
                if phases.truncated.any():
                    on = on - self._all_stopped(k, self._m)
            duration[i] = steps @ on
        return duration

    def _all_stopped(self, k: int, m: int) -> Floats:
        """Return, for each phase, P(all k draws have ended with fewer than m of them finished)."""
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
def fewer_than(n: int, k: int, m: int, replaced: bool = False) -> Floats:
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
