"""Votes that may stop before the budget is used, once enough draws agree.

At a budget of k they draw up to k; `Estimate.drawn` is the expected number.
"""

from __future__ import annotations

from collections.abc import Sequence

from ttc.records import Outcome
from ttc.selectors.exact.estimates import Estimate, value_of
from ttc.selectors.majority import Majority


class Stopping(Majority):
    """Majority that may stop before the last draw. Draws are taken in the order given."""

    name = "stopping"

    def stop(self, outcomes: Sequence[Outcome]) -> int:
        """Return the number of draws, taken in order, after which the rule stops."""
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
