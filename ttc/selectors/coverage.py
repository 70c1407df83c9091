"""What the draws hold whoever chooses: any of k right (pass@k), all (pass^k), and their mean."""

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


class PassAll:
    """Worth 1 where all k draws are correct (pass^k), else 0: reliability rather than luck.

        pass^k = C(c, k) / C(n, k)

    Yao et al. 2024, "τ-bench". The mirror of coverage: worst-of-k against best-of-k.
    """

    name = "pass^k"
    needs = frozenset({"correct"})
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read_options(self.name, options, {})

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        if not all(outcome.correct for outcome in outcomes):
            return ()
        return tuple(range(len(outcomes)))

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        n = len(outcomes)
        check_budgets(ks, n)
        correct = sum(bool(outcome.correct) for outcome in outcomes)
        return [comb(correct, k) / comb(n, k) for k in ks]


class Mean:
    """Picks any of the k draws at random: pass@1 at every k, the line that a rule has to beat."""

    name = "mean"
    needs = frozenset({"correct"})
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read_options(self.name, options, {})

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return tuple(range(len(outcomes)))

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        check_budgets(ks, len(outcomes))
        correct = sum(bool(outcome.correct) for outcome in outcomes)
        return [correct / len(outcomes) for _ in ks]
