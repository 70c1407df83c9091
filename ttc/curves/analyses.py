"""Analyses beyond curves: extrapolation, splits of a budget, policies, the Pareto frontier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ttc.curves.bounds import bounds
from ttc.curves.compute_optimal import policies
from ttc.curves.confusion import confusions
from ttc.curves.draws_until import Settings, until
from ttc.curves.pareto import frontier
from ttc.curves.result import SweepResult
from ttc.curves.saturation import saturation
from ttc.curves.scaling_laws import counts_of, predict
from ttc.curves.self_agreement import self_agreements
from ttc.curves.solve_verify_split import split
from ttc.curves.table import Table
from ttc.records import Curve
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
    if options.policy:
        result.policies[name] = policies(problems, contenders(rules), ks, options.axis, source=name)


def inspect(
    source: Source,
    rules: Mapping[str, Selector],
    table: Table,
    shown: Sequence[Curve],
    result: SweepResult,
) -> None:
    """Add what the draws of one source leave open, and how far its verifiers can be trusted."""
    options, name = result.options, source.name
    ci, seed, interval = options.ci, options.seed, options.interval
    if options.until:
        settings = Settings(ci, seed, interval, options.draw)
        result.untils[name] = until(source.problems, rules, options.targets, settings, source=name)
    if options.bounds:
        result.bounds[name] = bounds(table, shown, rules, ci=ci, seed=seed, interval=interval)
    if options.confusion:
        stored = source.origin is not None
        found = confusions(source.problems, options.confusion, source=name, level=ci, stored=stored)
        result.confusions[name] = found
    for repeats in source.repeats.values():
        found_again = self_agreements(repeats, source=name, level=ci)
        result.agreements.setdefault(name, []).extend(found_again)


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
