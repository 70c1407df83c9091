"""Options and sources → SweepResult: all that a sweep computes. Nothing is printed or read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ttc.curves import analyses, compare, curve, gates, rates
from ttc.curves.baseline import Baseline, made_otherwise, not_compared
from ttc.curves.caveats import caveats
from ttc.curves.compare import Comparison, Terms, terms_of
from ttc.curves.options import DEFAULT_RULES, SweepOptions
from ttc.curves.result import SweepResult
from ttc.curves.table import Table, lack_of, tabulate
from ttc.errors import UsageError
from ttc.selectors import Selector

if TYPE_CHECKING:
    from ttc.outcomes import Source

__all__ = ["DEFAULT_RULES", "SweepOptions", "SweepResult", "sweep"]


def sweep(
    options: SweepOptions, sources: Sequence[Source], baseline: Baseline | Source | None = None
) -> SweepResult:
    """Compute the curves of all sources and what else the options ask for. Never calls a model.

    A `baseline` is compared with every source: the values of a file, or the draws of another
    source, on which the same rules are computed. UsageError if two sources have one name, the
    draws lack what a rule needs, a gate cannot be decided, or sources that are compared have no
    problem in common. A gate that is not met raises nothing here; see `SweepResult.hold`.
    """
    if not sources:
        raise UsageError("name a pool or a file to sweep")
    names = [source.name for source in sources]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"{repeated[0]}: there are two sources of this name; name each once")
    if baseline is None and (options.max_drop or options.strict):
        raise UsageError(
            "--max-drop and --strict need --baseline", python="max_drop and strict need a baseline"
        )
    beside = [baseline.name] if baseline is not None else []
    rates.check_sources(options.rates_by_source, [*names, *beside])
    rules = options.selectors()
    left_out = _leave_out(options, rules, sources)
    ks = list(options.ks or curve.default_ks(max(source.n for source in sources)))
    ks += [k for gate in options.gates for _, k in gate.terms]
    result = SweepResult(options, [_table(options, source, rules, ks) for source in sources])
    result.warnings += [*left_out, *_costs_known(result, sources)]
    for source, table in zip(sources, result.tables, strict=True):
        drawn = curve.curves_of(table, ci=options.ci, seed=options.seed, interval=options.interval)
        result.curves += drawn
        result.warnings += caveats(source, drawn, several=len(sources) > 1)
        result.decisions += [gates.decide(gate, drawn, source.name) for gate in options.gates]
        analyses.extrapolate(source, rules, ks, result)
    if baseline is not None:
        _hold(sources, baseline, rules, ks, result)
    if result.decisions:
        result.decisions += [
            gates.refused(source.name, reason)
            for source in sources
            if (reason := source.standing.superseded) is not None
        ]
    if options.compare:
        result.comparisons += _compared(options, result.tables)
    analyses.weigh(rules, result)
    return result


def _leave_out(
    options: SweepOptions, rules: dict[str, Selector], sources: Sequence[Source]
) -> list[str]:
    """Drop the default rules that need fields which a source lacks; return a line for each.

    Rules of gates stay, and so does the last one, so that its error is shown.
    """
    if options.rules is not None:
        return []
    asserted = {rule for gate in options.gates for rule, _ in gate.terms}
    lines = []
    for name in [name for name in rules if name not in asserted]:
        lacks = (lack_of(name, rules[name], source.problems) for source in sources)
        lack = next(filter(None, lacks), None)
        if lack is not None and len(rules) > 1:
            del rules[name]
            lines.append(f"left out: {lack}")
    return lines


def _table(
    options: SweepOptions, source: Source, rules: Mapping[str, Selector], ks: Sequence[int]
) -> Table:
    priced = rates.rates_of(options.rates_by_source, source, options.eflops)
    return tabulate(source.problems, rules, ks, source=source.name, rates=priced, draw=options.draw)


def _costs_known(result: SweepResult, sources: Sequence[Source]) -> list[str]:
    """Say where rates come from, and for which sources the cost is unknown. UsageError if it is
    unknown for all."""
    options, given = result.options, result.options.rates_by_source
    used = {source.name: rates.rates_of(given, source) for source in sources}
    lines = [line for source in sources for line in rates.origins(given, source, options.axis)]
    return [*lines, *rates.check_known(options.axis, result.tables, used)]


def _hold(
    sources: Sequence[Source],
    baseline: Baseline | Source,
    rules: Mapping[str, Selector],
    ks: Sequence[int],
    result: SweepResult,
) -> None:
    """Compare every source with the baseline, and warn about what cannot be compared."""
    options = result.options
    old: Terms
    if isinstance(baseline, Baseline):
        old = baseline.terms
    else:
        old = terms_of(_table(options, baseline, rules, ks))
    tolerance = gates.Tolerance(options.max_drop, options.strict, options.ci or 95, options.seed)
    for source, table in zip(sources, result.tables, strict=True):
        new, names = terms_of(table), (source.name, baseline.name)
        compared = compare.between_pools(new, old, names, ci=options.ci, seed=options.seed)
        result.comparisons += compared
        result.decisions.append(gates.hold(new, old, names, compared, tolerance))
        result.warnings += not_compared(baseline.name, old, table)
        if isinstance(baseline, Baseline):
            result.warnings += made_otherwise(baseline, source.origin, options.conventions)


def _compared(options: SweepOptions, tables: Sequence[Table]) -> list[Comparison]:
    """Compare each further source with the first; of a single one, each further rule."""
    first, *others = tables
    if not others:
        return compare.between_rules(first, ci=options.ci, seed=options.seed)
    old, found = terms_of(first), []
    for table in others:
        names = (table.source, first.source)
        new = terms_of(table)
        found += compare.between_pools(new, old, names, ci=options.ci, seed=options.seed)
    return found
