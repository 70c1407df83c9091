"""The compute-optimal policy for groups of problems: the best rule and k of each, cross-fitted.

Groups are known before drawing, so no draws are set aside to estimate a difficulty: rules are
scored on all draws. As in `compute_optimal`, the rules chosen on one half of the problems are
scored on the other. Each group is divided between the halves, and one that is too small to be
divided follows the best rule for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ttc.curves.compute_optimal import Policy, best_by
from ttc.curves.groups import Group
from ttc.curves.table import Table, tabulate
from ttc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttc.selectors import Selector


def group_policies(
    table: Table,
    groups: Sequence[Group],
    selectors: Mapping[str, Selector],
    axis: str,
) -> list[Policy]:
    """Return the best policy at each budget, cheapest first, for groups that divide a table.

    Only `selectors`, and budgets that every problem has the draws for, are candidates. UsageError
    for fewer than four problems, or if the cost of some draws on the axis is unknown.
    """
    if len(table.problems) < 4:
        raise UsageError(f"{table.source}: a policy needs four problems, at least")
    followed = _candidates(table, selectors)
    # Every other problem of each group is in the first half. Which half has one more of a group
    # varies, so that the halves are of one size.
    ordered = [problem for group in groups for problem in group.problems]
    folds = [ordered[0::2], ordered[1::2]]
    bins = {problem: group.name for group in groups for problem in group.problems}
    # Without the smallest groups, no rule is chosen on a single problem and scored on it.
    own = [group.name for group in groups if len(group.problems) > 1]
    found = best_by(followed, folds, bins, own, axis)
    return [
        replace(
            policy,
            by=groups[0].by,
            choices={group.name: policy.choices.get(group.name, policy.common) for group in groups},
        )
        for policy in found
    ]


def undivided(groups: Iterable[Group]) -> list[Group]:
    """Return the groups that are too small to be divided."""
    return [group for group in groups if len(group.problems) < 2]


def _candidates(table: Table, selectors: Mapping[str, Selector]) -> Table:
    """Return the part of a table about these rules at the budgets that all problems can follow."""
    cells = [
        cell
        for cell in table.cells
        if cell.selector in selectors and all(found is not None for found in cell.estimates)
    ]
    if cells:
        return replace(table, cells=cells)
    problems = dict(zip(table.problems, table.pools, strict=True))
    return tabulate(problems, selectors, [1], source=table.source)
