"""The posterior of the Beta law of problems: which laws their counts of correct draws allow.

Problem i is solved by a draw with the chance p_i, p_i ~ Beta(α, β). The posterior is computed on a
grid over the logit of the mean μ = α/(α + β) and the logarithm of the precision s = α + β, under
the prior p(α, β) ∝ (α + β)^(−5/2), which is uniform in μ and in 1/√s (Gelman et al. 2013, "Bayesian
Data Analysis", section 5.3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import lgamma
from typing import Any

import numpy as np

from ttc.curves.scaling_laws import Counts
from ttc.selectors.exact.subsets import Floats

SIDE = 41  # nodes of the grid in each direction
_WIDEST = ((-12.0, 12.0), (-7.0, 9.0))  # logit of the mean, log of the precision
_NEGLIGIBLE = 14.0  # log of the density below the highest at which a node is left out
_AT_ONCE = 1 << 20
SIMULATED = 2000  # pools behind a p-value


@dataclass(frozen=True, slots=True)
class BetaPosterior:
    """Nodes (α, β) of the grid with their probabilities, which add up to 1."""

    counts: Counts
    alpha: Floats
    beta: Floats
    weight: Floats

    @classmethod
    def of(cls, counts: Counts) -> BetaPosterior:
        """Return the posterior given (draws, correct draws) of each problem.

        The grid is laid over everything that the law may be, and then twice over what remained
        likely.
        """
        boxes = _WIDEST
        for step in range(3):
            means, sizes = (np.linspace(low, high, SIDE) for low, high in boxes)
            logit, size = (axis.ravel() for axis in np.meshgrid(means, sizes, indexing="ij"))
            mean, precision = 1 / (1 + np.exp(-logit)), np.exp(size)
            # dα dβ = s dμ ds: the prior is s^(−1/2)·μ(1 − μ) in the coordinates of the grid.
            prior = -0.5 * size + np.log(mean) + np.log1p(-mean)
            logs = prior + _likelihood(counts, mean * precision, (1 - mean) * precision)
            likely = logs > logs.max() - _NEGLIGIBLE
            if step < 2:
                boxes = (_around(logit[likely], means), _around(size[likely], sizes))
        weight = np.exp(logs[likely] - logs.max())
        alpha, beta = (mean * precision)[likely], ((1 - mean) * precision)[likely]
        return cls(counts, alpha, beta, weight / weight.sum())

    def reaches(self, k: int, target: float) -> float:
        """Return the probability that coverage at k of problems like these is `target` or more."""
        missed = [
            lgamma(b + k) - lgamma(b) + lgamma(a + b) - lgamma(a + b + k)
            for a, b in zip(self.alpha.tolist(), self.beta.tolist(), strict=True)
        ]
        return float(self.weight[np.exp(missed) <= 1 - target].sum())

    def misses(self, draws: int, seed: int) -> Iterator[Floats]:
        """Yield log(1 − p_i) of these problems, a row for each of `draws` draws of the posterior,
        in blocks of rows."""
        random = np.random.default_rng(seed)
        n, right = np.asarray(self.counts, dtype=np.float64).T
        chosen = random.choice(len(self.weight), size=draws, p=self.weight)
        rows = max(1, _AT_ONCE // len(n))
        for start in range(0, draws, rows):
            at = chosen[start : start + rows, None]
            chances = random.beta(self.alpha[at] + right, self.beta[at] + n - right)
            with np.errstate(divide="ignore"):
                yield np.log1p(-chances)


def _likelihood(counts: Counts, alpha: Floats, beta: Floats) -> Floats:
    """Return log Π_i B(α + c_i, β + n_i − c_i) / B(α, β) for every node."""
    right, wrong, drawn = (Counter[int]() for _ in range(3))
    for n, c in counts:
        right[c] += 1
        wrong[n - c] += 1
        drawn[n] += 1
    return _rising(alpha, right) + _rising(beta, wrong) - _rising(alpha + beta, drawn)


def _rising(start: Floats, times: Counter[int]) -> Floats:
    """Return Σ_c times[c] · log Γ(start + c)/Γ(start): the factor start + j occurs in all c > j."""
    total = np.zeros_like(start)
    left = sum(times.values())
    for j in range(max(times)):
        left -= times[j]
        total += left * np.log(start + j)
    return total


def _around(values: Floats, axis: Floats) -> tuple[float, float]:
    """Return the range of some values of an axis, and one step more on either side."""
    step = float(axis[1] - axis[0])
    low = max(float(values.min()) - step, float(axis[0]))
    return low, min(float(values.max()) + step, float(axis[-1]))


def law_p_value(counts: Counts, alpha: float, beta: float, *, seed: int = 0) -> float:
    """Return the p-value of the law Beta(α, β) for these counts, by simulation.

    The statistic is G = 2·Σ O·log(O/E) over the numbers of correct draws, compared with that of
    `SIMULATED` pools drawn from the law. α and β are taken as known although they were fitted to
    these counts, so the test rejects less often than its level says.
    """
    random = np.random.default_rng(seed)
    n, right = np.asarray(counts, dtype=np.int64).T
    # One row of cells for each number of draws that occurs.
    sizes, group = np.unique(n, return_inverse=True)
    offset = np.concatenate(([0], np.cumsum(sizes + 1)))
    expected = np.concatenate(
        [(n == size).sum() * _chances_of(int(size), alpha, beta) for size in sizes]
    )
    chances = random.beta(alpha, beta, (SIMULATED, len(n)))
    simulated = random.binomial(n, chances)
    found = _deviance(offset[group] + right, expected)
    others = [_deviance(offset[group] + row, expected) for row in simulated]
    return (1 + sum(other >= found - 1e-9 for other in others)) / (1 + SIMULATED)


def _deviance(cells: Any, expected: Floats) -> float:
    """Return G of the cells that the problems fall into."""
    observed = np.bincount(cells, minlength=len(expected))
    seen = observed > 0
    return float(2 * (observed[seen] * np.log(observed[seen] / expected[seen])).sum())


def _chances_of(n: int, alpha: float, beta: float) -> Floats:
    """Return P(c | n) for c = 0…n: C(n, c)·B(α + c, β + n − c)/B(α, β)."""
    logs = [
        lgamma(n + 1)
        - lgamma(c + 1)
        - lgamma(n - c + 1)
        + lgamma(alpha + c)
        - lgamma(alpha)
        + lgamma(beta + n - c)
        - lgamma(beta)
        + lgamma(alpha + beta)
        - lgamma(alpha + beta + n)
        for c in range(n + 1)
    ]
    chances: Floats = np.exp(np.asarray(logs, dtype=np.float64))
    return chances
