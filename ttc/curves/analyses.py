"""What `ttc sweep` is asked for beyond the curves: laws carried further, policies, a frontier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttc import outcomes
from ttc.cli.run.sweep_output import COSTS, Result
from ttc.curves import scaling_laws, solve_verify_split
from ttc.curves.compute_optimal import policies
from ttc.curves.pareto import frontier
from ttc.curves.saturation import saturation
from ttc.selectors import Selector, contenders

if TYPE_CHECKING:
    from ttc.cli.run.sweep import SweepOptions


def extrapolate(
    order: SweepOptions,
    source: outcomes.Source,
    rules: dict[str, Selector],
    ks: list[int],
    result: Result,
) -> None:
    """Add what is asked for beyond the curves: laws carried further, and policies."""
    if order.predict is not None:
        counts = scaling_laws.counts_of(source.problems)
        ci, seed = order.ci or None, order.seed
        found = scaling_laws.predict(counts, order.predict, ci=ci, seed=seed)
        result.predictions[source.name] = found
        result.saturations[source.name] = saturation(counts)
    if order.solve_verify is not None:
        split = solve_verify_split.split(
            source.problems, order.solve_verify, ci=order.ci or None, seed=order.seed
        )
        result.splits[source.name] = split
    if order.policy:
        axis = COSTS[order.cost]
        result.policies[source.name] = policies(
            source.problems, contenders(rules), ks, axis, source=source.name
        )


def weigh(order: SweepOptions, rules: dict[str, Selector], result: Result) -> None:
    """Add what nothing beats at its cost, and say which rules were no candidates."""
    followed = contenders(rules)
    if order.pareto:
        able = [curve for curve in result.curves if curve.selector in followed]
        result.frontier = frontier(able, COSTS[order.cost])
    aside = [rule for rule in rules if rule not in followed]
    if aside and (order.pareto or order.policy):
        result.warnings.append(
            f"--pareto and --policy leave {', '.join(aside)} aside: who follows it would have to "
            "know which draws are correct"
        )
