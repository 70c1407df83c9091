"""Majority-of-the-Bests: the most frequent answer among the bests of resampled draws."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction
from math import isqrt

import numpy as np

from ttc.options import OptionReader
from ttc.selectors.chosen_answer import ChosenAnswer, Votes
from ttc.selectors.exact.prefix_plurality import Label
from ttc.selectors.exact.subsets import Floats
from ttc.selectors.ranking import highest_first


class MajorityOfBests(ChosenAnswer):
    """Picks the answer that is most often the best of m resampled draws (MoB, Rakhsha et al. 2025).

    "Majority of the Bests", Best-of-N on all resamples of m of the N votes with replacement, in
    closed form: a group of g draws with equal scores, N_j draws in it or below it, holds the best
    with probability (N_j/N)^m − ((N_j − g)/N)^m, each draw with an equal part; an answer's draws
    add up. `m` is ⌊√N⌋ by default, and N at most. Draws that abstain are not resampled.
    """

    name = "majority-of-bests"

    def parse(self, read: OptionReader) -> None:
        super().parse(read)
        self._m = read.whole("m", None)

    def leaders(self, votes: Sequence[tuple[Label, float]]) -> list[Label]:
        n = len(votes)
        m = min(self._m or isqrt(n), n)
        groups: dict[tuple[bool, float], Counter[Label]] = defaultdict(Counter)
        for label, score in votes:
            groups[highest_first(score)][label] += 1
        strength: dict[Label, Fraction] = defaultdict(Fraction)
        left = n
        for key in sorted(groups):
            g = groups[key].total()
            chance = Fraction(left**m - (left - g) ** m, g)
            for label, count in groups[key].items():
                strength[label] += count * chance
            left -= g
        most = max(strength.values())
        return [label for label, found in strength.items() if found == most]

    def strengths(self, votes: Votes) -> tuple[Floats, bool]:
        cast = np.maximum(votes.cast, 1)[:, None]
        sizes = np.array([isqrt(n) for n in range(votes.answer.shape[1] + 1)])
        m = sizes[cast] if self._m is None else np.minimum(self._m, cast)
        below = np.maximum(cast - votes.start, 0) / cast
        under = np.maximum(cast - votes.end, 0) / cast
        chance = (below**m - under**m) / (votes.end - votes.start)
        counts = votes.summed(votes.answer >= 0)
        if (m == 1).all():
            # Every draw is the best of one with the same probability: a plain vote.
            return np.where(counts > 0, counts, -np.inf), True
        return np.where(counts > 0, votes.summed(chance), -np.inf), False
