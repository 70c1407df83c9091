"""What `ttc sweep` does once its options are parsed."""

from __future__ import annotations

from dataclasses import dataclass

from ttc import jsonl, outcomes, plugins
from ttc.cli.run import sweep_output
from ttc.cli.run.sweep_output import COSTS, Result, Targets
from ttc.curves import analyses, curve, gates
from ttc.curves import compare as comparisons
from ttc.curves import table as cells
from ttc.curves.baseline import as_baseline, made_otherwise, read_baseline
from ttc.curves.costs import read_rates
from ttc.curves.gates import Decision
from ttc.curves.table import Table
from ttc.errors import Exit, GateError, UsageError
from ttc.selectors import Selector
from ttc.selectors import spec as naming
from ttc.session import Session

DEFAULT = "coverage,majority,first-finish"


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What was asked for."""

    sources: tuple[str, ...]
    selectors: str | None  # None: those of DEFAULT that can be computed
    budgets: str | None
    verifier: str | None
    cost: str
    ci: float
    seed: int
    ties: str = "split"
    invalid: str = "abstain"
    draw: str = "without"
    interval: str = "percentile"
    rates: str | None = None
    compare: bool = False
    pareto: bool = False
    predict: int | None = None
    solve_verify: int | None = None
    policy: bool = False
    asserted: tuple[str, ...] = ()
    baseline: str | None = None
    max_drop: float = 0.0
    strict: bool = False

    @property
    def conventions(self) -> dict[str, str]:
        """What every curve says of itself."""
        return {"ties": self.ties, "invalid": self.invalid, "draw": self.draw}


def sweep(session: Session, order: SweepOptions, mapping: str, targets: Targets) -> int:
    """Compute the curves of all sources and print them; return the exit code."""
    if order.cost not in COSTS:
        raise UsageError(f"--cost {order.cost}: there are {', '.join(COSTS)}")
    if order.interval not in ("percentile", "bca"):
        raise UsageError(f"--interval {order.interval}: there are percentile, bca")
    if targets.as_json and "-" in (targets.csv, targets.md, targets.plot):
        raise UsageError("--json and '-' both write to stdout; give the other a file name")
    rules = _selectors(order)
    asserted = [gates.parse(text) for text in order.asserted]
    terms = [term for gate in asserted for term in gate.terms]
    for rule, _ in terms:
        rules.setdefault(rule, naming.build(rule, order.conventions))
    renamed = jsonl.parse_mapping(mapping, outcomes.MAPPABLE)
    named = (*order.sources, *([order.baseline] if order.baseline is not None else []))
    wanted = outcomes.Wanted.by(order.verifier, renamed, rules.values(), named)
    read = [outcomes.read(session, name, wanted) for name in order.sources]
    left_out = _leave_out(order, rules, read, {rule for rule, _ in terms})
    kept = _baseline(order)
    ks = curve.read_ks(order.budgets) or curve.default_ks(max(source.n for source in read))
    ks = [*ks, *(k for _, k in terms)]
    tables = [_table(order, source, rules, ks) for source in read]
    result = Result(order.conventions, tables)
    result.warnings += left_out
    for source, table in zip(read, tables, strict=True):
        drawn = curve.curves_of(
            table, ci=order.ci or None, seed=order.seed, interval=order.interval
        )
        result.curves += drawn
        result.warnings += outcomes.warnings(source, drawn, several=len(read) > 1)
        result.decisions += [gates.decide(gate, drawn, source.name) for gate in asserted]
        analyses.extrapolate(order, source, rules, ks, result)
    if order.baseline is not None:
        base = kept if kept is not None else _swept_baseline(session, order, wanted, rules, ks)
        _hold(order, read, base, result)
    if result.decisions:
        result.decisions += _other_samples(read)
    if order.compare:
        result.comparisons += _compared(order, tables)
    if targets.save_baseline is not None:
        kept_as = as_baseline(tables[0], read[0].origin, order.conventions)
        sweep_output.save(targets.save_baseline, kept_as)
    analyses.weigh(order, rules, result)
    sweep_output.write(result, targets, order.cost)
    for line in result.warnings:
        session.say(f"note: {line}")
    if broken := [decision for decision in result.decisions if not decision.met]:
        raise GateError(f"not met: {'; '.join(decision.reason for decision in broken)}")
    return Exit.DONE


def _selectors(order: SweepOptions) -> dict[str, Selector]:
    specs = naming.split(DEFAULT if order.selectors is None else order.selectors)
    if not specs:
        raise UsageError(f"-s: name a rule: {', '.join(plugins.installed('selectors'))}")
    return {spec: naming.build(spec, order.conventions) for spec in specs}


def _leave_out(
    order: SweepOptions, rules: dict[str, Selector], read: list[outcomes.Source], asked: set[str]
) -> list[str]:
    """Drop the default rules that need fields which a source lacks; return a line for each. The
    last one stays, so that its error is shown."""
    if order.selectors is not None:
        return []
    lines = []
    for name in [name for name in rules if name not in asked]:
        reasons = (cells.unmet(name, rules[name], source.problems) for source in read)
        reason = next(filter(None, reasons), None)
        if reason is not None and len(rules) > 1:
            del rules[name]
            lines.append(f"left out: {reason}")
    return lines


def _table(
    order: SweepOptions, source: outcomes.Source, rules: dict[str, Selector], ks: list[int]
) -> Table:
    rates = read_rates(order.rates)
    return cells.tabulate(
        source.problems, rules, ks, source=source.name, rates=rates, draw=order.draw
    )


# What is compared, and with what.


def _baseline(order: SweepOptions) -> comparisons.Terms | None:
    """Return the values of a baseline file; None if it is a pool or a file of samples."""
    if order.baseline is None:
        if order.max_drop or order.strict:
            raise UsageError("--max-drop and --strict need --baseline")
        return None
    if not 0 <= order.max_drop <= 1:
        raise UsageError(f"--max-drop {order.max_drop}: a share between 0 and 1")
    return read_baseline(order.baseline)


def _swept_baseline(
    session: Session,
    order: SweepOptions,
    wanted: outcomes.Wanted,
    rules: dict[str, Selector],
    ks: list[int],
) -> comparisons.Terms:
    source = outcomes.read(session, str(order.baseline), wanted)
    return comparisons.terms_of(_table(order, source, rules, ks))


def _hold(
    order: SweepOptions, read: list[outcomes.Source], base: comparisons.Terms, result: Result
) -> None:
    """Compare every source with the baseline; warn of what cannot be compared."""
    for source, table in zip(read, result.tables, strict=True):
        compared = _with_baseline(order, table, base)
        result.comparisons += compared
        result.decisions.append(_against(order, table, base, compared))
        result.warnings += _not_compared(order, table, base)
        result.warnings += made_otherwise(str(order.baseline), source.origin, order.conventions)


def _other_samples(read: list[outcomes.Source]) -> list[Decision]:
    """Return a gate that is not met for each source without the latest samples."""
    reasons = [(source.name, source.standing.superseded) for source in read]
    return [gates.refused(name, reason) for name, reason in reasons if reason is not None]


def _with_baseline(
    order: SweepOptions, table: Table, base: comparisons.Terms
) -> list[comparisons.Comparison]:
    names = (table.source, str(order.baseline))
    terms = comparisons.terms_of(table)
    return comparisons.between_pools(terms, base, names, ci=order.ci or None, seed=order.seed)


def _not_compared(order: SweepOptions, table: Table, base: comparisons.Terms) -> list[str]:
    """Return a line about each thing that the gate does not see: a silent gap would pass."""
    lines = []
    there = {problem for values in base.values() for problem in values}
    if missing := sorted(there - set(table.problems)):
        named = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        lines.append(
            f"{table.source}: {len(missing)} of {len(there)} problems of {order.baseline} are "
            f"missing ({named}) and not compared"
        )
    terms = comparisons.terms_of(table)
    if unknown := [f"{rule}@{k}" for rule, k in terms if (rule, k) not in base]:
        lines.append(f"{order.baseline} has no {', '.join(unknown[:6])}: not compared")
    # A term that no problem has enough draws for is there without a value.
    valued = {term for term, values in terms.items() if values}
    if lost := [f"{rule}@{k}" for rule, k in base if (rule, k) not in valued]:
        more = f" and {len(lost) - 6} more" if len(lost) > 6 else ""
        lines.append(
            f"{order.baseline} has {', '.join(lost[:6])}{more}, and {table.source} has no value "
            "there with these -s and -k, or has too few draws: not compared"
        )
    fewer = [f"{r}@{k}" for r, k in base if 0 < len(terms.get((r, k), ())) < len(base[r, k])]
    if fewer and not missing:
        lines.append(
            f"{table.source} has too few draws of some problems for {', '.join(fewer[:6])}; these "
            f"problems of {order.baseline} are not compared"
        )
    return lines


def _against(
    order: SweepOptions,
    table: Table,
    base: comparisons.Terms,
    compared: list[comparisons.Comparison],
) -> Decision:
    tolerance = gates.Tolerance(order.max_drop, order.strict, order.ci or 95, order.seed)
    names = (table.source, str(order.baseline))
    return gates.hold(comparisons.terms_of(table), base, names, compared, tolerance)


def _compared(order: SweepOptions, tables: list[Table]) -> list[comparisons.Comparison]:
    """Compare each further source with the first; of a single one, each further rule."""
    ci, seed = order.ci or None, order.seed
    if len(tables) == 1:
        return comparisons.between_rules(tables[0], ci=ci, seed=seed)
    first = comparisons.terms_of(tables[0])
    found = []
    for table in tables[1:]:
        terms = comparisons.terms_of(table)
        names = (table.source, tables[0].source)
        found += comparisons.between_pools(terms, first, names, ci=ci, seed=seed)
    return found
