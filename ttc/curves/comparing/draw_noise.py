"""The noise of values and of differences by the draws of a fixed suite, for comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum
from typing import TypeAlias

from ttc.curves.comparing.paired_tests import Noise
from ttc.curves.intervals.fixed_suite import measure
from ttc.curves.table import Table
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import Estimating
from ttc.selectors.extras import Replacing

# By rule and budget, then by problem; a problem whose noise is unknown is missing.
NoiseTerms: TypeAlias = Mapping[tuple[str, int], Mapping[str, Noise]]


def of_table(table: Table, rules: Mapping[str, Selector] | None = None) -> NoiseTerms:
    """Return the noise of each rule's values on each problem of a table, at each of its budgets.

    `rules` are by the names of the table's, None for its own. A problem is missing where the noise
    is unknown: it has too few draws, or the rule's means have an error. In a large table the
    variance is measured on some of the problems (`fixed_suite.part_of`) and the mean of these taken
    for the others.
    """
    noise = (table.noise if rules is None else {}) or measure(table, rules)
    measured = [at for at, problem in enumerate(table.problems) if problem in noise]
    found: dict[tuple[str, int], dict[str, Noise]] = {}
    for name in table.rules if rules is None else rules:
        for k in sorted({cell.k for cell in table.cells}):
            able = [at for at in measured if _usable(table.pools[at], [k], table.draw)]
            variances = {at: noise[table.problems[at]].get((name, k)) for at in able}
            found[name, k] = _known(table, k, variances)
    return found


def _known(table: Table, k: int, variances: Mapping[int, float | None]) -> dict[str, Noise]:
    """Return the noise at a budget by problem, from the variances that were measured."""
    known = [variance for variance in variances.values() if variance is not None]
    whole = bool(known) and len(known) == len(variances)
    usual = fsum(known) / len(known) if whole else None
    found = {}
    for at, (problem, pool) in enumerate(zip(table.problems, table.pools, strict=True)):
        variance = variances.get(at, usual)
        if variance is not None and _usable(pool, [k], table.draw):
            # The first k draws all count; k-subsets have each draw in a share k/n of them.
            share = 1.0 if table.draw == "prefix" else min(1.0, k / len(pool))
            found[problem] = Noise(variance, share)
    return found


def of_difference(table: Table, rules: Mapping[str, Selector], first: str) -> NoiseTerms:
    """Return the noise of the difference of each other rule from the one named `first`.

    Both have the same draws, so that what they have in common cancels.
    """
    minus = {name: _minus(rule, rules[first]) for name, rule in rules.items() if name != first}
    return of_table(table, {name: rule for name, rule in minus.items() if rule is not None})


def both(new: Mapping[str, Noise], old: Mapping[str, Noise]) -> dict[str, Noise]:
    """Return the noise of the difference of two pools, whose draws are independent."""
    return {
        problem: Noise(
            new[problem].variance + old[problem].variance,
            max(new[problem].influence, old[problem].influence),
        )
        for problem in new.keys() & old.keys()
    }


def _usable(outcomes: Sequence[Outcome], ks: Sequence[int], draw: str) -> list[int]:
    """Return the budgets at which these draws have a value."""
    return [k for k in ks if k <= len(outcomes) or (draw == "with" and outcomes)]


class _Difference:
    """The value of a rule less that of another, on the same draws. It picks nothing."""

    finishes: int | None = None

    def __init__(self, rule: Selector, other: Selector) -> None:
        self.name = f"{rule.name} − {other.name}"
        self.needs = rule.needs | other.needs
        self._means: tuple[_Means, _Means] = (rule.expected, other.expected)

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        """Return no draw."""
        return ()

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the difference of the two means at each k."""
        return _subtracted(self._means, outcomes, ks)


class _Replaced(_Difference):
    """The same for rules that have means over draws with replacement."""

    def __init__(self, rule: Selector, other: Selector) -> None:
        super().__init__(rule, other)
        assert isinstance(rule, Replacing)
        assert isinstance(other, Replacing)
        self._with: tuple[_Means, _Means] = (rule.replaced, other.replaced)

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the difference of the two means over k draws with replacement."""
        return _subtracted(self._with, outcomes, ks)


_Means: TypeAlias = Callable[[Sequence[Outcome], Sequence[int]], list[float]]


def _subtracted(
    means: tuple[_Means, _Means], outcomes: Sequence[Outcome], ks: Sequence[int]
) -> list[float]:
    return [a - b for a, b in zip(means[0](outcomes, ks), means[1](outcomes, ks), strict=True)]


def _minus(rule: Selector, other: Selector) -> Selector | None:
    """Return the difference of two rules; None if the means of one have an error."""
    if isinstance(rule, Estimating) or isinstance(other, Estimating):
        return None
    if isinstance(rule, Replacing) and isinstance(other, Replacing):
        return _Replaced(rule, other)
    return _Difference(rule, other)
