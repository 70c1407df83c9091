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
from math import lgamma, log, pi
from typing import Any

import numpy as np

from ttc.curves.scaling_laws import Counts
from ttc.selectors.exact.subsets import Floats

SIDE = 41  # nodes of the grid in each direction
POSTERIOR = 4000  # draws of the posterior
_WIDEST = ((-12.0, 12.0), (-7.0, 9.0))  # logit of the mean, log of the precision
_NEGLIGIBLE = 14.0  # log of the density below the highest at which a node is left out
_AT_ONCE = 1 << 20
SIMULATED = 2000  # pools behind a p-value


@dataclass(frozen=True, slots=True)
class BetaPosterior:
    """Draws (α, β) of the posterior; each stands for the same probability."""

    counts: Counts
    alpha: Floats
    beta: Floats

    @classmethod
    def of(cls, counts: Counts, *, seed: int = 0) -> BetaPosterior:
        """Return draws of the posterior given (draws, correct draws) of each problem.

        The grid is laid over everything that the law may be, and then twice over what remained
        likely. A draw is anywhere in the cell of its node, so that the grid leaves no steps.
        """
        boxes = _WIDEST
        for step in range(3):
            means, sizes = (np.linspace(low, high, SIDE) for low, high in boxes)
            logit, size = (axis.ravel() for axis in np.meshgrid(means, sizes, indexing="ij"))
            mean, precision = _logistic(logit), np.exp(size)
            # dα dβ = s dμ ds: the prior is s^(−1/2)·μ(1 − μ) in the coordinates of the grid.
            prior = -0.5 * size + np.log(mean) + np.log1p(-mean)
            logs = prior + _likelihood(counts, mean * precision, (1 - mean) * precision)
            likely = logs > logs.max() - _NEGLIGIBLE
            if step < 2:
                boxes = (_around(logit[likely], means), _around(size[likely], sizes))
        random = np.random.default_rng(seed)
        total = np.cumsum(np.exp(logs - logs.max()))
        places = (np.arange(POSTERIOR) + random.random()) / POSTERIOR * total[-1]
        nodes = random.permutation(np.searchsorted(total, places))
        apart = random.random((2, POSTERIOR)) - 0.5
        mean = _logistic(logit[nodes] + apart[0] * (means[1] - means[0]))
        precision = np.exp(size[nodes] + apart[1] * (sizes[1] - sizes[0]))
        return cls(counts, mean * precision, (1 - mean) * precision)

    def reaches(self, k: int, target: float) -> float:
        """Return the probability that coverage at k of problems like these is `target` or more."""
        both = self.alpha + self.beta
        # log B(α, β + k)/B(α, β), the logarithm of what is missed.
        missed = log_gamma(self.beta + k) - log_gamma(self.beta)
        missed += log_gamma(both) - log_gamma(both + k)
        return float((np.exp(missed) <= 1 - target).mean())

    def misses(self, draws: int, seed: int) -> Iterator[Floats]:
        """Yield log(1 − p_i) of these problems, a row for each of the first `draws` draws of the
        posterior, in blocks of rows."""
        random = np.random.default_rng(seed)
        n, right = np.asarray(self.counts, dtype=np.float64).T
        rows = max(1, _AT_ONCE // len(n))
        for start in range(0, draws, rows):
            at = slice(start, min(start + rows, draws))
            alpha, beta = self.alpha[at, None], self.beta[at, None]
            with np.errstate(divide="ignore"):
                yield np.log1p(-random.beta(alpha + right, beta + n - right))


def log_gamma(x: Floats) -> Floats:
    """Return log Γ(x) for x > 0: Stirling's series at x + 8, and back by Γ(x + 1) = x·Γ(x)."""
    steps = np.log(np.multiply.reduce([x + i for i in range(8)]))
    y = x + 8
    inverse = 1 / (y * y)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / y
    found: Floats = (y - 0.5) * np.log(y) - y + 0.5 * log(2 * pi) + series - steps
    return found


def _logistic(x: Floats) -> Floats:
    chance: Floats = 1 / (1 + np.exp(-x))
    return chance


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
    found = _deviances((offset[group] + right)[None], expected)
    others = _deviances(offset[group] + random.binomial(n, chances), expected)
    return float((1 + (others >= found - 1e-9).sum()) / (1 + SIMULATED))


def _deviances(cells: Any, expected: Floats) -> Floats:
    """Return G for each row of the cells that the problems fall into."""
    size = len(expected)
    places = cells + size * np.arange(len(cells))[:, None]
    observed = np.bincount(places.ravel(), minlength=size * len(cells)).reshape(-1, size)
    ratios = np.log(
        np.maximum(observed, 1) / expected,
        where=observed > 0,
        out=np.zeros_like(observed, dtype=np.float64),
    )
    deviances: Floats = 2 * (observed * ratios).sum(axis=1)
    return deviances


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
