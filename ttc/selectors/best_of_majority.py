"""Best-of-Majority: the best score among the answers that are frequent enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, isfinite, isnan, nan

import numpy as np

from ttc.options import OptionReader
from ttc.selectors.chosen_answer import ChosenAnswer, Votes
from ttc.selectors.exact.prefix_plurality import Label
from ttc.selectors.exact.subsets import Floats
from ttc.selectors.ranking import highest_first
from ttc.selectors.weighted import rational


class BestOfMajority(ChosenAnswer):
    """Picks the best-scored of the answers with a share `alpha` of the votes (BoM, Di et al. 2025).

    "Best-of-Majority", for a single answer. An answer's score is the mean of its draws' scores
    (`by=mean`), or their best (`by=max`). If no answer has the share, all of them stay. Draws that
    abstain are no votes; a draw with the score NaN is a vote and enters no mean, and an answer
    without a score comes last.
    """

    name = "best-of-majority"

    def parse(self, read: OptionReader) -> None:
        super().parse(read)
        self._alpha = read.value("alpha", None, _share, "a number from 0 to 1")
        self._by = read.choice("by", ("mean", "max"), "mean")

    def __init__(self, **options: str) -> None:
        super().__init__(**options)
        if self._alpha is None:
            raise ValueError(
                "write best-of-majority:alpha=0.2 for the answers with a fifth of the votes"
            )

    def leaders(self, votes: Sequence[tuple[Label, float]]) -> list[Label]:
        scores: dict[Label, list[float]] = defaultdict(list)
        for label, score in votes:
            scores[label].append(score)
        least = self._least(len(votes))
        gated = [label for label, found in scores.items() if len(found) >= least] or [*scores]
        keys = {label: self._key(scores[label]) for label in gated}
        best = min(keys.values())
        return [label for label in gated if keys[label] == best]

    def _key(self, scores: Sequence[float]) -> tuple[bool, Fraction | float]:
        known = [score for score in scores if not isnan(score)]
        if self._by == "max" or not known:
            return min(map(highest_first, scores))
        if all(map(isfinite, known)):
            return False, -sum(map(rational, known), Fraction(0)) / len(known)
        # The mean is infinite, or with infinities of both signs undefined.
        infinite = {score for score in known if not isfinite(score)}
        return highest_first(infinite.pop() if len(infinite) == 1 else nan)

    def _least(self, cast: int) -> int:
        return ceil((self._alpha or 0) * cast)

    def strengths(self, votes: Votes) -> tuple[Floats, bool]:
        counts = votes.summed(votes.answer >= 0)
        least = np.array([self._least(cast) for cast in range(votes.answer.shape[1] + 1)])
        gated = (counts > 0) & (counts >= least[votes.cast][:, None])
        gated |= (counts > 0) & ~gated.any(axis=1, keepdims=True)
        if self._by == "max":
            top = np.full((len(counts), votes.answers + 1), np.inf)
            rows = np.broadcast_to(np.arange(len(counts))[:, None], votes.answer.shape)
            top[rows[:, ::-1], votes.answer[:, ::-1] + 1] = votes.level[:, ::-1]
            return np.where(gated, -top[:, 1:], -np.inf), True
        if not votes.scale.finite:  # all that are frequent enough are compared exactly
            return np.where(gated, 1.0, -np.inf), False
        means = votes.summed(votes.score) / np.maximum(counts, 1)
        return np.where(gated, means, -np.inf), votes.scale.exact


def _share(given: str) -> Fraction:
    found = Fraction(given)
    if not 0 <= found <= 1:
        raise ValueError
    return found
