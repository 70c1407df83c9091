"""The compute-optimal policy: for each difficulty and budget the best rule and k, cross-fitted.

The value of a rule on the problems that it was chosen on is biased upwards. So the problems are
split in two: the rules chosen on one half are scored on the other, and the other way round. The
difficulty of a problem is estimated from its draws with even index and the value of rules from
those with odd index; otherwise a lucky draw would make its problem look easy and its rule good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any, TypeAlias

from ttc.curves.cost_axes import AXES
from ttc.curves.table import Table, tabulate
from ttc.errors import UsageError
from ttc.records import Outcome
from ttc.selectors import Selector

# Difficulty by pass@1, as Liu et al. 2025 ("Can 1B LLM Surpass 405B LLM?"): hard below the first.
EDGES = (0.1, 0.5)
BINS = ("hard", "medium", "easy")

RuleAtK: TypeAlias = "tuple[str, int]"


@dataclass(frozen=True, slots=True)
class Policy:
    """The best rules for a budget.

    `choices` maps each difficulty, or each group of problems by the tag `by`, to its `RULE@K`;
    `common` is the best one for all problems.
    `value` is the share of problems solved with one rule for each, `single` with one rule for all,
    both scored on problems on which the rules were not chosen; `in_sample` is `value` on the
    problems on which they were.
    """

    budget: float
    value: float
    single: float
    in_sample: float
    choices: Mapping[str, str]
    by: str = "difficulty"
    common: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def policies(
    problems: Mapping[str, Sequence[Outcome]],
    selectors: Mapping[str, Selector],
    ks: Sequence[int],
    axis: str,
    *,
    source: str,
) -> list[Policy]:
    """Return the best policy at each budget, cheapest first: the mean cost of each rule and k.

    `axis` is a name in `cost_axes.AXES`. UsageError where there are too few problems or draws to
    split, or the cost of some draws on the axis is unknown.
    """
    halves = {
        name: (
            [outcome for outcome in outcomes if outcome.index % 2 == 0],
            [outcome for outcome in outcomes if outcome.index % 2 == 1],
        )
        for name, outcomes in problems.items()
    }
    worth = {name: odd for name, (even, odd) in halves.items() if even and odd}
    if len(worth) < 4:
        raise UsageError(f"{source}: a policy needs four problems with two draws, at least")
    fewest = min(map(len, worth.values()))
    usable = [k for k in ks if k <= fewest] or [1]
    table = tabulate(worth, selectors, usable, source=source)
    bins = {name: _difficulty(halves[name][0]) for name in worth}
    return best_by(table, [table.problems[0::2], table.problems[1::2]], bins, BINS, axis)


def best_by(
    table: Table,
    folds: Sequence[Sequence[str]],
    bins: Mapping[str, str],
    names: Sequence[str],
    axis: str,
) -> list[Policy]:
    """Return the best policy at each budget for bins of problems, given by problem.

    Rules are chosen on one of the `folds` and scored on the other. A bin without a problem in one
    of them, or whose name is not among `names`, takes the best rule for all there. UsageError if a
    cost is unknown.
    """
    costs, values = _columns(table, axis)
    budgets = sorted({round(cost, 6) for cost in costs.values()})
    return [_policy(budget, folds, bins, names, costs, values) for budget in budgets]


def _difficulty(draws: Sequence[Outcome]) -> str:
    right = sum(bool(outcome.correct) for outcome in draws) / len(draws)
    return BINS[sum(right >= edge for edge in EDGES)]


def _columns(
    table: Table, axis: str
) -> tuple[dict[RuleAtK, float], dict[RuleAtK, dict[str, float]]]:
    costs: dict[RuleAtK, float] = {}
    values: dict[RuleAtK, dict[str, float]] = {}
    for cell in table.cells:
        paid = [cost[axis] for cost in cell.costs]
        known = [cost for cost in paid if cost is not None]
        if len(known) < len(paid):
            why = f"{table.source}: the cost on the axis {AXES[axis].flag} is unknown"
            raise UsageError(
                f"{why}; --cost samples counts draws", python=f"{why}; cost='samples' counts draws"
            )
        costs[cell.selector, cell.k] = fsum(known) / len(known)
        values[cell.selector, cell.k] = {
            problem: value or 0.0
            for problem, value in zip(table.problems, cell.values, strict=True)
        }
    return costs, values


def _policy(
    budget: float,
    folds: Sequence[Sequence[str]],
    bins: Mapping[str, str],
    names: Sequence[str],
    costs: Mapping[RuleAtK, float],
    values: Mapping[RuleAtK, Mapping[str, float]],
) -> Policy:
    afforded = [choice for choice, cost in costs.items() if cost <= budget + 1e-6]

    def best(problems: Sequence[str]) -> RuleAtK:
        return max(afforded, key=lambda choice: fsum(values[choice][p] for p in problems))

    def fitted(problems: Sequence[str]) -> dict[str, RuleAtK]:
        """Return the best choice by bin; the best of all for one that has no problem."""
        common = best(problems)
        members = {name: [p for p in problems if bins[p] == name] for name in names}
        return {name: best(found) if found else common for name, found in members.items()}

    everyone = [problem for fold in folds for problem in fold]
    value = single = 0.0
    for fold, other in (folds, folds[::-1]):
        choices, common = fitted(other), best(other)
        value += fsum(values[choices.get(bins[p], common)][p] for p in fold)
        single += fsum(values[common][p] for p in fold)
    chosen, common = fitted(everyone), best(everyone)
    in_sample = fsum(values[chosen.get(bins[p], common)][p] for p in everyone)
    n = len(everyone)
    named = {name: _named(choice) for name, choice in chosen.items()}
    return Policy(budget, value / n, single / n, in_sample / n, named, common=_named(common))


def _named(choice: RuleAtK) -> str:
    return f"{choice[0]}@{choice[1]}"
