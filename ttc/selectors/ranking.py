"""The best of k by a key: what first-finish, best-of-n and their like have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import comb, lcm
from typing import Any

from ttc.selectors.checks import check_budgets

# A sweep asks for the same few thousand coefficients at every problem.
binomial = lru_cache(maxsize=1 << 16)(comb)


def best_of_k(levels: Sequence[tuple[int, int]], ks: Sequence[int]) -> list[float]:
    """Return the probability, for each k, that the best-ranked of k draws is correct.

    `levels` lists (draws, correct draws) for each distinct key, best first. With g_j draws at
    level j, c_j of them correct, and N_j draws at level j or below it,

        BoN@k = Σ_j (c_j / g_j) · [C(N_j, k) − C(N_{j+1}, k)] / C(n, k)

    The bracket counts the k-subsets whose best draw is at level j; by symmetry that draw is any
    of the level's g_j, so equal keys share their credit. Without ties this is
    Σ_i correct_i · C(n − i, k − 1) / C(n, k) over ranks i = 1..n, the estimator of Hilton and
    Gao 2022, "Measuring Goodhart's law".
    """
    n = sum(size for size, _ in levels)
    check_budgets(ks, n)
    unit = lcm(*(size for size, _ in levels))
    values = []
    for k in ks:
        credit, left = 0, n
        for size, correct in levels:
            if correct:
                led = binomial(left, k) - binomial(left - size, k)
                credit += correct * (unit // size) * led
            left -= size
        values.append(credit / (unit * binomial(n, k)))
    return values


def levels(keys: Sequence[Any], correct: Sequence[bool]) -> list[tuple[int, int]]:
    """Return (draws, correct draws) for each distinct key, smallest key first."""
    sizes = Counter(keys)
    right = Counter(key for key, is_right in zip(keys, correct, strict=True) if is_right)
    return [(sizes[key], right[key]) for key in sorted(sizes)]
