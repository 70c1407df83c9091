"""The compute-optimal policy: for each difficulty and budget the best rule and k, cross-fitted.

What a rule is worth on the very problems that chose it is optimistic. So problems are split in
two: one half chooses, the other is scored, and the other way round. A problem's difficulty comes
from its draws of even index, what rules are worth from those of odd index, for a lucky draw would
otherwise make its problem look easy and its rule good at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any

from ttc.curves.table import Table, tabulate
from ttc.errors import UsageError
from ttc.records import Outcome
from ttc.selectors import Selector

# Difficulty by pass@1, as Liu et al. 2025 ("Can 1B LLM Surpass 405B LLM?"): hard below the first.
EDGES = (0.1, 0.5)
BINS = ("hard", "medium", "easy")

Choice = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a budget buys: with one rule for all, and with one for each difficulty.

    `value` is scored on problems that did not choose; `in_sample` on those that did.
    """

    budget: float
    value: float
    single: float
    in_sample: float
    choices: Mapping[str, str]

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
    """Return the best policy at the mean cost of each rule and k, cheapest first.

    UsageError where there are too few problems or draws to split, or the axis is unknown.
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
    costs, values = _columns(table, axis)
    folds = [table.problems[0::2], table.problems[1::2]]
    budgets = sorted({round(cost, 6) for cost in costs.values()})
    return [_policy(budget, folds, bins, costs, values) for budget in budgets]


def _difficulty(draws: Sequence[Outcome]) -> str:
    right = sum(bool(outcome.correct) for outcome in draws) / len(draws)
    return BINS[sum(right >= edge for edge in EDGES)]


def _columns(table: Table, axis: str) -> tuple[dict[Choice, float], dict[Choice, dict[str, float]]]:
    costs: dict[Choice, float] = {}
    values: dict[Choice, dict[str, float]] = {}
    for cell in table.cells:
        paid = [cost[axis] for cost in cell.costs]
        known = [cost for cost in paid if cost is not None]
        if len(known) < len(paid):
            raise UsageError(f"{table.source}: the cost on the axis {axis} is unknown")
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
    costs: Mapping[Choice, float],
    values: Mapping[Choice, Mapping[str, float]],
) -> Policy:
    afforded = [choice for choice, cost in costs.items() if cost <= budget + 1e-6]

    def best(problems: Sequence[str]) -> Choice:
        return max(afforded, key=lambda choice: fsum(values[choice][p] for p in problems))

    def fitted(problems: Sequence[str]) -> dict[str, Choice]:
        """Return the best choice by difficulty; one that has no problem takes the best of all."""
        common = best(problems)
        members = {name: [p for p in problems if bins[p] == name] for name in BINS}
        return {name: best(found) if found else common for name, found in members.items()}

    everyone = [problem for fold in folds for problem in fold]
    value = single = 0.0
    for fold, other in (folds, folds[::-1]):
        choices, common = fitted(other), best(other)
        value += fsum(values[choices[bins[p]]][p] for p in fold)
        single += fsum(values[common][p] for p in fold)
    chosen = fitted(everyone)
    in_sample = fsum(values[chosen[bins[p]]][p] for p in everyone)
    n = len(everyone)
    told = {name: f"{rule}@{k}" for name, (rule, k) in chosen.items()}
    return Policy(budget, value / n, single / n, in_sample / n, told)
