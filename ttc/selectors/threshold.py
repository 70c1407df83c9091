"""Threshold stopping: draw in batches until a score reaches a threshold, then take the best."""

from __future__ import annotations

from collections.abc import Sequence

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.estimates import Estimate
from ttc.selectors.exact.subsets import bounded, check_budgets, within
from ttc.selectors.ranking import LAST, best_of_k, highest_first, levels, score_key


class Threshold:
    """Draws until a score reaches `at`, then picks the best (Manvi et al. 2024).

    Adaptive sampling, "Adaptive Inference-Time Compute", for any score.
    `batch` lists the sizes of the batches, the last one for all that follow: `batch=1+1+2+4`. If h
    of the n draws score `at` or more, a batch begins after J draws with probability
    C(n − h, J)/C(n, J), and is a uniform subset of the other n − J draws.
    """

    name = "threshold"
    graded = True
    needs = frozenset({"score", "correct"})
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        at = read.value("at", None, float, "a number")
        self._sizes = read.wholes("batch", [1], "+", "numbers as in 1+1+2+4")
        read.end()
        if at is None:
            raise read.error("write threshold:at=SCORE, and batch=1+1+2+4 for batches")
        self._at = at

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        keys = [score_key(outcome) for outcome in outcomes]
        for _, end in self._batches(len(outcomes)):
            best = min(keys[:end])
            if end == len(outcomes) or best <= highest_first(self._at):
                return tuple(i for i, key in enumerate(keys[:end]) if key == best)
        return ()

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return [estimate.value for estimate in self.estimates(outcomes, ks)]

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return accuracy and expected draws at each cap k."""
        n = len(outcomes)
        check_budgets(ks, n)
        keys = [score_key(outcome) for outcome in outcomes]
        worths = [outcome.worth for outcome in outcomes]
        ranked = levels(keys, worths)
        reached = [key <= highest_first(self._at) and key != LAST for key in sorted(set(keys))]
        good = ranked[: sum(reached)]
        poor = ranked[sum(reached) :]
        hits = sum(size for size, _ in good)
        found = []
        for k in ks:
            value = drawn = 0.0
            for since, end in self._batches(k):
                begun = float(within(n, (since,))[0][n - hits]) if since else 1.0
                drawn += begun * (end - since)
                # All the good draws are left, and some poor ones, which add nothing to the value.
                left = [*good, (n - hits - since, 0.0)] if n - hits > since else list(good)
                if begun and good:
                    value += begun * best_of_k(left, [end - since])[0]
            if k <= n - hits:
                never = float(within(n, (k,))[0][n - hits])
                value += never * best_of_k(poor, [k])[0]
            found.append(Estimate(bounded(value, worths), drawn=drawn))
        return found

    def _batches(self, k: int) -> list[tuple[int, int]]:
        """Return the first and last index (exclusive) of each batch, up to k draws."""
        found, end, at = [], 0, 0
        while end < k:
            since, end = end, min(k, end + self._sizes[min(at, len(self._sizes) - 1)])
            found.append((since, end))
            at += 1
        return found
