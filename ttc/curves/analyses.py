"""Analyses beyond curves: extrapolation, splits of a budget, policies, the Pareto frontier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ttc.curves.compute_optimal import policies
from ttc.curves.group_policy import group_policies, undivided
from ttc.curves.pareto import frontier
from ttc.curves.result import SweepResult
from ttc.curves.saturation import saturation
from ttc.curves.scaling_laws import counts_of, predict
from ttc.curves.solve_verify_split import split
from ttc.selectors import Selector, contenders

if TYPE_CHECKING:
    from ttc.outcomes import Source


def extrapolate(
    source: Source, rules: Mapping[str, Selector], ks: Sequence[int], result: SweepResult
) -> None:
    """Add the extrapolations and policies of one source."""
    options, name, problems = result.options, source.name, source.problems
    ci, seed = options.ci, options.seed
    if options.predict is not None:
        counts = counts_of(problems)
        result.predictions[name] = predict(counts, options.predict, ci=ci, seed=seed)
        result.saturations[name] = saturation(counts)
    if options.solve_verify is not None:
        result.splits[name] = split(problems, options.solve_verify, ci=ci, seed=seed)
    if options.policy and options.by:
        _by_group(source, contenders(rules), result)
    elif options.policy:
        result.policies[name] = policies(problems, contenders(rules), ks, options.axis, source=name)


def _by_group(source: Source, followed: Mapping[str, Selector], result: SweepResult) -> None:
    """Add the policies of one source for its groups, one grouping after the other."""
    table = next(table for table in result.tables if table.source == source.name)
    found = result.policies[source.name] = []
    for by in result.options.by:
        groups = [each for each in result.groups if (each.source, each.by) == (source.name, by)]
        found += group_policies(table, groups, followed, result.options.axis)
        if alone := [group.name for group in undivided(groups)]:
            named = ", ".join(alone[:6]) + (f" and {len(alone) - 6} more" if alone[6:] else "")
            result.warnings.append(
                f"{source.name}: groups by {by} with one problem follow the best rule for all in "
                f"policies: {named}"
            )


def weigh(rules: Mapping[str, Selector], result: SweepResult) -> None:
    """Add the Pareto frontier, and say which rules are neither on it nor in a policy."""
    options, followed = result.options, contenders(rules)
    if options.pareto:
        able = [curve for curve in result.curves if curve.selector in followed]
        result.frontier = frontier(able, options.axis)
    aside = [rule for rule in rules if rule not in followed]
    if aside and (options.pareto or options.policy):
        result.warnings.append(
            f"the Pareto frontier and policies leave {', '.join(aside)} aside: to follow such a "
            "rule, one would have to know which draws are correct"
        )
