"""Means over k-subsets of rules without a closed form, which look at many subsets at once.

Where there are few subsets all of them are enumerated, and the mean is exact; elsewhere the first k
draws of seeded random orders stand for them, and the mean has a standard error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations
from math import comb, fsum, sqrt
from random import Random
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ttc.selectors.exact.estimates import PERMUTATIONS, SEED, Estimate
from ttc.selectors.exact.subsets import Floats, check_budgets

MOST_SUBSETS = 2000  # that are enumerated

Ints: TypeAlias = NDArray[np.int64]


def subset_means(
    n: int, ks: Sequence[int], values: Callable[[Ints], Floats], permutations: int = PERMUTATIONS
) -> list[Estimate]:
    """Return the mean of a rule over the k-subsets of n draws, for each of `ks`.

    `values` takes subsets as the positions of their draws, shape (subsets, k), and returns the
    value of the rule on each, shape (subsets,). The orders are the same for every k and depend only
    on n, so that a rerun gives the same numbers. ValueError for a k that is not in 1..n.
    """
    check_budgets(ks, n)
    found = []
    for k in ks:
        if comb(n, k) <= MOST_SUBSETS:
            every = values(_subsets(n, k)).tolist()
            found.append(Estimate(fsum(every) / len(every)))
            continue
        drawn = values(_orders(n, permutations)[:, :k]).tolist()
        mean = fsum(drawn) / len(drawn)
        spread = fsum((value - mean) ** 2 for value in drawn) / (len(drawn) - 1)
        found.append(Estimate(mean, sqrt(spread / len(drawn)), "mc"))
    return found


@lru_cache(maxsize=32)
def _subsets(n: int, k: int) -> Ints:
    return np.array(list(combinations(range(n), k)), dtype=np.int64).reshape(comb(n, k), k)


@lru_cache(maxsize=4)
def _orders(n: int, permutations: int) -> Ints:
    # The numbers of `random` are the same in every version of Python, those of numpy may change.
    random = Random(SEED)
    keys = np.array([random.random() for _ in range(permutations * n)])
    return np.argsort(keys.reshape(permutations, n), axis=1)
