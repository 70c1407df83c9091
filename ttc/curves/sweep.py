"""Options and sources → SweepResult: all that a sweep computes. Nothing is printed or read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ttc import plugins
from ttc.curves import analyses, compare, curve, gates
from ttc.curves.baseline import Baseline, made_otherwise, not_compared
from ttc.curves.caveats import caveats
from ttc.curves.compare import Comparison, Terms, terms_of
from ttc.curves.compute_optimal import Policy
from ttc.curves.cost_axes import axis_of
from ttc.curves.costs import Rates
from ttc.curves.gates import Gate, GateResult
from ttc.curves.saturation import Saturation
from ttc.curves.scaling_laws import Prediction
from ttc.curves.solve_verify_split import Split
from ttc.curves.table import DRAWS, UNKNOWN, Table, lack_of, tabulate
from ttc.errors import GateError, UsageError, wrong_option
from ttc.records import Curve, Point
from ttc.selectors import Selector, spec

if TYPE_CHECKING:
    from ttc.outcomes import Source

DEFAULT_RULES = ("coverage", "majority", "first-finish")
INTERVALS = ("percentile", "bca")


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What a sweep computes. UsageError for a value out of range.

    `rules` are specifications such as `majority:ties=strict`; None stands for those of
    DEFAULT_RULES that can be computed. `ks` are budgets; none stands for 1, 2, 4, … and the number
    of draws. `cost` is a flag of `cost_axes.AXES`; `rates` turn tokens into operations and money.
    `ci` is the level of all intervals in per cent, None for none; `seed` that of all resampling.
    `ties`, `invalid` and `draw` are the conventions of every rule that takes them.

    Beyond the curves: `compare` further sources with the first one, or rules if there is only one
    source; `pareto` finds the frontier of value against cost; `predict` is a k beyond the draws
    for which coverage is extrapolated; `solve_verify` the number of verifications behind each
    score; `policy` finds the best rule and k by difficulty. `asserted` are gates such as
    `coverage@16>=0.6`. `max_drop` and `strict` apply to a baseline: how far a value may fall below
    it, and whether the value decides or its interval.
    """

    rules: tuple[str, ...] | None = None
    ks: tuple[int, ...] = ()
    cost: str = "tokens"
    ci: float | None = 95
    interval: str = "percentile"
    seed: int = 0
    ties: str = "split"
    invalid: str = "abstain"
    draw: str = "without"
    rates: Rates = UNKNOWN
    compare: bool = False
    pareto: bool = False
    predict: int | None = None
    solve_verify: int | None = None
    policy: bool = False
    asserted: tuple[str, ...] = ()
    max_drop: float = 0.0
    strict: bool = False

    def __post_init__(self) -> None:
        axis_of(self.cost)
        for name, known in (("interval", INTERVALS), ("draw", DRAWS)):
            if (value := getattr(self, name)) not in known:
                raise wrong_option(name, value, f"there are {', '.join(known)}")
        if not 0 <= self.max_drop <= 1:
            raise wrong_option("max_drop", self.max_drop, "a share between 0 and 1")

    @property
    def axis(self) -> str:
        """The name of the cost axis in JSON and CSV."""
        return axis_of(self.cost)

    @property
    def conventions(self) -> dict[str, str]:
        """The conventions that hold for every curve."""
        return {"ties": self.ties, "invalid": self.invalid, "draw": self.draw}

    @property
    def gates(self) -> list[Gate]:
        """The gates of `asserted`. UsageError for one that cannot be parsed."""
        return [gates.parse(text) for text in self.asserted]

    def selectors(self) -> dict[str, Selector]:
        """Return the rules by name, with those of the gates. UsageError for one that is unknown."""
        names = DEFAULT_RULES if self.rules is None else self.rules
        if not names:
            listed = ", ".join(plugins.installed("selectors"))
            raise UsageError(f"-s: name a rule: {listed}", python=f"rules: name a rule: {listed}")
        asserted = (rule for gate in self.gates for rule, _ in gate.terms)
        return {name: spec.build(name, self.conventions) for name in (*names, *asserted)}


@dataclass(slots=True)
class SweepResult:
    """What a sweep found.

    `tables` and `curves` are in the order of the sources; `predictions`, `saturations`, `splits`
    and `policies` are by name of the source. `decisions` are the gates, those of a baseline
    included. `frontier` is None if it was not asked for.
    """

    options: SweepOptions
    tables: Sequence[Table]
    curves: list[Curve] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    decisions: list[GateResult] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    predictions: dict[str, list[Prediction]] = field(default_factory=dict)
    saturations: dict[str, Saturation | None] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)
    policies: dict[str, list[Policy]] = field(default_factory=dict)
    frontier: list[tuple[Curve, Point]] | None = None

    @property
    def problems(self) -> dict[str, int]:
        """The number of problems of each source."""
        return {table.source: len(table.problems) for table in self.tables}

    def as_dict(self) -> dict[str, Any]:
        """Return the document of `ttc sweep --json`, schema 1."""
        from ttc.curves.document import document_of

        return document_of(self)

    def hold(self) -> None:
        """Raise GateError with the reasons if a gate is not met."""
        if broken := [decision.reason for decision in self.decisions if not decision.met]:
            raise GateError(f"not met: {'; '.join(broken)}")


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
