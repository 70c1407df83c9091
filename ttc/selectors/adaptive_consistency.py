"""Adaptive-Consistency: stop once the leading answer is likely enough to be the majority."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import TypeAlias

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.estimates import Estimate, replayed
from ttc.selectors.exact.subsets import bounded, check_budgets
from ttc.selectors.stopping import Stopping

MOST_STATES = 20_000  # of the vote count after a draw; with more, the mean is simulated


class AdaptiveConsistency(Stopping):
    """Votes until the leader is the majority with probability c (Aggarwal et al. 2023).

    Adaptive-Consistency, "Let's Sample Step by Step": with a and b votes for the first two, it
    stops when P(p > ½) ≥ c for p ~ Beta(a + 1, b + 1), which is Σ_{i≤a} C(a + b + 1, i) /
    2^(a+b+1). The answer is the majority of the draws made. The mean is exact over all orders of
    the draws unless the vote count has too many states; then it is simulated.
    """

    name = "ac"

    def parse(self, read: OptionReader) -> None:
        super().parse(read)
        need = "a probability above 0.5 and below 1"
        self._c = read.value("c", Fraction(19, 20), _sureness, need)

    def stop(self, outcomes: Sequence[Outcome]) -> int:
        votes: Counter[object] = Counter()
        for taken, label in enumerate(self._labels(outcomes), start=1):
            if label is not None:
                votes[label] += 1
                if _sure(votes[label], _second(votes, label), self._c):
                    return taken
        return len(outcomes)

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return accuracy and expected draws at each cap k."""
        check_budgets(ks, len(outcomes))
        if not ks:
            return []
        classes, abstaining = self.classes(outcomes)
        start = tuple(sorted((0, votes, worth / votes) for votes, worth in classes))
        curve = self._walk(start, abstaining, len(outcomes), max(ks))
        if curve is None:
            return replayed(outcomes, ks, self.run)
        return [curve[k] for k in ks]

    def _walk(self, start: _State, abstaining: int, n: int, most: int) -> list[Estimate] | None:
        """Return the estimates at k = 0..most; None if there are too many states.

        A state is the number of abstentions and, for each answer, (votes seen, votes left, mean
        worth). Answers with equal numbers are interchangeable, so the tuple is sorted.
        """
        states: dict[tuple[int, _State], float] = {(0, start): 1.0}
        stopped, drawn = 0.0, 0.0
        curve = [Estimate(0.0, drawn=0.0)]
        worths = [share for _, _, share in start]
        for taken in range(most):
            drawn += sum(states.values())
            following: dict[tuple[int, _State], float] = defaultdict(float)
            for (silent, state), chance in states.items():
                if silent < abstaining:
                    step = chance * (abstaining - silent) / (n - taken)
                    following[silent + 1, state] += step
                for answer, alike in Counter(state).items():
                    seen, left, share = answer
                    if not left:
                        continue
                    step = chance * alike * left / (n - taken)
                    if _sure(seen + 1, _rival(state, answer), self._c):
                        stopped += step * share
                        continue
                    others = list(state)
                    others.remove(answer)
                    after = tuple(sorted([*others, (seen + 1, left - 1, share)]))
                    following[silent, after] += step
            if len(following) > MOST_STATES:
                return None
            states = following
            cut = sum(chance * self._won(state) for (_, state), chance in states.items())
            curve.append(Estimate(bounded(stopped + cut, worths), drawn=drawn))
        return curve

    def _won(self, state: _State) -> float:
        most = max((seen for seen, _, _ in state), default=0)
        shares = [share for seen, _, share in state if seen == most]
        if not most or (self.ties == "strict" and len(shares) > 1):
            return 0.0
        return sum(shares) / len(shares)


_State: TypeAlias = "tuple[tuple[int, int, float], ...]"


def _sureness(given: str) -> Fraction:
    found = Fraction(given)
    if not Fraction(1, 2) < found < 1:
        raise ValueError
    return found


def _second(votes: Counter[object], leader: object) -> int:
    return max((count for answer, count in votes.items() if answer != leader), default=0)


def _rival(state: _State, answer: tuple[int, int, float]) -> int:
    """Return the votes of the strongest answer besides one like `answer`."""
    ranked = sorted((seen for seen, _, _ in state), reverse=True)
    ranked.remove(answer[0])
    return ranked[0] if ranked else 0


@lru_cache(maxsize=1 << 14)
def _sure(a: int, b: int, c: Fraction) -> bool:
    """Return whether P(p > ½) ≥ c for a votes against b, computed in whole numbers."""
    if a <= b:
        return False
    n = a + b + 1
    return bool(sum(comb(n, i) for i in range(a + 1)) >= c * 2**n)
