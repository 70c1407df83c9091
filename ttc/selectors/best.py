"""Oracles of graded draws: the best of k by what they are worth, and the mean of the m best."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.subsets import Floats, bounded, check_budgets, log_choose
from ttc.selectors.ranking import best_of_k, levels


class Max:
    """Picks the draw that is worth most: max@k, an oracle (Bagirov et al. 2025; D3).

        max@k = Σ_r v_(r) · C(n − r, k − 1) / C(n, k)

    over the n worths, v_(1) the highest: the expected best score where draws are graded
    (`--value score`), and coverage where they are right or wrong.
    """

    name = "max"
    needs = frozenset({"correct"})
    graded = True
    oracle = True
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        OptionReader(self.name, options).end()

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        best = max((outcome.worth for outcome in outcomes), default=0.0)
        return tuple(i for i, outcome in enumerate(outcomes) if outcome.worth == best)

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return best_of_k(self._levels(outcomes), ks)

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k draws with replacement."""
        return best_of_k(self._levels(outcomes), ks, replaced=True)

    def _levels(self, outcomes: Sequence[Outcome]) -> list[tuple[int, float]]:
        return levels([-outcome.worth for outcome in outcomes], [o.worth for o in outcomes])


class MeanOfBest:
    """Picks the m of k draws that are worth most, so its value is their mean; an oracle.

    `m` draws, all where k is fewer; m = 1 is `max`. The draw with rank r of n is one of the m best
    of k with probability Σ_{j ≤ m} C(r − 1, j − 1) · C(n − r, k − j) / C(n, k). To rank by another
    score than what draws are worth, write `keep=M:score=VERIFIER>mean`.
    """

    name = "mean-of-best"
    needs = frozenset({"correct"})
    graded = True
    oracle = True
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        m = read.whole("m", None)
        read.end()
        if m is None:
            raise read.error("write mean-of-best:m=3 for the mean of the 3 best draws")
        self._m = m

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        order = sorted(range(len(outcomes)), key=lambda i: (-outcomes[i].worth, i))
        return tuple(order[: self._m])

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        n = len(outcomes)
        check_budgets(ks, n)
        worths = sorted((outcome.worth for outcome in outcomes), reverse=True)
        ranked = np.asarray(worths)
        values = (float(among_best(n, k, self._m) @ ranked) / min(self._m, k) for k in ks)
        return [bounded(value, (worths[0], worths[-1])) for value in values]


@lru_cache(maxsize=256)
def among_best(n: int, k: int, m: int) -> Floats:
    """Return P(a k-subset of n draws holds rank r among its m best), r = 1..n, shape (n,)."""
    if m >= k:
        return np.full(n, k / n)
    r = np.arange(1, n + 1)
    chances = np.zeros(n)
    total = log_choose(n, k)
    for j in range(1, m + 1):
        possible = (r >= j) & (n - r >= k - j)
        at = r[possible]
        ways = log_choose(at - 1, j - 1) + log_choose(n - at, k - j)
        chances[possible] += np.exp(ways - total).astype(np.float64)
    return chances
