"""Two pools, or two rules, on the same problems: paired, with an interval and a p-value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import fsum, sqrt
from typing import Any

from ttc.curves.table import Table
from ttc.curves.uncertainty import bootstrap_means, paired_p_value, resampled_means
from ttc.errors import UsageError

# Values of one rule at one budget, by problem.
Values = Mapping[str, float]
Terms = Mapping[tuple[str, int], Values]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`value` − `against`, as means over the problems that both have."""

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


def paired(new: Values, old: Values, *, ci: float | None = 95, seed: int = 0) -> Comparison | None:
    """Compare two sets of values problem by problem; None if they share no problem.

    The interval is the bootstrap of the mean difference over problems, the p-value that of
    flipping its signs.
    """
    shared = sorted(new.keys() & old.keys())
    if not shared:
        return None
    differences = [new[problem] - old[problem] for problem in shared]
    (interval,) = bootstrap_means([differences], level=ci, seed=seed) if ci else [None]
    low, high = interval if interval is not None else (None, None)
    n = len(shared)
    return Comparison(
        "",
        "",
        fsum(new[problem] for problem in shared) / n,
        fsum(old[problem] for problem in shared) / n,
        fsum(differences) / n,
        low,
        high,
        paired_p_value(differences, seed=seed),
        n,
        len(new.keys() ^ old.keys()),
    )


def between_pools(
    new: Terms, old: Terms, names: tuple[str, str], *, ci: float | None = 95, seed: int = 0
) -> list[Comparison]:
    """Compare each rule at each budget that both have; UsageError if they share no problem."""
    found = []
    shared = [term for term in new if term in old]
    for term in shared:
        comparison = paired(new[term], old[term], ci=ci, seed=seed)
        if comparison is not None:
            labels = (f"{term[0]}@{term[1]} ({name})" for name in names)
            found.append(_named(comparison, *labels))
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
        comparison = paired(terms[rule, k], terms[first, k], ci=ci, seed=seed)
        if comparison is not None:
            found.append(_named(comparison, f"{rule}@{k}", f"{first}@{k}"))
    return found


def _named(comparison: Comparison, value_of: str, against: str) -> Comparison:
    return Comparison(**{**asdict(comparison), "value_of": value_of, "against": against})


@dataclass(frozen=True, slots=True)
class Drop:
    """How far a rule at a budget fell below its baseline, and the most that could be chance."""

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

    All terms are judged together, so that asking for many does not raise false alarms: with the
    resampled mean differences d*, t = max over terms of (d* − d)/s and c its upper quantile at
    (1 − level/100)/2, a term fell if d + c·s < −margin. `highest` is d + c·s: what the difference
    could still be.
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
    """Return c·s of each column: how far a mean may be above its estimate, all at once."""
    by_size: dict[int, list[int]] = {}
    for at, column in enumerate(columns):
        by_size.setdefault(len(column), []).append(at)
    worst: list[float] = []
    errors = [0.0] * len(columns)
    for size, places in by_size.items():
        means = resampled_means([columns[at] for at in places], seed=seed)
        for at, resampled in zip(places, means, strict=True):
            center = fsum(columns[at]) / size
            # As the t interval does for few problems: the bootstrap's spread is √((n−1)/n) small.
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
