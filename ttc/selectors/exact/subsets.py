"""How k-subsets of n draws fall, as floats: every rule's expectation is a sum of these weights.

Ratios of binomial coefficients are taken from logarithms of factorials in extended precision or
from running products, so that they are good to about 1e-13 for any n that a pool may have.
"""

from __future__ import annotations

from collections.abc import Sequence
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
            raise ValueError(f"k must be between 1 and the {n} draws there are, not {k}")


@lru_cache(maxsize=8)
def log_factorials(n: int) -> NDArray[np.longdouble]:
    """Return log 0!, …, log n!."""
    table = np.zeros(n + 1, dtype=np.longdouble)
    np.cumsum(np.log(np.arange(1, n + 1, dtype=np.longdouble)), out=table[1:])
    return table


def log_choose(n: Any, k: Any) -> Any:
    """Return log C(n, k) for 0 ≤ k ≤ n, elementwise where they are arrays of integers."""
    logs = log_factorials(_rounded(int(np.max(n))))
    return logs[n] - logs[k] - logs[n - k]


@lru_cache(maxsize=2048)
def hypergeometric(n: int, marked: int, k: int) -> Floats:
    """Return C(m, y) C(n − m, k − y) / C(n, k) for y = 0..min(m, k): P(y of k draws are marked)."""
    weights = np.zeros(min(marked, k) + 1)
    y = np.arange(max(0, k - (n - marked)), len(weights))
    ways = log_choose(marked, y) + log_choose(n - marked, k - y)
    weights[y] = np.exp(ways - log_choose(n, k))
    return weights


@lru_cache(maxsize=2048)
def binomial_law(n: int, q: float) -> Floats:
    """Return P(y of n draws are taken), y = 0..n, each by itself with probability q."""
    if not 0 < q < 1:
        return np.asarray(np.eye(n + 1)[n if q else 0])
    y = np.arange(n + 1)
    law = log_choose(n, y) + y * np.longdouble(log(q)) + (n - y) * np.log1p(np.longdouble(-q))
    return np.asarray(np.exp(law), dtype=np.float64)


def poisson_law(mean: float) -> Floats:
    """Return P(y) for y = 0, 1, … of a Poisson number, until nothing is left."""
    most = int(mean + 12 * mean**0.5 + 60)
    logs = log_factorials(_rounded(most))
    y = np.arange(most + 1)
    return np.asarray(np.exp(y * np.log(np.longdouble(mean)) - logs[y] - mean), dtype=np.float64)


@lru_cache(maxsize=32)
def within(n: int, ks: tuple[int, ...], replaced: bool = False) -> Floats:
    """Return C(N, k) / C(n, k) for each k (rows) and N = 0..n: P(all k come from a given N).

    `replaced`: the k are drawn with replacement, and it is (N/n)^k.
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
    """Return P(the (m + 1)-th best of k draws has rank r + 1), for r = 0..n.

        C(r, m) · C(n − r − 1, k − m − 1) / C(n, k),   m < k

    The rank-prefix theorem: given r, the m best are a uniform m-subset of the first r ranks.
    """
    weights = np.zeros(n + 1)
    r = np.arange(m, n - k + m + 1)
    ways = log_choose(r, m) + log_choose(n - r - 1, k - m - 1)
    weights[r] = np.exp(ways - log_choose(n, k))
    return weights


def as_list(values: Floats | Sequence[float]) -> list[float]:
    """Return plain floats."""
    return [float(value) for value in values]


def _rounded(n: int) -> int:
    # One table serves all smaller n, so that pools of unequal n do not each make their own.
    return 1 << max(n, 1).bit_length()
