"""First-finish (First Finish Search): start k draws, answer with the one that ends first.

Last-finish is its opposite, which tells whether length carries anything at all.
"""

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


class LastFinish:
    """Picks the draw with the most completion tokens among those that finished.

    The control of first-finish (Agarwal et al. 2025): where it is as good, finishing first is not
    what made an answer right. Where nothing finished, it is indifferent among the truncated.
    """

    name = "last-finish"
    needs = frozenset({"completion_tokens", "correct"})
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read_options(self.name, options, {})

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        keys = [_longest_first(outcome) for outcome in outcomes]
        last = min(keys, default=None)
        return tuple(i for i, key in enumerate(keys) if key == last)

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        keys = [_longest_first(outcome) for outcome in outcomes]
        return best_of_k(levels(keys, [bool(outcome.correct) for outcome in outcomes]), ks)


def _longest_first(outcome: Outcome) -> tuple[bool, int]:
    truncated, tokens = finish_key(outcome)
    return (truncated, -tokens)
