"""Coverage (pass@k): is any of the k draws right? What a perfect verifier would choose."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

from ttc.records import Outcome
from ttc.selectors.checks import check_budgets, read_options


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the probability that k of n draws, of which c are correct, hold a correct one.

        pass@k = 1 − C(n − c, k) / C(n, k)

    Chen et al. 2021, "Evaluating Large Language Models Trained on Code" (HumanEval), eq. 1. The
    mean over all k-subsets, hence the minimum-variance unbiased estimator for k ≤ n.
    """
    check_budgets([k], n)
    return (comb(n, k) - comb(n - c, k)) / comb(n, k)


class Coverage:
    """Picks the correct draws, as an oracle would; abstains where there is none."""

    name = "coverage"
    needs = frozenset({"correct"})
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read_options(self.name, options, {})

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return tuple(i for i, outcome in enumerate(outcomes) if outcome.correct)

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        correct = len(self.pick(outcomes))
        return [pass_at_k(len(outcomes), correct, k) for k in ks]
