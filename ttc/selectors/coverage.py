"""Rules that depend only on how many of k draws are correct: pass@k, pass^k and the mean."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.subsets import as_list, check_budgets, within


class Coverage:
    """Picks a correct draw if there is one: pass@k, an oracle (Chen et al. 2021).

        pass@k = 1 − C(n − c, k) / C(n, k)

    Chen et al. 2021, "Evaluating Large Language Models Trained on Code" (HumanEval), eq. 1. The
    mean over all k-subsets, hence the minimum-variance unbiased estimator for k ≤ n.
    """

    name = "coverage"
    needs = frozenset({"correct"})
    oracle = True
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        OptionReader(self.name, options).end()

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return tuple(i for i, outcome in enumerate(outcomes) if outcome.correct)

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return self._values(outcomes, ks, replaced=False)

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k draws with replacement."""
        return self._values(outcomes, ks, replaced=True)

    def _values(
        self, outcomes: Sequence[Outcome], ks: Sequence[int], replaced: bool
    ) -> list[float]:
        n = len(outcomes)
        return as_list(1 - within(n, tuple(ks), replaced)[:, n - len(self.pick(outcomes))])


class PassAll:
    """Worth 1 where all k draws are correct, else 0: reliability (pass^k, Yao et al. 2024).

        pass^k = C(c, k) / C(n, k)

    "τ-bench". It is to coverage as worst-of-k is to best-of-k.
    """

    name = "pass^k"
    needs = frozenset({"correct"})
    oracle = True
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        OptionReader(self.name, options).end()

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        if not all(outcome.correct for outcome in outcomes):
            return ()
        return tuple(range(len(outcomes)))

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        correct = sum(bool(outcome.correct) for outcome in outcomes)
        return as_list(within(len(outcomes), tuple(ks))[:, correct])

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k draws with replacement."""
        correct = sum(bool(outcome.correct) for outcome in outcomes)
        return as_list(within(len(outcomes), tuple(ks), True)[:, correct])


class Mean:
    """Picks any of the k draws: pass@1 at every k, the baseline of every rule (the plain mean)."""

    name = "mean"
    needs = frozenset({"correct"})
    graded = True
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        OptionReader(self.name, options).end()

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return tuple(range(len(outcomes)))

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        check_budgets(ks, len(outcomes))
        mean = fsum(outcome.worth for outcome in outcomes) / len(outcomes) if ks else 0.0
        return [mean for _ in ks]

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k draws with replacement, which is the same."""
        return [self.expected(outcomes, [1])[0] for _ in ks]
