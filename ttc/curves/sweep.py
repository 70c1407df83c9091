"""Options and sources → SweepResult: all that a sweep computes. Nothing is printed or read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ttc.curves import analyses, asserts, compare, curve, draw_noise, family, gates
from ttc.curves.against import hold
from ttc.curves.baseline import Baseline
from ttc.curves.caveats import caveats
from ttc.curves.compare import Comparison, terms_of
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
    rules = options.selectors()
    left_out = _leave_out(options, rules, sources)
    ks = list(options.ks or curve.default_ks(max(source.n for source in sources)))
    ks += [k for gate in options.gates for _, k in gate.terms]
    result = SweepResult(options, [_table(options, source, rules, ks) for source in sources])
    result.warnings += left_out
    for source, table in zip(sources, result.tables, strict=True):
        drawn = curve.curves_of(table, ci=options.ci, seed=options.seed, interval=options.interval)
        result.curves += drawn
        result.warnings += caveats(source, drawn, several=len(sources) > 1)
        result.decisions += [asserts.decide(gate, drawn, table) for gate in options.gates]
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
        result.comparisons += _compared(options, rules, result)
    result.comparisons = family.corrected(result.comparisons)
    result.warnings += family.caveats(result.comparisons, options.ci)
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
    return tabulate(
        source.problems, rules, ks, source=source.name, rates=options.rates, draw=options.draw
    )


def _hold(
    sources: Sequence[Source],
    baseline: Baseline | Source,
    rules: Mapping[str, Selector],
    ks: Sequence[int],
    result: SweepResult,
) -> None:
    """Compare every source with the baseline, and warn about what cannot be compared."""
    options = result.options
    values = None
    if not isinstance(baseline, Baseline):
        values = terms_of(_table(options, baseline, rules, ks))
    for source, table in zip(sources, result.tables, strict=True):
        hold(source, table, baseline, values, rules, result)


def _compared(
    options: SweepOptions, rules: Mapping[str, Selector], result: SweepResult
) -> list[Comparison]:
    """Compare each further source with the first; of a single one, each further rule."""
    first, *others = result.tables
    by_draws = options.population == "draws"
    if not others:
        of_draws = rules if by_draws else None
        return compare.between_rules(first, ci=options.ci, seed=options.seed, rules=of_draws)
    old, found = terms_of(first), []
    old_noise = draw_noise.of_table(first, rules) if by_draws else None
    for table in others:
        noise = None if old_noise is None else (draw_noise.of_table(table, rules), old_noise)
        found += compare.between_pools(
            terms_of(table),
            old,
            (table.source, first.source),
            ci=options.ci,
            seed=options.seed,
            noise=noise,
        )
        pools = [(each.source, each.problems) for each in (table, first)]
        result.warnings += family.unshared(*pools)
    return found
