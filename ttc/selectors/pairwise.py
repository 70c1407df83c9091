"""Voting of a generative reward model on a pair of answers, by the sum of score differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isfinite

import numpy as np

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.plurality import frame
from ttc.selectors.exact.subsets import check_budgets


class Pairwise:
    """Sums the score differences of k critiques of a pair (GRM voting, Liu et al. 2025).

    "DeepSeek-GRM": a draw is a critique, its score is S_1 − S_2 in whole points, and it is correct
    if the sign is. The answer with the larger sum wins. With d = |S_1 − S_2|, negative if the sign
    is wrong, the value is P(Σ d > 0) + ½ P(Σ d = 0), exact over all k-subsets. `keep=M>pairwise`
    adds a meta reward model.
    """

    name = "pairwise"
    needs = frozenset({"score", "correct"})
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        OptionReader(self.name, options).end()

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        points = [_points(outcome) for outcome in outcomes]
        total = sum(points)
        signs = {(point > 0) - (point < 0) for point in points if point}
        wanted = {(total > 0) - (total < 0)} if total else signs
        # One critique for each sign, so that the value of an even sum is one half.
        return tuple(
            next(i for i, point in enumerate(points) if point and (point > 0) == (sign > 0))
            for sign in sorted(wanted & signs)
        )

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        n = len(outcomes)
        check_budgets(ks, n)
        points = [abs(_points(o)) * (1 if o.correct else -1) for o in outcomes]
        reach = sum(abs(point) for point in points)
        size = 2 * reach + 1
        turns = np.exp(-2j * np.pi * np.arange(size) / size)
        values = []
        for k in ks:
            if k == n:
                total = sum(points)
                values.append((total > 0) + 0.5 * (total == 0))
                continue
            at = frame(n, k)
            drawn = 1 - at.q + at.q * at.powers(np.array([1]))
            product = np.ones((len(drawn), size), dtype=np.complex128)
            for point, times in Counter(points).items():
                turned = turns[np.arange(size) * point % size]
                product *= (1 - at.q + (drawn - (1 - at.q)) * turned) ** times
            law = (np.fft.ifft(product, axis=1) * at.reading[:, None]).real.sum(axis=0)
            value = float(law[1 : reach + 1].sum() + law[0] / 2)
            values.append(min(max(value, 0.0), 1.0))
        return values


def _points(outcome: Outcome) -> int:
    score = outcome.score
    if score is None or not isfinite(score) or score != round(score):
        raise ValueError(
            f"draw {outcome.index} has the score {score}; differences are whole points"
        )
    return round(score)
