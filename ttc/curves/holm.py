"""Holm's correction over tests whose p-values are discrete, and so reach few small values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
NEAR = 1 + 1e-9  # p-values that differ only by rounding are equal


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The p-value of one hypothesis, its weight, and what is known of its law if nothing changed.

    `attained` are the p-values that the test can have, ascending, each with that probability of a
    p-value as small. Without them p is a multiple of `grain` (0: any number).
    """

    p: float
    attained: Floats | None = None
    grain: float = 0.0
    weight: float = 1.0

    @property
    def constant(self) -> bool:
        """Whether p is 1 whatever happens."""
        return self.attained is not None and len(self.attained) == 1

    def reach(self, bound: float) -> float:
        """Return an upper bound of the probability that p is at most `bound`, at most `bound`."""
        if self.attained is not None:
            below = int(np.searchsorted(self.attained, bound * NEAR, side="right"))
            return float(self.attained[below - 1]) if below else 0.0
        whole = floor(bound * NEAR / self.grain) * self.grain if self.grain else bound
        return min(whole, 1.0)


def adjusted(tests: Sequence[Hypothesis]) -> list[float]:
    """Return p-values that hold for all tests together, in the order of the tests.

    Weighted step-down of Holm (1979): by ascending p/w, the j-th adjusted p-value is the largest so
    far of Σ P(p_i ≤ w_i · p_j/w_j) over the tests not yet passed. Holm takes w_i · p_j/w_j for
    that probability; a discrete test often cannot reach it, and one that cannot have a small p
    at all costs the others nothing (Tarone 1990; Westfall and Wolfinger 1997). By Boole's
    inequality the chance of any false rejection is at most the level, whatever the dependence.
    """
    order = sorted(range(len(tests)), key=lambda at: tests[at].p / tests[at].weight)
    found, so_far = [1.0] * len(tests), 0.0
    for passed, at in enumerate(order):
        scaled = tests[at].p / tests[at].weight
        total = sum(tests[i].reach(scaled * tests[i].weight) for i in order[passed:])
        so_far = max(so_far, total)
        if so_far >= 1:
            break
        found[at] = so_far
    return found
