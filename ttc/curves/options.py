"""What a sweep computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from ttc import plugins
from ttc.curves import asserts, grading
from ttc.curves.asserts import Gate
from ttc.curves.cost_axes import axis_of
from ttc.curves.costs import EFLOPS, Rates
from ttc.curves.curve import default_ks
from ttc.curves.gates import POPULATIONS
from ttc.curves.inquiries import draws_until
from ttc.curves.inquiries.draws_until import Target
from ttc.curves.intervals import METHODS
from ttc.curves.table import DRAWS, UNKNOWN
from ttc.errors import UsageError, wrong_option
from ttc.selectors import Selector, spec, worth

DEFAULT_RULES = ("coverage", "majority", "first-finish")


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What a sweep computes. UsageError for a value out of range.

    `rules` are specifications such as `majority:ties=strict`; None stands for those of
    DEFAULT_RULES that can be computed. `ks` are budgets; none stands for 1, 2, 4, … and the number
    of draws. A rule may name one (`pass@8`, `maj@16`), which is added for all rules; if each does,
    those are the budgets. `cost` is a flag of `cost_axes.AXES`; `rates` turn tokens into operations
    and money, those of all sources or by source ("": of every other one); the geometry of models
    that ttc knows is added. `eflops` is the convention of that axis (`costs.EFLOPS`). `value` says
    what a draw is worth: `correct` (0 or 1), `score` (that of its verdict) or `score:VERIFIER`.

    `ci` is the level of all intervals in per cent, None for none; `interval` the method of those
    for problems like these (`intervals.METHODS`); `seed` that of all resampling.
    `ties`, `invalid` and `draw` are the conventions of every rule that takes them.

    Beyond the curves: `compare` further sources with the first one, or rules if there is only one
    source; `pareto` finds the frontier of value against cost; `predict` is a k beyond the draws
    for which coverage is extrapolated; `solve_verify` the number of verifications behind each
    score; `policy` finds the best rule and k by difficulty. Oracles (`ttc.selectors.oracles`) are
    candidates of none of these, unless `oracle`. `until` are targets such as `coverage=0.9`, whose
    draws are estimated; `bounds` shows what undecided and truncated draws leave open; `confusion`
    are verifiers of which the first is taken as the truth for the others; `agreement` are judges
    that are compared with themselves. `asserted` are gates such as `coverage@16>=0.6` or
    `each:mean@1>=0.8`. `max_drop` and `strict` apply to a baseline: how far a value may fall below
    it, and whether the values of means decide. `population` is what may vary by chance: the `draws`
    of these problems, or `problems`, of which these are a sample. None is draws for a baseline.

    `by` are tags to group the problems by, or several of them with commas between: `level`,
    `level,subject`. Gates, comparisons and predictions are about all problems.
    """

    rules: tuple[str, ...] | None = None
    ks: tuple[int, ...] = ()
    cost: str = "tokens"
    ci: float | None = 95
    interval: str = METHODS[0]
    seed: int = 0
    ties: str = "split"
    invalid: str = "abstain"
    draw: str = "without"
    rates: Rates | Mapping[str, Rates] = UNKNOWN
    eflops: str = EFLOPS[0]
    compare: bool = False
    pareto: bool = False
    predict: int | None = None
    solve_verify: int | None = None
    policy: bool = False
    oracle: bool = False
    asserted: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    bounds: bool = False
    confusion: tuple[str, ...] = ()
    agreement: tuple[str, ...] = ()
    max_drop: float = 0.0
    strict: bool = False
    by: tuple[str, ...] = ()
    value: str = "correct"
    population: str | None = None

    def __post_init__(self) -> None:
        axis_of(self.cost)
        for name, known in (("interval", METHODS), ("draw", DRAWS), ("eflops", EFLOPS)):
            if (value := getattr(self, name)) not in known:
                raise wrong_option(name, value, f"there are {', '.join(known)}")
        if not all(isinstance(each, str) for each in self.by):
            raise wrong_option("by", self.by, "a tag has a text for its name")
        parts = [[name.strip() for name in each.split(",")] for each in self.by]
        for each, names in zip(self.by, parts, strict=True):
            if not all(names):
                raise wrong_option("by", each, "name a tag, or several with commas between them")
        object.__setattr__(self, "by", tuple(dict.fromkeys(map(",".join, parts))))
        worth.check(self.value)
        for name in ("predict", "solve_verify", "policy", "bounds") if self.graded else ():
            if getattr(self, name):
                flag, why = (
                    f"--{name.replace('_', '-')}",
                    "counts right and wrong draws, not scores",
                )
                raise UsageError(
                    f"{flag} {why}; leave --value away", python=f"{name} {why}; leave out value"
                )
        if self.population is not None and self.population not in POPULATIONS:
            listed = ", ".join(POPULATIONS)
            raise wrong_option("population", self.population, f"there are {listed}")
        if not 0 <= self.max_drop <= (inf if self.graded else 1):
            raise wrong_option("max_drop", self.max_drop, "a share between 0 and 1")
        if len(self.confusion) == 1 or len(set(self.confusion)) < len(self.confusion):
            why = "name two verifiers or more; the first is taken as the truth"
            raise wrong_option("confusion", ",".join(self.confusion), why)

    @property
    def axis(self) -> str:
        """The name of the cost axis in JSON and CSV."""
        return axis_of(self.cost)

    @property
    def rates_by_source(self) -> Mapping[str, Rates]:
        """The rates by source; "" has those of every other one."""
        return {"": self.rates} if isinstance(self.rates, Rates) else self.rates

    @property
    def conventions(self) -> dict[str, str]:
        """The conventions that hold for every curve."""
        value = {"value": self.value} if self.graded else {}
        return {"ties": self.ties, "invalid": self.invalid, "draw": self.draw, **value}

    @property
    def graded(self) -> bool:
        """Whether draws are worth a score, not 0 or 1."""
        return self.value != worth.CORRECT

    @property
    def defaults(self) -> tuple[str, ...]:
        """The rules that None stands for."""
        return grading.DEFAULT_RULES if self.graded else DEFAULT_RULES

    @property
    def gates(self) -> list[Gate]:
        """The gates of `asserted`. UsageError for one that cannot be parsed."""
        return [asserts.parse(text) for text in self.asserted]

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that groups are made by."""
        return tuple(dict.fromkeys(name for each in self.by for name in each.split(",")))

    @property
    def targets(self) -> list[Target]:
        """The targets of `until`. UsageError for one that cannot be parsed."""
        return [draws_until.parse(text) for text in self.until]

    def selectors(self) -> dict[str, Selector]:
        """Return the rules by name, with those of gates and targets. UsageError for one that is
        unknown."""
        names = self.defaults if self.rules is None else self.rules
        if not names:
            listed = ", ".join(plugins.installed("selectors"))
            raise UsageError(f"-s: name a rule: {listed}", python=f"rules: name a rule: {listed}")
        asserted = (rule for gate in self.gates for rule, _ in gate.terms)
        aimed = (target.rule for target in self.targets)
        ours = (spec.named(name).rule for name in (*names, *asserted, *aimed))
        return {name: spec.build(name, self.conventions) for name in ours}

    def budgets(self, n: int) -> list[int]:
        """Return the budgets of all rules, for sources with at most n draws a problem.

        They are `ks` and those of rules such as `maj@16`, or 1, 2, 4, … n if neither names one for
        each rule.
        """
        named = [spec.named(name).k for name in self.rules or ()]
        given = [k for k in named if k is not None]
        rest = self.ks or (() if given and None not in named else default_ks(n))
        asserted = [k for gate in self.gates for _, k in gate.terms]
        return [*rest, *given, *asserted]
