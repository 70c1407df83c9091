"""What a rule says of a budget where its mean has an error, or where it may stop before k draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import fsum, sqrt
from random import Random
from typing import Literal, NamedTuple

from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.extras import Estimating

PERMUTATIONS = 400
SEED = 20


class Estimate(NamedTuple):
    """The mean value of a rule at a budget, for one problem.

    `error` is 0 where `kind` is `exact`, half the width of a certified bracket, or the standard
    error of seeded permutations (`mc`). `drawn` is the expected number of draws where the rule
    stops by itself, else None: all k.
    """

    value: float
    error: float = 0.0
    kind: Literal["exact", "bracket", "mc"] = "exact"
    drawn: float | None = None


def estimates_of(rule: Selector, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
    """Return a rule's estimates; one that has none of its own is exact."""
    if isinstance(rule, Estimating):
        return rule.estimates(outcomes, ks)
    return [Estimate(value) for value in rule.expected(outcomes, ks)]


def value_of(outcomes: Sequence[Outcome], picked: Sequence[int]) -> float:
    """Return what a pick is worth: the share of correct ones, 0 for an empty one."""
    right = sum(bool(outcomes[i].correct) for i in picked)
    return right / len(picked) if picked else 0.0


def replayed(
    outcomes: Sequence[Outcome],
    ks: Sequence[int],
    run: Callable[[Sequence[Outcome]], tuple[float, int]],
    permutations: int = PERMUTATIONS,
) -> list[Estimate]:
    """Return the mean over seeded random orders of what `run` makes of the first k draws.

    `run` returns the value and how many draws it took. The same orders serve every k, and depend
    only on how many draws there are, so that a rerun prints the same numbers.
    """
    random = Random(SEED)
    order = sorted(outcomes, key=lambda outcome: outcome.index)
    found: list[list[tuple[float, int]]] = [[] for _ in ks]
    for _ in range(permutations):
        random.shuffle(order)
        for results, k in zip(found, ks, strict=True):
            results.append(run(order[:k]))
    estimates = []
    for results in found:
        mean = fsum(value for value, _ in results) / permutations
        spread = fsum((value - mean) ** 2 for value, _ in results) / (permutations - 1)
        drawn = sum(took for _, took in results) / permutations
        estimates.append(Estimate(mean, sqrt(spread / permutations), "mc", drawn))
    return estimates
