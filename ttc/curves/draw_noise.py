"""The noise of values and of differences by the draws of a fixed suite, for comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from ttc.curves import parallel
from ttc.curves.draw_variance import draw_variances
from ttc.curves.paired_tests import Noise
from ttc.curves.table import Problems, Table
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import Estimating
from ttc.selectors.extras import Replacing

# By rule and budget, then by problem; a problem whose noise is unknown is missing.
NoiseTerms: TypeAlias = Mapping[tuple[str, int], Mapping[str, Noise]]


def of_table(table: Table, rules: Mapping[str, Selector]) -> NoiseTerms:
    """Return the noise of each rule's values on each problem of a table."""
    ks = {cell.k for cell in table.cells}
    return of_values(dict(zip(table.problems, table.pools, strict=True)), rules, ks, table.draw)


def of_values(
    problems: Problems, rules: Mapping[str, Selector], ks: Iterable[int], draw: str = "without"
) -> NoiseTerms:
    """Return the noise of each rule's values on each problem, at each of `ks`.

    `draw` says which k draws the values are over. A problem is missing where the noise is unknown:
    it has too few draws, or the rule's means have an error.
    """
    names, budgets = sorted(problems), sorted(set(ks))
    pools = [problems[name] for name in names]

    def row(at: int) -> list[list[float] | None]:
        usable = _usable(pools[at], budgets, draw)
        return [draw_variances(rule, pools[at], usable, draw) for rule in rules.values()]

    rows = parallel.spread(row, len(pools), sum(map(len, pools)))
    found: dict[tuple[str, int], dict[str, Noise]] = {(n, k): {} for n in rules for k in budgets}
    for problem, outcomes, by_rule in zip(names, pools, rows, strict=True):
        usable = _usable(outcomes, budgets, draw)
        for name, variances in zip(rules, by_rule, strict=True):
            for k, variance in zip(usable, variances or (), strict=False):
                # The first k draws all count; k-subsets have each draw in a share k/n of them.
                influence = 1.0 if draw == "prefix" else min(1.0, k / len(outcomes))
                found[name, k][problem] = Noise(variance, influence)
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
