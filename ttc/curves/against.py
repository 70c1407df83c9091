"""A source against its baseline: comparisons, the gate, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ttc.curves import baseline_draws, compare, gates
from ttc.curves.baseline import Baseline, check_overlap, made_otherwise, not_compared
from ttc.curves.compare import Terms, terms_of
from ttc.curves.comparing import draw_noise
from ttc.curves.result import SweepResult
from ttc.curves.suite_tests.drops import one_sided
from ttc.curves.suite_tests.falls import Side
from ttc.curves.table import Cell, Table
from ttc.errors import UsageError
from ttc.messages.counts import some
from ttc.selectors import Selector

if TYPE_CHECKING:
    from ttc.outcomes import Source


def hold(
    source: Source,
    table: Table,
    baseline: Baseline | Source,
    values: Terms | None,
    rules: Mapping[str, Selector],
    result: SweepResult,
) -> None:
    """Add the comparisons of a source with a baseline, the gate, and notes.

    `values` are those of a baseline that is a source. UsageError if nothing can be compared, or
    the question is about draws that the baseline does not have.
    """
    options, names = result.options, (source.name, baseline.name)
    new_terms = terms_of(table)
    if isinstance(baseline, Baseline):
        old = Side(baseline.terms, baseline.draws, baseline_draws.held(rules, baseline.fields))
        problems = source.problems
        if "answer" in baseline.fields:
            problems = baseline_draws.digested(problems)
        new = Side(new_terms, problems, frozenset(rules))
        result.warnings += made_otherwise(baseline, source.origin, options.conventions)
    else:
        old = Side(values or {}, baseline.problems, frozenset(rules))
        new = Side(new_terms, source.problems, frozenset(rules))
    check_overlap(baseline.name, old.terms, table)
    population = _population(options.population, old, baseline.name)
    noise = None
    if population == "draws":
        held = {name: rule for name, rule in rules.items() if name in old.held}
        earlier = _table(old, options.draw)
        noise = [draw_noise.of_table(table), draw_noise.of_table(earlier, held)]
    compared = compare.between_pools(
        new_terms,
        old.terms,
        names,
        ci=options.ci,
        seed=options.seed,
        noise=noise,
    )
    result.comparisons += compared
    tolerance = gates.Tolerance(
        options.max_drop,
        options.strict,
        options.ci or 95,
        options.seed,
        population,
        options.draw,
    )
    result.decisions.append(gates.hold(new, old, rules, names, compared, tolerance))
    result.warnings += not_compared(baseline.name, old.terms, table)
    if not options.strict:
        shared = max(each.problems for each in compared)
        result.warnings += _limits(old, baseline.name, rules, tolerance, shared)


def _table(side: Side, draw: str) -> Table:
    """Return the draws of a side as a table of its terms without values."""
    names = tuple(sorted(side.problems))
    cells = [Cell(rule, k, [], []) for rule, k in side.terms]
    return Table("", names, [side.problems[name] for name in names], cells, draw)


def _population(asked: str | None, old: Side, name: str) -> str:
    """Return the question that is answered: what was asked, or draws where there are any."""
    if asked == "draws" and not old.problems:
        why = f"{name} has values and no draws: save it again, or ask about "
        raise UsageError(f"{why}--population problems", python=f"{why}population='problems'")
    return asked or ("draws" if old.problems else "problems")


def _limits(
    old: Side,
    name: str,
    rules: Mapping[str, Selector],
    tolerance: gates.Tolerance,
    shared: int,
) -> list[str]:
    """Return what the gate's tests cannot see, a line each."""
    lines = []
    if not old.problems:
        lines.append(
            f"{name} has values and no draws (ttc 0.1.0 saved none), so its problems cannot be "
            "tested one by one: the gate asks about problems like these, and takes it that both "
            "have as many draws; save it again with --save-baseline"
        )
    elif tolerance.population == "draws":
        compared = {rule for rule, _ in old.terms if rule in rules}
        if lacking := sorted(compared - old.held):
            lines.append(
                f"{name} holds no text or other fields for {', '.join(lacking)}: their means are "
                "tested, not each problem; name a pool as the baseline"
            )
    if tolerance.population == "problems" and 0.5**shared > one_sided(tolerance.level):
        lines.append(
            f"{some(shared, 'problem is', 'problems are')} too few to tell a drop from chance if "
            "problems vary, too: the gate holds whatever they are; --population draws asks about "
            "these problems"
        )
    return lines
