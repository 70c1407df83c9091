"""Solve or verify: best-of-k where each draw is verified only v times."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.best_of_n import BestOfN
from ttc.selectors.exact.plurality import Complex, Party, contest, frame
from ttc.selectors.exact.subsets import bounded, check_budgets, hypergeometric


class SolveVerify:
    """Picks the best of k by v of its `of` verifications (Singhi et al. 2025, GenRM).

    "When To Solve, When To Verify": a draw's score is the share of `of` verifications that accepted
    it. `expected` is the mean over all k-subsets and all choices of v of each draw's verifications,
    with ties split: a contest of draws whose level, the number of acceptances among v, is
    hypergeometric. `pick` takes the best by all `of` verifications, as the rule does at v = of.
    """

    name = "solve-verify"
    graded = True
    needs = frozenset({"score", "correct"})
    finishes: int | None = None

    def __init__(self, v: str = "", of: str = "", **options: str) -> None:
        read = OptionReader(self.name, {"v": v, "of": of, **options})
        number, made = read.whole("v", None), read.whole("of", None)
        read.end()
        if number is None or made is None or number > made:
            raise read.error("write solve-verify:v=4,of=32, v of the verifications of each draw")
        self._v, self._of = number, made

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return BestOfN().pick(outcomes)

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        n = len(outcomes)
        check_budgets(ks, n)
        accepted = [self._accepted(outcome) for outcome in outcomes]
        groups = Counter(accepted)
        worth: dict[int, float] = defaultdict(float)
        for h, outcome in zip(accepted, outcomes, strict=True):
            worth[h] += outcome.worth
        values = []
        for k in ks:
            # At k = n every draw takes part: q is 1, and there is no coefficient to read off.
            at = frame(n, k) if k < n else None
            q = at.q if at is not None else 1.0
            z: Complex = np.ones((1, 1), dtype=np.complex128)
            if at is not None:
                z = at.powers(np.array([1]))
            parties = []
            for h, draws in groups.items():
                law = np.zeros(self._v + 1)
                drawn = hypergeometric(self._of, h, self._v)
                law[: len(drawn)] = drawn
                level: Complex = q * z * law
                below: Complex = 1 - q + q * z * (np.cumsum(law) - law)
                parties.append(Party(level, below, draws, worth[h]))
            won = contest(parties, k, strict=False)
            reading = at.reading if at is not None else np.ones(1)
            value = float(np.sum((won * reading).real))
            values.append(bounded(value, (outcome.worth for outcome in outcomes)))
        return values

    def _accepted(self, outcome: Outcome) -> int:
        """Return how many verifications accepted a draw. ValueError if its score is no share."""
        votes = (outcome.score if outcome.score is not None else -1.0) * self._of
        if not (0 <= votes <= self._of and abs(votes - round(votes)) < 1e-6):
            raise ValueError(
                f"draw {outcome.index} has the score {outcome.score}, which is no share of "
                f"{self._of} verifications"
            )
        return round(votes)
