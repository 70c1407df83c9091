"""Probabilities of k-subsets of n draws: the weights in the expectation of every rule.

Ratios of binomial coefficients are computed from logarithms of factorials in extended precision, or
as running products. Their relative error is about 1e-13 for any n that a pool may have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import log
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def check_budgets(ks: Sequence[int], n: int) -> None:
    """Raise ValueError for a k for which n draws have no k-subset."""
    for k in ks:
        if not 1 <= k <= n:
            raise ValueError(f"k must be between 1 and n = {n}, the draws there are, not {k}")


@lru_cache(maxsize=8)
def log_factorials(n: int) -> NDArray[np.longdouble]:
    """Return log 0!, …, log n!, shape (n + 1,)."""
    table = np.zeros(n + 1, dtype=np.longdouble)
    np.cumsum(np.log(np.arange(1, n + 1, dtype=np.longdouble)), out=table[1:])
    return table


def log_choose(n: Any, k: Any) -> Any:
    """Return log C(n, k) for 0 ≤ k ≤ n, elementwise where they are arrays of integers."""
    logs = log_factorials(_rounded(int(np.max(n))))
    return logs[n] - logs[k] - logs[n - k]


@lru_cache(maxsize=2048)
def hypergeometric(n: int, marked: int, k: int) -> Floats:
    """Return P(y of k draws are marked) for y = 0..min(m, k), if m of the n draws are.

    C(m, y) · C(n − m, k − y) / C(n, k), shape (min(m, k) + 1,).
    """
    weights = np.zeros(min(marked, k) + 1)
    y = np.arange(max(0, k - (n - marked)), len(weights))
    ways = log_choose(marked, y) + log_choose(n - marked, k - y)
    weights[y] = np.exp(ways - log_choose(n, k))
    return weights


@lru_cache(maxsize=2048)
def binomial_law(n: int, q: float) -> Floats:
    """Return the binomial law P(y) of n trials with probability q, y = 0..n, shape (n + 1,)."""
    if not 0 < q < 1:
        return np.asarray(np.eye(n + 1)[n if q else 0])
    y = np.arange(n + 1)
    law = log_choose(n, y) + y * np.longdouble(log(q)) + (n - y) * np.log1p(np.longdouble(-q))
    return np.asarray(np.exp(law), dtype=np.float64)


def poisson_law(mean: float) -> Floats:
    """Return the Poisson law P(y), y = 0, 1, …, until the tail is negligible."""
    most = int(mean + 12 * mean**0.5 + 60)
    logs = log_factorials(_rounded(most))
    y = np.arange(most + 1)
    return np.asarray(np.exp(y * np.log(np.longdouble(mean)) - logs[y] - mean), dtype=np.float64)


@lru_cache(maxsize=32)
def within(n: int, ks: tuple[int, ...], replaced: bool = False) -> Floats:
    """Return P(all k draws are among N given ones) for each k (rows) and N = 0..n (columns).

    C(N, k) / C(n, k), shape (ks, n + 1). `replaced`: the k are drawn with replacement, which gives
    (N/n)^k. ValueError for a k that is not in 1..n.
    """
    if replaced:
        shares = np.arange(n + 1) / max(n, 1)
        return np.array([shares**k for k in ks]).reshape(len(ks), n + 1)
    check_budgets(ks, n)
    table = np.zeros((len(ks), n + 1))
    for row, k in zip(table, ks, strict=True):
        sizes = np.arange(n, k, -1)
        row[n] = 1.0
        row[k:n] = np.cumprod((sizes - k) / sizes)[::-1]
    return table


def last_of_best(n: int, k: int, m: int) -> Floats:
    """Return P(the (m + 1)-th best of k draws has rank r + 1) for r = 0..n, shape (n + 1,).

        C(r, m) · C(n − r − 1, k − m − 1) / C(n, k),   m < k

    Given r, the m best are a uniform m-subset of the first r ranks (the theorem in `keep`).
    """
    weights = np.zeros(n + 1)
    r = np.arange(m, n - k + m + 1)
    ways = log_choose(r, m) + log_choose(n - r - 1, k - m - 1)
    weights[r] = np.exp(ways - log_choose(n, k))
    return weights


def as_list(values: Floats | Sequence[float]) -> list[float]:
    """Return plain floats."""
    return [float(value) for value in values]


def bounded(value: float, worths: Iterable[float]) -> float:
    """Return a mean of draws' worths, and of 0 for empty picks, without the error of rounding that
    carries it out of their range."""
    listed = (0.0, *worths)
    return min(max(value, min(listed)), max(listed))


def _rounded(n: int) -> int:
    # A power of 2, so that pools with different n share a cached table.
    return 1 << max(n, 1).bit_length()
