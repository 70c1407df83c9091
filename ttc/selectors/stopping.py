"""Votes that stop by themselves once the draws agree: accuracy against the draws it took.

At a budget of k they may draw up to k; `Estimate.drawn` says how many they are expected to.
"""

from __future__ import annotations

from collections.abc import Sequence

from ttc.records import Outcome
from ttc.selectors.exact.estimates import Estimate, value_of
from ttc.selectors.majority import Majority


class Stopping(Majority):
    """Majority that may stop before the last draw. The order of the draws is that given."""

    name = "stopping"

    def stop(self, outcomes: Sequence[Outcome]) -> int:
        """Return after how many draws, taken in order, the rule stops; all, if it never does."""
        raise NotImplementedError

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return super().pick(outcomes[: self.stop(outcomes)])

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return [estimate.value for estimate in self.estimates(outcomes, ks)]

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        raise NotImplementedError

    def over_prefixes(self, ranked: Sequence[Outcome], m: int) -> list[float] | None:
        return None

    def run(self, outcomes: Sequence[Outcome]) -> tuple[float, int]:
        return value_of(outcomes, self.pick(outcomes)), self.stop(outcomes)
