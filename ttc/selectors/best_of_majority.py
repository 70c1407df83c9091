"""Best-of-Majority: the best score among the answers that are frequent enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, isfinite, isnan, lcm, nan

import numpy as np

from ttc.options import OptionReader
from ttc.selectors.chosen_answer import ChosenAnswer, Votes
from ttc.selectors.exact.prefix_plurality import Label
from ttc.selectors.exact.subsets import Floats
from ttc.selectors.ranking import highest_first
from ttc.selectors.weighted import rational

WHOLE = 10**6  # the largest step and multiple of it that means of scores are exact for


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
            np.minimum.at(top, (rows, votes.answer + 1), votes.level.astype(np.float64))
            return np.where(gated, -top[:, 1:], -np.inf), True
        score, exact = _scaled(votes)
        if score is None:
            # Infinite scores and NaN: all gated answers are compared exactly.
            return np.where(gated, 1.0, -np.inf), False
        means = votes.summed(score) / np.maximum(counts, 1)
        scale = 1.0 if exact else max(float(np.abs(score).max()), 1e-300)
        return np.where(gated, means / scale, -np.inf), exact


def _scaled(votes: Votes) -> tuple[Floats | None, bool]:
    """Return the scores as multiples of a common step, whose means are exact in floats, and True;
    as they are, and False; or None if some are not finite."""
    cast = np.where(votes.answer >= 0, votes.score, 0.0)
    if not np.isfinite(cast).all():
        return None, False
    found = [rational(score) for score in np.unique(cast).tolist()]
    step = lcm(*(score.denominator for score in found))
    if step > WHOLE or max(abs(score) for score in found) * step > WHOLE:
        return cast, False
    return np.rint(cast * step), True


def _share(given: str) -> Fraction:
    found = Fraction(given)
    if not 0 <= found <= 1:
        raise ValueError
    return found
