"""Paired comparisons of two pools, or two rules, on the same problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import fsum, sqrt
from typing import Any, TypeAlias

from ttc.curves.draw_noise import NoiseTerms, both, of_difference
from ttc.curves.paired_tests import Tested
from ttc.curves.pairing import Pair, Side, Values, tested
from ttc.curves.table import Table
from ttc.curves.uncertainty import resampled_means
from ttc.errors import UsageError
from ttc.selectors import Selector

# The values of rules by (rule, budget), then by problem.
Terms: TypeAlias = Mapping[tuple[str, int], Values]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two means over the problems that both have.

    `value` is the mean of `value_of`, `baseline` that of `against`, `difference` the first minus
    the second. `population` is the question that `low`, `high` and `p` answer: would the
    difference hold on `problems` like these, or with other `draws` of these problems? `low` and
    `high` bound the differences whose two-sided p-value exceeds 1 − level, `p` is that of no
    difference: the interval excludes 0 exactly when p is as small. None: not asked for, or unknown.

    `p_holm` is p corrected for all comparisons of a sweep (Holm 1979), `p_error` the standard error
    of a p that was simulated, `least_p` the smallest p that so many problems can give, and
    `detectable` the difference that would be found with 80 % power. `widened`: few problems differ,
    and the interval allows for kinds of problems that were not seen. `lost` counts the problems
    that only one of the two has.
    """

    value_of: str
    against: str
    value: float
    baseline: float
    difference: float
    low: float | None
    high: float | None
    p: float | None
    problems: int
    lost: int = 0
    source: str = ""
    rule: str = ""
    k: int = 0
    against_source: str = ""
    against_rule: str = ""
    population: str = "problems"
    p_holm: float | None = None
    p_error: float | None = None
    least_p: float | None = None
    detectable: float | None = None
    widened: bool = False

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
    """Compare two sets of values, named `names`, problem by problem; None if they share none."""
    pair = Pair((Side("", ""), Side("", "")), 0, names, new, old)
    found = compare_pairs([pair], ci=ci, seed=seed)
    return found[0] if found else None


def compare_pairs(
    pairs: Sequence[Pair], *, population: str = "problems", ci: float | None = 95, seed: int = 0
) -> list[Comparison]:
    """Compare the sides of each pair that share a problem.

    `population` is `problems` or `draws`. UsageError for a value that is not finite.
    """
    pairs = [pair for pair in pairs if pair.shared]
    found = tested(pairs, population, ci or 95, seed)
    return [
        _comparison(pair, each if ci else each._replace(low=None, high=None), population)
        for pair, each in zip(pairs, found, strict=True)
    ]


def _comparison(pair: Pair, tested: Tested, population: str) -> Comparison:
    new, old, differences = *pair.sides, pair.differences
    n = len(differences)
    return Comparison(
        value_of=pair.names[0],
        against=pair.names[1],
        value=fsum(pair.new[problem] for problem in pair.shared) / n,
        baseline=fsum(pair.old[problem] for problem in pair.shared) / n,
        difference=fsum(differences) / n,
        problems=n,
        lost=len(pair.new.keys() ^ pair.old.keys()),
        source=new.source,
        rule=new.rule,
        k=pair.k,
        against_source=old.source,
        against_rule=old.rule,
        population=population,
        **tested._asdict(),
    )


def between_pools(
    new: Terms,
    old: Terms,
    names: tuple[str, str],
    *,
    ci: float | None = 95,
    seed: int = 0,
    noise: tuple[NoiseTerms, NoiseTerms] | None = None,
) -> list[Comparison]:
    """Compare each rule at each budget that both have; UsageError if they share no problem.

    `names` are those of the two sources, the new one first. With `noise`, that of the values of
    both by draws, the question is whether the difference would hold with other draws of these
    problems; without, on problems like these.
    """
    shared = [term for term in new if term in old]
    pairs = [
        Pair(
            (Side(names[0], rule), Side(names[1], rule)),
            k,
            (f"{rule}@{k} ({names[0]})", f"{rule}@{k} ({names[1]})"),
            new[rule, k],
            old[rule, k],
            both(*(side.get((rule, k), {}) for side in noise)) if noise else None,
        )
        for rule, k in shared
    ]
    found = compare_pairs(pairs, population="draws" if noise else "problems", ci=ci, seed=seed)
    if not found:
        what = "problem" if shared else "rule at a budget"
        raise UsageError(f"{names[0]} and {names[1]} have no {what} in common; nothing to compare")
    return found


def between_rules(
    table: Table,
    *,
    ci: float | None = 95,
    seed: int = 0,
    rules: Mapping[str, Selector] | None = None,
) -> list[Comparison]:
    """Compare every rule with the first one of the table, at each budget.

    With `rules`, by name, the question is whether the difference would hold with other draws of
    these problems; without, on problems like these.
    """
    terms = terms_of(table)
    first = table.cells[0].selector
    others = [(rule, k) for rule, k in terms if rule != first]
    noise = None if rules is None else of_difference(table, rules, first)
    pairs = [
        Pair(
            (Side(table.source, rule), Side(table.source, first)),
            k,
            (f"{rule}@{k}", f"{first}@{k}"),
            terms[rule, k],
            terms[first, k],
            None if noise is None else noise.get((rule, k)),
        )
        for rule, k in others
    ]
    population = "problems" if rules is None else "draws"
    return compare_pairs(pairs, population=population, ci=ci, seed=seed)


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
