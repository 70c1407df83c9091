"""Analyses beyond curves: extrapolation, splits of a budget, policies, the Pareto frontier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ttc.curves.caveats import oracle_notes
from ttc.curves.compute_optimal import policies
from ttc.curves.group_policy import group_policies, undivided
from ttc.curves.inquiries.bounds import bounds
from ttc.curves.inquiries.confusion import confusions
from ttc.curves.inquiries.draws_until import Settings, until
from ttc.curves.inquiries.self_agreement import self_agreements
from ttc.curves.pareto import frontier
from ttc.curves.result import SweepResult
from ttc.curves.saturation import saturation
from ttc.curves.scaling_laws import counts_of, predict
from ttc.curves.solve_verify_split import split
from ttc.curves.table import Table
from ttc.records import Curve
from ttc.selectors import Selector
from ttc.selectors.oracles import why_oracles
from ttc.selectors.solve_verify import SolveVerify

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
        _split(source, options.solve_verify, result)
    if not options.policy:
        return
    followed = _followed(rules, name, result)
    if followed and options.by:
        _by_group(source, followed, result)
    else:
        found = policies(problems, followed, ks, options.axis, source=name) if followed else []
        result.policies[name] = found


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


def _split(source: Source, of: int, result: SweepResult) -> None:
    """Add the best splits of budgets, unless the scores are an oracle's."""
    options, rule = result.options, {"solve-verify": SolveVerify(str(of), str(of))}
    draws = [outcome for outcomes in source.problems.values() for outcome in outcomes]
    why = why_oracles(rule, draws, source.scored)
    if why and not options.oracle:
        result.warnings.append(
            f"{source.name}: no split of budgets: draws would be picked by {why['solve-verify']}; "
            "--oracle computes it all the same"
        )
        return
    result.splits[source.name] = split(source.problems, of, ci=options.ci, seed=options.seed)


def _followed(
    rules: Mapping[str, Selector], source: str, result: SweepResult
) -> dict[str, Selector]:
    """Return the rules that may be recommended for a source: no oracles, unless they are wanted."""
    oracles = {curve.selector for curve in result.curves if curve.source == source and curve.oracle}
    aside = frozenset() if result.options.oracle else oracles
    return {name: rule for name, rule in rules.items() if name not in aside}


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


def weigh(result: SweepResult) -> None:
    """Add the Pareto frontier, and say which rules are oracles, and for what they are set aside."""
    options = result.options
    able = [curve for curve in result.curves if options.oracle or not curve.oracle]
    if options.pareto:
        result.frontier = frontier(able, options.axis)
    result.warnings += oracle_notes(result.tables)
    asked = (("--pareto", options.pareto), ("--policy", options.policy))
    wanted = " and ".join(option for option, given in asked if given)
    aside = dict.fromkeys(curve.selector for curve in result.curves if curve.oracle)
    if aside and wanted and not options.oracle:
        left = "" if able else "; no rule is left to recommend, add one with -s majority"
        result.warnings.append(
            f"no candidate of {wanted}: {', '.join(aside)}; an oracle cannot be followed where the "
            f"reference is not known (--oracle makes it a candidate){left}"
        )
