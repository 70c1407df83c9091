"""Means of rules that have an error, or that may stop before k draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import fsum, sqrt
from random import Random
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from ttc.plugins.abilities import Ability
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.extras import Measuring

PERMUTATIONS = 400
SEED = 20


class Estimate(NamedTuple):
    """The mean value of a rule at a budget, for one problem.

    `error` is 0 if `kind` is `exact`, half the width of a certified bracket (`bracket`), or the
    standard error of seeded permutations (`mc`). `drawn` is the expected number of draws if the
    rule may stop before k, else None.
    """

    value: float
    error: float = 0.0
    kind: Literal["exact", "bracket", "mc"] = "exact"
    drawn: float | None = None


@runtime_checkable
class Estimating(Ability, Protocol):
    """A rule whose means have an error, or that stops by itself."""

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return the mean at each k with its error, and the expected number of draws."""


def estimates_of(rule: Selector, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
    """Return the estimates of a rule at each of `ks`; exact ones for a rule without `estimates`."""
    if isinstance(rule, Estimating):
        return rule.estimates(outcomes, ks)
    return [Estimate(value) for value in rule.expected(outcomes, ks)]


def value_of(outcomes: Sequence[Outcome], picked: Sequence[int]) -> float:
    """Return the value of a pick: the mean worth of the draws in it, 0 if it is empty.

    That is the share of correct ones unless values are graded (`Outcome.value`).
    """
    return fsum(outcomes[i].worth for i in picked) / len(picked) if picked else 0.0


def value_on(rule: Selector, outcomes: Sequence[Outcome]) -> float:
    """Return the value of a rule on exactly these draws: of its pick, or what a metric measures."""
    if isinstance(rule, Measuring):
        return rule.measure(outcomes)
    return value_of(outcomes, rule.pick(outcomes))


def replayed(
    outcomes: Sequence[Outcome],
    ks: Sequence[int],
    run: Callable[[Sequence[Outcome]], tuple[float, int]],
    permutations: int = PERMUTATIONS,
) -> list[Estimate]:
    """Return the mean over seeded random orders of `run` on the first k draws, for each of `ks`.

    `run` returns the value and the number of draws it used. The orders are the same for every k
    and depend only on the number of draws, so that a rerun gives the same numbers. `error` is the
    standard error over `permutations` orders.
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
