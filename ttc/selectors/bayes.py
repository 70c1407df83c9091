"""Bayes@N: the posterior mean of what one draw is worth, under a uniform prior."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import fsum, isfinite
from typing import NamedTuple

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.subsets import check_budgets

RIGHT_OR_WRONG = (0.0, 1.0)  # what draws of the two categories are worth


class Bayes:
    """The posterior mean of one draw's worth after k draws (Bayes@N, Hariri et al. 2025).

    "Don't Pass@k". Draws fall into C + 1 categories with worths w_j: wrong and right (0 and 1), or
    the grades of `grades=0+0.5+1`, which graded draws need. Under a uniform (Dirichlet) prior and
    with n_j draws of k in category j, ν_j = n_j + 1 and T = k + C + 1, the posterior of Σ_j p_j w_j
    has the mean μ = Σ_j w_j ν_j/T and the variance (Σ_j w_j² ν_j/T − μ²)/(T + 1). `expected` and
    `variances` are their means over all k-subsets; the variance of a mean over M problems is the
    sum of theirs over M².
    """

    name = "bayes"
    needs = frozenset({"correct"})
    oracle = True
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        need = "different numbers as in 0+0.5+1"
        self._grades = read.value("grades", None, _grades, need)
        read.end()
        self.graded = self._grades is not None
        grades = self._grades or RIGHT_OR_WRONG
        self.bounds = (min(grades), max(grades))

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return tuple(range(len(outcomes)))

    def measure(self, outcomes: Sequence[Outcome]) -> float:
        """Return the posterior mean after these draws, which is no mean of draws picked."""
        return self._posteriors(outcomes, [len(outcomes)])[0].mean

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        check_budgets(ks, len(outcomes))
        return [found.mean for found in self._posteriors(outcomes, ks)]

    def variances(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean of the posterior variance over all k-subsets, for each k."""
        check_budgets(ks, len(outcomes))
        return [found.variance for found in self._posteriors(outcomes, ks)]

    def _posteriors(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Posterior]:
        grades = self._categories(outcomes)
        counts = Counter(outcome.worth for outcome in outcomes)
        if unknown := sorted(set(counts) - set(grades)):
            raise ValueError(
                f"the value {unknown[0]:g} is none of the grades "
                f"{'+'.join(f'{grade:g}' for grade in grades)}"
            )
        n = max(len(outcomes), 1)
        mean = fsum(w * count for w, count in counts.items()) / n
        spread = fsum((w - mean) ** 2 * count for w, count in counts.items())
        found = []
        for k in ks:
            # The mean of ν_j over k-subsets, and the variance of Σ w_j n_j: that of the sum of k
            # of n numbers without replacement.
            weights = {w: 1 + k * counts[w] / n for w in grades}
            variance = spread / n * k * (n - k) / (n - 1) if n > 1 else 0.0
            found.append(Posterior(*_moments(weights, k + len(grades), variance)))
        return found

    def _categories(self, outcomes: Sequence[Outcome]) -> Sequence[float]:
        if self._grades is not None:
            return self._grades
        if any(outcome.value is not None for outcome in outcomes):
            raise ValueError("write the grades that a draw can have, as in bayes:grades=0+0.5+1")
        return RIGHT_OR_WRONG


class Posterior(NamedTuple):
    """The mean and variance of a posterior distribution."""

    mean: float
    variance: float


def _moments(weights: Mapping[float, float], total: float, extra: float) -> tuple[float, float]:
    """Return the moments of Σ_j p_j w_j from the mean ν_j by worth w_j, and T.

    `extra` is the variance of Σ_j w_j ν_j over subsets.
    """
    mean = fsum(w * nu for w, nu in weights.items()) / total
    second = fsum((w - mean) ** 2 * nu for w, nu in weights.items()) / total
    return mean, max(second - extra / total**2, 0.0) / (total + 1)


def _grades(given: str) -> tuple[float, ...]:
    found = tuple(float(part) for part in str(given).split("+"))
    if len(set(found)) < max(len(found), 2) or not all(map(isfinite, found)):
        raise ValueError
    return found
