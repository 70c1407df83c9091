"""The mean of a rule that has nothing but `pick`: over all k-subsets, or over seeded ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb, fsum, sqrt
from random import Random
from typing import Any

from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import PERMUTATIONS, SEED, Estimate, value_on
from ttc.selectors.exact.subsets import check_budgets

MOST = 512  # subsets that are all looked at, as those of 9 draws are


class ByPicks:
    """A rule with the means of its own picks.

    They are exact where there are at most MOST k-subsets. Else they are those of PERMUTATIONS
    seeded subsets, with their standard error, which `sweep` prints. The draws of a subset are in
    the order of their index, as `solve` has them.
    """

    def __init__(self, rule: Any) -> None:
        self._rule = rule

    def __getattr__(self, member: str) -> Any:
        """Return a member of the rule. AttributeError if it has none."""
        if member == "_rule" or member.startswith("__"):
            raise AttributeError(member)
        return getattr(self._rule, member)

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        """Return the rule's pick."""
        picked: tuple[int, ...] = self._rule.pick(outcomes)
        return picked

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean value of the picks at each k."""
        return [estimate.value for estimate in self.estimates(outcomes, ks)]

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return the mean at each k with its error."""
        check_budgets(ks, len(outcomes))
        order = sorted(outcomes, key=lambda outcome: outcome.index)
        return [self._estimate(order, k) for k in ks]

    def _estimate(self, order: Sequence[Outcome], k: int) -> Estimate:
        if comb(len(order), k) <= MOST:
            values = [value_on(self._rule, subset) for subset in combinations(order, k)]
            return Estimate(fsum(values) / len(values))
        values = [value_on(self._rule, subset) for subset in _seeded(order, k)]
        mean = fsum(values) / len(values)
        spread = fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
        return Estimate(mean, sqrt(spread / len(values)), "mc")


def _seeded(order: Sequence[Outcome], k: int) -> Iterator[list[Outcome]]:
    """Yield k-subsets that depend on nothing but n and k."""
    random = Random(f"{SEED}/{k}")
    for _ in range(PERMUTATIONS):
        yield [order[at] for at in sorted(random.sample(range(len(order)), k))]


def with_means(rule: Any) -> Selector:
    """Return a rule as it is if it has `expected`, else with the means of its picks."""
    made: Any = rule if callable(getattr(rule, "expected", None)) else ByPicks(rule)
    selector: Selector = made
    return selector
