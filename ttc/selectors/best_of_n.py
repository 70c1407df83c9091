"""Best-of-n: the draw with the highest score, by a verifier or by the model's own confidence."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from ttc.records import Outcome
from ttc.selectors.checks import read_options
from ttc.selectors.ranking import best_of_k, levels

_LAST = (True, 0.0)


def highest_first(number: float) -> tuple[bool, float]:
    """Return a key that ranks the highest number first, and what is not a number last."""
    return _LAST if isnan(number) else (False, -number)


class BestOfN:
    """Picks the draw with the highest score; equal scores share their credit, NaN comes last.

    Cobbe et al. 2021, "Training Verifiers to Solve Math Word Problems"; the mean over k-subsets
    is `best_of_k`. The score is the one that the verdicts hold (or a file's field `score`).
    """

    name = "best-of-n"
    needs = frozenset({"score", "correct"})
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read_options(self.name, options, {})

    def key(self, outcome: Outcome) -> tuple[bool, float]:
        """Return what a draw is ranked by, the best smallest."""
        if outcome.score is None:
            raise ValueError(f"draw {outcome.index} has no score")
        return highest_first(outcome.score)

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        keys = [self.key(outcome) for outcome in outcomes]
        best = min(keys, default=None)
        return tuple(i for i, key in enumerate(keys) if key == best)

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        keys = [self.key(outcome) for outcome in outcomes]
        return best_of_k(levels(keys, [bool(outcome.correct) for outcome in outcomes]), ks)


class Perplexity(BestOfN):
    """Picks the draw with the lowest perplexity: the highest mean log-probability of its tokens.

    The mean and not the sum, which would prefer short texts (the PPL baseline of Zhou et al.
    2025, "RPC", as coded there). A draw without tokens comes last.
    """

    name = "perplexity"
    needs = frozenset({"logprob", "completion_tokens", "correct"})

    def key(self, outcome: Outcome) -> tuple[bool, float]:
        if outcome.logprob is None or outcome.completion_tokens is None:
            raise ValueError(f"draw {outcome.index} has no logprob or no completion_tokens")
        if not outcome.completion_tokens:
            return _LAST
        return highest_first(outcome.logprob / outcome.completion_tokens)
