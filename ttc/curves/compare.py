"""Paired comparisons of two pools, or two rules, on the same problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import fsum, sqrt
from typing import Any, TypeAlias

from ttc.curves.table import Table
from ttc.curves.uncertainty import bootstrap_means, paired_p_value, resampled_means
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


@dataclass(frozen=True, slots=True)
class Drop:
    """A rule at a budget that fell below its baseline.

    `value` and `baseline` are means over the `problems` that both have; `highest` is the upper
    confidence bound of their difference.
    """

    rule: str
    k: int
    value: float
    baseline: float
    highest: float
    problems: int


def drops(
    new: Terms, old: Terms, *, margin: float, level: float = 95, seed: int = 0
) -> tuple[list[Drop], int]:
    """Return the terms that fell by more than `margin`, and how many were compared.

    All terms are judged together, so that asking for many does not raise false alarms: with d the
    mean difference of a term, d* a resampled one, s its standard error, t = max over terms of
    (d* − d)/s and c the upper quantile of t at (1 − level/100)/2, a term fell if d + c·s < −margin.
    `highest` is d + c·s.
    """
    compared = [
        (term, [new[term][problem] - old[term][problem] for problem in shared], shared)
        for term in new
        if term in old and (shared := sorted(new[term].keys() & old[term].keys()))
    ]
    reach = _joint_reach([differences for _, differences, _ in compared], level, seed)
    found = []
    for ((rule, k), differences, shared), beyond in zip(compared, reach, strict=True):
        n = len(shared)
        highest = fsum(differences) / n + beyond
        if highest < -margin:
            value, baseline = (
                fsum(values[rule, k][problem] for problem in shared) / n for values in (new, old)
            )
            found.append(Drop(rule, k, value, baseline, highest, n))
    return found, len(compared)


def _joint_reach(columns: Sequence[Sequence[float]], level: float, seed: int) -> list[float]:
    """Return c·s of each column: the joint upper margin of error of its mean."""
    by_size: dict[int, list[int]] = {}
    for at, column in enumerate(columns):
        by_size.setdefault(len(column), []).append(at)
    worst: list[float] = []
    errors = [0.0] * len(columns)
    for size, places in by_size.items():
        means = resampled_means([columns[at] for at in places], seed=seed)
        for at, resampled in zip(places, means, strict=True):
            center = fsum(columns[at]) / size
            # The bootstrap's spread is too small by √((n−1)/n), which matters for few problems.
            errors[at] = sqrt(
                fsum((x - center) ** 2 for x in columns[at]) / max(size * (size - 1), 1)
            )
            if not errors[at] or not resampled:
                continue
            scaled = [(mean - center) / errors[at] for mean in resampled]
            worst = [max(pair) for pair in zip(worst, scaled, strict=True)] if worst else scaled
    if not worst:
        return [0.0] * len(columns)
    ranked = sorted(worst)
    c = ranked[min(len(ranked) - 1, int(len(ranked) * (1 + level / 100) / 2))]
    return [c * error for error in errors]
