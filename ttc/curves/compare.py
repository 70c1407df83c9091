"""Paired comparisons of two pools, or two rules, on the same problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any, TypeAlias

from ttc.curves.table import Table
from ttc.curves.uncertainty import bootstrap_means, paired_p_value
from ttc.errors import UsageError

# The value of one rule at one budget, by problem; and those of many, by (rule, budget).
Values: TypeAlias = Mapping[str, float]
Terms: TypeAlias = Mapping[tuple[str, int], Values]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two means over the problems that both have.

    `value` is the mean of `value_of`, `baseline` that of `against`, `difference` the first minus
    the second. `low` and `high` bound its bootstrap interval; None if none was asked for or there
    is only one problem. `p` is the two-sided p-value. `lost` counts the problems that only one of
    the two has.
    """

    value_of: str
    against: str
    value: float
    baseline: float
    difference: float
    low: float | None
    high: float | None
    p: float
    problems: int
    lost: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def terms_of(table: Table) -> dict[tuple[str, int], dict[str, float]]:
    """Return the values of a table by rule and budget, then by problem."""
    return {
        (cell.selector, cell.k): {
            problem: value
            for problem, value in zip(table.problems, cell.values, strict=True)
            if value is not None
        }
        for cell in table.cells
    }


def paired(
    new: Values,
    old: Values,
    *,
    names: tuple[str, str] = ("", ""),
    ci: float | None = 95,
    seed: int = 0,
) -> Comparison | None:
    """Compare two sets of values, named `names`, problem by problem; None if they share none.

    The interval is the bootstrap of the mean difference over problems, the p-value that of
    flipping the signs of differences (`uncertainty.paired_p_value`).
    """
    shared = sorted(new.keys() & old.keys())
    if not shared:
        return None
    differences = [new[problem] - old[problem] for problem in shared]
    (interval,) = bootstrap_means([differences], level=ci, seed=seed) if ci else [None]
    low, high = interval if interval is not None else (None, None)
    n = len(shared)
    return Comparison(
        value_of=names[0],
        against=names[1],
        value=fsum(new[problem] for problem in shared) / n,
        baseline=fsum(old[problem] for problem in shared) / n,
        difference=fsum(differences) / n,
        low=low,
        high=high,
        p=paired_p_value(differences, seed=seed),
        problems=n,
        lost=len(new.keys() ^ old.keys()),
    )


def between_pools(
    new: Terms, old: Terms, names: tuple[str, str], *, ci: float | None = 95, seed: int = 0
) -> list[Comparison]:
    """Compare each rule at each budget that both have; UsageError if they share no problem.

    `names` are those of the two sources, the new one first.
    """
    found = []
    shared = [term for term in new if term in old]
    for rule, k in shared:
        first, second = (f"{rule}@{k} ({name})" for name in names)
        comparison = paired(new[rule, k], old[rule, k], names=(first, second), ci=ci, seed=seed)
        if comparison is not None:
            found.append(comparison)
    if not found:
        what = "problem" if shared else "rule at a budget"
        raise UsageError(f"{names[0]} and {names[1]} have no {what} in common; nothing to compare")
    return found


def between_rules(table: Table, *, ci: float | None = 95, seed: int = 0) -> list[Comparison]:
    """Compare every rule with the first one of the table, at each budget."""
    terms = terms_of(table)
    first = table.cells[0].selector
    found = []
    for rule, k in terms:
        if rule == first:
            continue
        names = (f"{rule}@{k}", f"{first}@{k}")
        comparison = paired(terms[rule, k], terms[first, k], names=names, ci=ci, seed=seed)
        if comparison is not None:
            found.append(comparison)
    return found
