"""Scaling laws of coverage, fitted to the draws of a pool and extrapolated beyond them.

Beyond n draws there is no unbiased estimate, so each prediction has its estimator's name and an
interval. The interval covers other problems of the same kind; it does not cover a wrong law.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, fsum, lgamma, log
from random import Random
from typing import Any

import numpy as np

from ttc.curves.uncertainty import quantile
from ttc.errors import wrong_option
from ttc.records import Outcome
from ttc.selectors.exact.subsets import Floats, within

RESAMPLES = 200

Counts = Sequence[tuple[int, int]]  # (draws, correct draws) of each problem


@dataclass(frozen=True, slots=True)
class Prediction:
    """Coverage at a k, by an estimator; `low` and `high` bound the bootstrap over problems."""

    k: int
    estimator: str
    value: float
    low: float | None
    high: float | None
    parameters: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def counts_of(problems: Mapping[str, Sequence[Outcome]]) -> list[tuple[int, int]]:
    """Return (draws, correct draws) of each problem that has draws."""
    return [
        (len(outcomes), sum(bool(outcome.correct) for outcome in outcomes))
        for _, outcomes in sorted(problems.items())
        if outcomes
    ]


def predict(counts: Counts, k: int, *, ci: float | None = 95, seed: int = 0) -> list[Prediction]:
    """Return the coverage at k by each estimator that can be fitted.

    `ci` is the level of the intervals in per cent, None for none; there is none either where all
    problems have the same counts. UsageError if k is below 1 or
    nothing can be fitted.
    """
    if k < 1:
        raise wrong_option("predict", k, "k must be 1 or more")
    if len(counts) < 2 or max(n for n, _ in counts) < 2:
        raise wrong_option("predict", k, "needs two problems and two draws of one, at least")
    estimators: list[tuple[str, Callable[[Counts], tuple[float, dict[str, float]] | None]]] = [
        ("beta-binomial", lambda sample: _by_beta(sample, k)),
        ("power law", lambda sample: _by_power_law(sample, k)),
    ]
    random = Random(seed)
    resamples = [random.choices(counts, k=len(counts)) for _ in range(RESAMPLES if ci else 0)]
    found = []
    for name, estimate in estimators:
        known = estimate(counts)
        if known is None:
            continue
        others = sorted(other[0] for each in resamples if (other := estimate(each)) is not None)
        low = high = None
        # Resamples of problems with equal counts are all alike, which says nothing of their spread.
        if ci and len(others) > 1 and others[0] < others[-1]:
            tail = (1 - ci / 100) / 2
            low, high = quantile(others, tail), quantile(others, 1 - tail)
        found.append(Prediction(k, name, known[0], low, high, known[1]))
    if not found:
        raise wrong_option("predict", k, "no draw is correct, or all are; there is nothing to fit")
    return found


# The beta-binomial law: the chance of a correct draw is p for each problem, p ~ Beta(α, β).


def fit_beta(counts: Counts) -> tuple[float, float] | None:
    """Return α and β by maximum likelihood; None where no draw, or every draw, is correct.

        log L = Σ_i log B(α + c_i, β + n_i − c_i) − log B(α, β)

    The mean α/(α + β) and the precision α + β are searched in turn.
    """
    right = sum(c for _, c in counts)
    if right in (0, sum(n for n, _ in counts)):
        return None
    n, c = np.asarray(counts, dtype=np.int64).T
    steps = np.arange(int(n.max()))

    def rising(start: float) -> Floats:
        """Return log Γ(start + i) − log Γ(start) for i = 0, 1, …"""
        return np.concatenate(([0.0], np.cumsum(np.log(start + steps))))

    def loss(mean: float, precision: float) -> float:
        alpha, beta = mean * precision, (1 - mean) * precision
        likelihood = rising(alpha)[c] + rising(beta)[n - c] - rising(precision)[n]
        return -float(likelihood.sum())

    logit, size = log(right / (int(n.sum()) - right)), 0.0
    for _ in range(6):
        size = least(lambda s, at=logit: loss(_logistic(at), exp(s)), -7.0, 9.0)  # type: ignore[misc]
        logit = least(lambda m, s=size: loss(_logistic(m), exp(s)), -14.0, 14.0)  # type: ignore[misc]
    mean, precision = _logistic(logit), exp(size)
    return mean * precision, (1 - mean) * precision


def beta_coverage(alpha: float, beta: float, k: int) -> float:
    """Return E[1 − (1 − p)^k] for p ~ Beta(α, β): 1 − B(α, β + k) / B(α, β)."""
    return 1 - exp(
        lgamma(beta + k) - lgamma(beta) + lgamma(alpha + beta) - lgamma(alpha + beta + k)
    )


def _by_beta(counts: Counts, k: int) -> tuple[float, dict[str, float]] | None:
    fitted = fit_beta(counts)
    if fitted is None:
        return None
    alpha, beta = fitted
    # Empirical Bayes: the posterior mean of each of these problems given its draws.
    value = fsum(beta_coverage(alpha + c, beta + n - c, k) for n, c in counts) / len(counts)
    return value, {"alpha": alpha, "beta": beta}


# The power law of Brown et al. 2024 ("Large Language Monkeys"): coverage = exp(a·k^b).


def fit_power_law(ks: Sequence[int], coverage: Sequence[float]) -> tuple[float, float] | None:
    """Return a < 0 and b < 0 of coverage = exp(a·k^b) by least squares in log space.

    None where coverage is 0 somewhere or 1 everywhere. a has a closed form given b.
    """
    if min(coverage, default=0.0) <= 0 or max(1 - value for value in coverage) < 1e-12:
        return None
    logs = [log(value) for value in coverage]

    def scale(b: float) -> float:
        powers = [k**b for k in ks]
        return fsum(y * x for y, x in zip(logs, powers, strict=True)) / fsum(x * x for x in powers)

    def loss(b: float) -> float:
        a = scale(b)
        return fsum((y - a * k**b) ** 2 for y, k in zip(logs, ks, strict=True))

    b = least(loss, -4.0, -1e-4)
    return scale(b), b


def exact_coverage(counts: Counts, ks: Sequence[int]) -> list[float]:
    """Return the mean of pass@k over the problems, for ks that all of them have draws for."""
    rows = [1 - within(n, tuple(ks))[:, n - c] for n, c in counts]
    return [float(value) for value in np.mean(rows, axis=0)]


def _by_power_law(counts: Counts, k: int) -> tuple[float, dict[str, float]] | None:
    fewest = min(n for n, _ in counts)
    ks = sorted({*(1 << i for i in range(fewest.bit_length())), fewest})
    fitted = fit_power_law(ks, exact_coverage(counts, ks)) if len(ks) > 1 else None
    if fitted is None:
        return None
    a, b = fitted
    return exp(a * k**b), {"a": a, "b": b}


def _logistic(x: float) -> float:
    return 1 / (1 + exp(-x))


def least(loss: Callable[[float], float], low: float, high: float) -> float:
    """Return the minimum of a function on [low, high]: a grid, then golden sections around its
    best point."""
    grid = [low + (high - low) * i / 24 for i in range(25)]
    best = min(range(25), key=lambda i: loss(grid[i]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, 24)]
    ratio = (5**0.5 - 1) / 2
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = loss(a), loss(b)
    for _ in range(40):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = loss(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = loss(b)
    return (low + high) / 2
