"""`ttc.sweep`, `ttc.compare` and `ttc.gate`: what budgets and rules score, from stored samples."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from ttc import outcomes
from ttc.api.calling import File, Shown, begin, check_names, shown_by
from ttc.api.results import Sweep
from ttc.api.sources import Source, StoredPool, named
from ttc.api.wording import in_python, python_errors
from ttc.curves import sweep as curves
from ttc.curves.baseline import Baseline, read_baseline
from ttc.curves.compare import Comparison
from ttc.curves.costs import Rates
from ttc.curves.gates import GateResult
from ttc.curves.rates import convert_rates
from ttc.curves.sweep import SweepOptions
from ttc.errors import GateError, UsageError
from ttc.messages.progress import Progress
from ttc.options import split_specs
from ttc.outcomes.wanted import Wanted
from ttc.samples.recipe import whole
from ttc.selectors import spec

if TYPE_CHECKING:
    from typing_extensions import Unpack

# Selection rules: a text with commas between them, or a list.
Rules: TypeAlias = "str | Sequence[str] | None"


class SweepArguments(TypedDict, total=False):
    """What a sweep reads and computes, by the names of `ttc sweep`'s options.

    `verifier` is the one whose verdicts count (None: the only one there is), `mapping` renames the
    fields of foreign lines (see `ttc.formats.mapping`), `format` is the kind of a file (None: by
    its bytes), `database` the store, and `config` a settings file, not the user's (None: as set).

    The curves: `ks` are the budgets in draws (none: 1, 2, 4, … n). `cost` is the axis of cost in
    plots and tables, of the frontier and of policies (`ttc.curves.cost_axes.AXES`); `rates` is a
    TOML file, `Rates` or a mapping of rates, for FLOPs and money, or a mapping of these by source
    ("": of every other one), beside what ttc knows of a pool's model; `eflops` is race or
    kinetics. `ci` is the level of intervals in per cent (None: none), `interval` the method of
    those for problems like these (`ttc.curves.intervals.METHODS`), `seed` that of resampling.
    `ties`, `invalid` and `draw` are the conventions. `value` is what a draw is worth: `correct` (0
    or 1), `score`, or `score:VERIFIER`.

    Beyond the curves: `compare`, `pareto`, `predict` (a k beyond the draws), `solve_verify` (the
    verifications behind each score) and `policy`. `oracle` lets oracles, which pick by what
    only the reference tells, be candidates of these. `until` are targets such as `coverage=0.9`,
    `bounds` shows what undecided and truncated draws leave open, `confusion` names verifiers (the
    first is taken as the truth), `agreement` judges to compare with themselves. `asserted` are
    gates such as `coverage@16>=0.6`, or `each:mean@1>=0.8` for every problem; `baseline` is a pool
    or a file to compare with, below which no problem and no mean may fall by more than `max_drop`
    (a share of 1) beyond chance, or with `strict` no mean by its value. `population` is what may
    vary by chance: `draws` (of these problems; None for a baseline) or `problems`, of which these
    are a sample.

    `by` groups the problems by a tag (`level`), or by several crossed (`level,subject`); a list has
    several groupings. `progress` is as for `ttc.sample`, and off.
    """

    ks: int | Sequence[int] | None
    verifier: str | None
    mapping: Mapping[str, str]
    format: str | None
    cost: str
    rates: File | Rates | Mapping[str, Any] | None
    eflops: str
    ci: float | None
    interval: str
    seed: int
    ties: str
    invalid: str
    draw: str
    compare: bool
    pareto: bool
    predict: int | None
    solve_verify: int | None
    policy: bool
    oracle: bool
    asserted: str | Sequence[str]
    until: str | Sequence[str]
    bounds: bool
    confusion: str | Sequence[str]
    agreement: str | Sequence[str]
    baseline: Source | None
    max_drop: float
    strict: bool
    by: str | Sequence[str]
    value: str
    population: str | None
    database: File | None
    config: File | None
    progress: Shown


@dataclass(frozen=True, slots=True)
class Gates:
    """What came of a gate: true if it is met.

    `decisions` has one for each assertion or baseline and each source, `sweep` the values behind
    them.
    """

    decisions: tuple[GateResult, ...]
    sweep: Sweep

    @property
    def met(self) -> bool:
        """Whether every gate is met."""
        return all(decision.met for decision in self.decisions)

    @property
    def reasons(self) -> list[str]:
        """Why gates are not met, a line each; none if all are."""
        return [in_python(each.reason) for each in self.decisions if not each.met]

    def hold(self) -> None:
        """Raise GateError with the reasons if a gate is not met."""
        if not self.met:
            raise GateError(f"not met: {'; '.join(self.reasons)}")

    def __bool__(self) -> bool:
        return self.met

    def __repr__(self) -> str:
        return "Gates(met)" if self.met else f"Gates(not met: {'; '.join(self.reasons)})"


def sweep(*sources: Source, rules: Rules = None, **options: Unpack[SweepArguments]) -> Sweep:
    """Compute what each selection rule scores at each budget, from stored samples.

    A point is the exact mean of the rule over all k-subsets of a problem's draws, averaged over
    problems, with an interval for these problems (`low_draws`, `high_draws`) and one for problems
    like these (`low`, `high`); pass@k as in Chen et al. (2021), https://arxiv.org/abs/2107.03374.
    No model is called. A source is a pool or its name, a file of judged lines, or a list of such
    records, or of samples with their verdicts. `rules` is a list, or a text with commas (None:
    coverage, majority and first-finish). See `ttc.api.SweepArguments` for the options.

    UsageError for a wrong option or source, or if no rule can be computed; for gates see `gate`.
    """
    with python_errors():
        check_names("sweep", options, SweepArguments)
        baseline = options.get("baseline")
        given = [*sources, *([] if baseline is None else [baseline])]
        # Names beside a pool are those of its store.
        home = next((source.database for source in given if isinstance(source, StoredPool)), None)
        session = begin("sweep", options.get("database") or home, options.get("config"))
        progress = shown_by(options.get("progress", False))
        wanted, found = _read_options(rules, options), _Reader(session.database, progress)
        reading = Wanted.by(
            wanted.selectors().values(),
            verifier=options.get("verifier"),
            mapping=options.get("mapping"),
            beside=[named(source)[0] for source in given],
            options=wanted,
            form=options.get("format"),
        )
        read = [found.read(source, reading) for source in sources]
        old = None if baseline is None else found.read_baseline(baseline, reading)
        result = curves.sweep(wanted, read, old, progress)
        return Sweep(result, tuple(source.origin for source in read))


def compare(
    *sources: Source, rules: Rules = None, **options: Unpack[SweepArguments]
) -> list[Comparison]:
    """Compare further sources with the first one, or the rules of a single source, problem by
    problem.

    A record has both means over the problems in common, their difference with p, the interval that
    inverts the same test, p corrected for all comparisons (Holm), and the minimum detectable effect
    (`ttc.Comparison`). `population` asks about `problems` like these (the default) or other `draws`
    of these. Arguments and errors are those of `sweep`; UsageError also if two sources have no
    problem, or no rule at a budget, in common.
    """
    options["compare"] = True
    return sweep(*sources, rules=rules, **options).comparisons


def gate(
    *sources: Source,
    rules: Rules = None,
    raises: bool = False,
    **options: Unpack[SweepArguments],
) -> Gates:
    """Decide assertions and comparisons with a baseline, as `ttc sweep` does for CI.

    Name `asserted`, a `baseline`, or both. With `raises`, GateError if a gate is not met.
    Arguments and errors are those of `sweep`; UsageError also if there is nothing to decide, or a
    value stands on fewer problems than the source has.
    """
    if not options.get("asserted") and options.get("baseline") is None:
        raise UsageError("nothing to decide: pass asserted='coverage@8>=0.5', or a baseline")
    swept = sweep(*sources, rules=rules, **options)
    found = Gates(tuple(swept.decisions), swept)
    if raises:
        found.hold()
    return found


def _read_options(rules: Rules, options: SweepArguments) -> SweepOptions:
    """Return the arguments that a sweep computes by, in the types that it takes."""
    known = {field.name for field in fields(SweepOptions)}
    plain: dict[str, Any] = {name: each for name, each in options.items() if name in known}
    named_rules = spec.split(rules) if isinstance(rules, str) else rules
    plain["rules"] = None if named_rules is None else tuple(named_rules)
    ks = () if (given := options.get("ks")) is None else given
    budgets = tuple(ks) if isinstance(ks, Iterable) else (ks,)
    plain["ks"] = tuple(whole("each of ks", k, 1) for k in budgets)
    for name in ("by", "asserted", "until"):
        each = plain.get(name) or ()
        alone = isinstance(each, str) or not isinstance(each, Iterable)
        plain[name] = (each,) if alone else tuple(each)
    for name in ("confusion", "agreement"):
        each = plain.get(name) or ()
        plain[name] = split_specs(each) if isinstance(each, str) else tuple(each)
    plain["rates"] = convert_rates(options.get("rates"))
    return SweepOptions(**plain)


class _Reader:
    """Reads sources; those in memory are called data, data.2, …"""

    def __init__(self, database: Path, progress: Progress) -> None:
        self._database, self._progress = database, progress
        self._lists = 0

    def read(self, source: Source, wanted: Wanted) -> outcomes.Source:
        """Return the judged draws of a source. UsageError if there are none."""
        name, lines = named(source)
        if not isinstance(lines, str):
            self._lists += 1
            name = name if self._lists == 1 else f"{name}.{self._lists}"
            return outcomes.read_lines(name, lines, wanted, self._progress)
        if isinstance(source, StoredPool):
            return outcomes.read_pool(source.database, name, wanted, self._progress)
        return outcomes.read(self._database, name, wanted, self._progress)

    def read_baseline(self, source: Source, wanted: Wanted) -> Baseline | outcomes.Source:
        """Return the values of a baseline's file, or the draws of another source."""
        path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
        kept = None if path is None else read_baseline(path)
        return self.read(source, wanted) if kept is None else kept
