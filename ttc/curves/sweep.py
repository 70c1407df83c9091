"""Options and sources → SweepResult: all that a sweep computes. Nothing is printed or read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ttc.curves import analyses, asserts, compare, curve, gates, grading, groups, rates
from ttc.curves.against import hold
from ttc.curves.baseline import Baseline
from ttc.curves.caveats import caveats
from ttc.curves.compare import Comparison, terms_of
from ttc.curves.comparing import draw_noise, family
from ttc.curves.intervals import fixed_suite
from ttc.curves.lack import LeftOut, Missing, nothing_left, unscored
from ttc.curves.options import DEFAULT_RULES, SweepOptions
from ttc.curves.posteriors import posteriors
from ttc.curves.result import SweepResult
from ttc.curves.table import Table, tabulate_computable
from ttc.errors import UsageError
from ttc.formats import mapping
from ttc.messages.progress import SILENT, Progress, Stage
from ttc.records import Curve
from ttc.selectors import Selector
from ttc.selectors.oracles import why_oracles

if TYPE_CHECKING:
    from ttc.outcomes import Source

__all__ = ["DEFAULT_RULES", "SweepOptions", "SweepResult", "sweep"]


def sweep(
    options: SweepOptions,
    sources: Sequence[Source],
    baseline: Baseline | Source | None = None,
    progress: Progress = SILENT,
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
    named = [*names, *([] if baseline is None else [baseline.name])]
    rates.check_sources(options.rates_by_source, named)
    rules = options.selectors()
    told = _notes_of_files(sources, baseline)
    notes = grading.leave_out(options.value, rules, [r for g in options.gates for r, _ in g.terms])
    sources, unscored = grading.grade(options.value, sources)
    if baseline is not None and not isinstance(baseline, Baseline):
        (baseline,), lost = grading.grade(options.value, [baseline])
        unscored += lost
    ks = options.budgets(max(source.n for source in sources))
    with progress.stage("computing", "problems", sum(len(s.problems) for s in sources)) as stage:
        tables = [_table(options, source, rules, ks, stage) for source in sources]
    with progress.stage("intervals and comparisons"):
        result = SweepResult(options, [_measured(options, table) for table in tables])
        result.warnings += [*told, *unscored, *notes]
        _complete(result, rules, sources, baseline, ks)
    return result


def _complete(
    result: SweepResult,
    rules: Mapping[str, Selector],
    sources: Sequence[Source],
    baseline: Baseline | Source | None,
    ks: Sequence[int],
) -> None:
    """Add the curves, and what else the options ask for, to the values."""
    options = result.options
    _leave_out(result)
    result.warnings += _costs_known(result, sources)
    for source, table in zip(sources, result.tables, strict=True):
        drawn = _curves(options, table)
        result.curves += drawn
        result.warnings += caveats(source, drawn, several=len(sources) > 1)
        result.decisions += [asserts.decide(gate, drawn, table) for gate in options.gates]
        _by_group(options, source, table, result)
        known = {name: rule for name, rule in rules.items() if name not in table.left_out}
        analyses.extrapolate(source, known, ks, result)
        analyses.inspect(source, known, table, drawn, result)
        result.posteriors += posteriors(table, known, options.ci)
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
    analyses.weigh(result)


def _notes_of_files(sources: Sequence[Source], baseline: Baseline | Source | None) -> list[str]:
    """Return what to say about --map, and about the lines of the baseline. UsageError for a mapped
    field that no record has."""
    beside = [] if baseline is None or isinstance(baseline, Baseline) else [baseline]
    maps = [(each.name, each.mapped) for each in (*sources, *beside)]
    told = [f"{each.name}: {line}" for each in beside for line in each.notes]
    return told + mapping.check((name, each) for name, each in maps if each is not None)


def _leave_out(result: SweepResult) -> None:
    """Note the rules that could not be computed for a source.

    UsageError if a gate or a target is about one of them, or if no rule is left for any source.
    """
    asserted = {rule for gate in result.options.gates for rule, _ in gate.terms}
    asserted |= {target.rule for target in result.options.targets}
    several = len(result.tables) > 1
    lost = []
    for table in result.tables:
        for rule, missing in table.left_out.items():
            found = missing.of(table.source) if several else missing
            if rule in asserted:
                raise found.error
            lost.append(found)
        _note_left_out(result, table, several=several)
    if not any(table.cells for table in result.tables):
        raise nothing_left(lost)


def _note_left_out(result: SweepResult, table: Table, *, several: bool) -> None:
    for rule, missing in table.left_out.items():
        result.left_out.append(LeftOut(table.source, rule, missing.reason))
        of = f" of {table.source}" if several else ""
        result.warnings.append(f"left out{of}: {missing.reason}")


def _table(
    options: SweepOptions,
    source: Source,
    rules: Mapping[str, Selector],
    ks: Sequence[int],
    stage: Stage | None = None,
) -> Table:
    """Return the values of the rules that can be computed over a source."""
    lost = {
        name: Missing(f"{name} needs a score: {error}", error)
        for name, rule in rules.items()
        if (error := unscored(rule, source.unscored)) is not None
    }
    scored = {name: rule for name, rule in rules.items() if name not in lost}
    name, draw = source.name, options.draw
    priced = rates.rates_of(options.rates_by_source, source, options.eflops)
    table = tabulate_computable(
        source.problems, scored, ks, source=name, rates=priced, draw=draw, stage=stage
    )
    draws = [draw for outcomes in source.problems.values() for draw in outcomes]
    oracles = why_oracles(scored, draws, source.scored)
    return replace(table, oracles=oracles, left_out={**lost, **table.left_out})


def _measured(options: SweepOptions, table: Table) -> Table:
    """Return a table with the variances by draws, for its intervals and those of its groups."""
    return table if options.ci is None else replace(table, noise=fixed_suite.measure(table))


def _costs_known(result: SweepResult, sources: Sequence[Source]) -> list[str]:
    """Say where rates come from, and for which sources the cost is unknown. UsageError if it is
    unknown for all."""
    options, given = result.options, result.options.rates_by_source
    used = {source.name: rates.rates_of(given, source) for source in sources}
    lines = [line for source in sources for line in rates.origins(given, source, options.axis)]
    return [*lines, *rates.check_known(options.axis, result.tables, used)]


def _curves(options: SweepOptions, table: Table) -> list[Curve]:
    return curve.curves_of(table, ci=options.ci, seed=options.seed, interval=options.interval)


def _by_group(options: SweepOptions, source: Source, table: Table, result: SweepResult) -> None:
    """Add the groups of a source and their curves."""
    found = [group for by in options.by for group in groups.groups_of(source, by)]
    result.groups += found
    result.by_group += groups.curves_by(table, found, partial(_curves, options))
    result.warnings += groups.notes(source, found)


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
        table = _table(options, baseline, rules, ks)
        _note_left_out(result, table, several=True)
        if not table.cells:
            raise nothing_left([each.of(baseline.name) for each in table.left_out.values()])
        values = terms_of(table)
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
    old_noise = draw_noise.of_table(first) if by_draws else None
    for table in others:
        noise = None if old_noise is None else (draw_noise.of_table(table), old_noise)
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
