"""First-finish (First Finish Search): start k draws, answer with the one that ends first."""

from __future__ import annotations

from collections.abc import Sequence

from ttc.records import Outcome
from ttc.selectors.checks import read_options
from ttc.selectors.ranking import best_of_k, levels


def finish_key(outcome: Outcome) -> tuple[bool, int]:
    """Rank a draw by when it finished: fewest completion tokens first, truncated draws last.

    Truncated draws have not finished, so their lengths say nothing: all share the last level.
    """
    if outcome.truncated:
        return (True, 0)
    if outcome.completion_tokens is None:
        raise ValueError(f"draw {outcome.index} has no completion_tokens")
    return (False, outcome.completion_tokens)


class FirstFinish:
    """Picks the draw with the fewest completion tokens, answer or no answer.

    Agarwal et al. 2025, "First Finish Search". Token counts stand for time because re-runs
    reproduce them; draws of equal length share their credit. Where nothing finished, the rule is
    indifferent among the truncated draws.
    """

    name = "first-finish"
    needs = frozenset({"completion_tokens", "correct"})
    finishes: int | None = 1

    def __init__(self, **options: str) -> None:
        read_options(self.name, options, {})

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        keys = [finish_key(outcome) for outcome in outcomes]
        first = min(keys, default=None)
        return tuple(i for i, key in enumerate(keys) if key == first)

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        keys = [finish_key(outcome) for outcome in outcomes]
        return best_of_k(levels(keys, [bool(outcome.correct) for outcome in outcomes]), ks)
