"""Paired comparisons of two pools, or two rules, on the same problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any, TypeAlias

from ttc.curves.comparing.draw_noise import NoiseTerms, both, of_difference
from ttc.curves.comparing.paired_tests import Tested
from ttc.curves.comparing.pairing import Pair, Side, Values, tested
from ttc.curves.table import Table
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
    noise: Sequence[NoiseTerms] | None = None,
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
