"""What a sweep computes."""

from __future__ import annotations

from dataclasses import dataclass

from ttc import plugins
from ttc.curves import gates
from ttc.curves.cost_axes import axis_of
from ttc.curves.costs import Rates
from ttc.curves.gates import Gate
from ttc.curves.intervals import METHODS
from ttc.curves.table import DRAWS, UNKNOWN
from ttc.errors import UsageError, wrong_option
from ttc.selectors import Selector, spec

DEFAULT_RULES = ("coverage", "majority", "first-finish")


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What a sweep computes. UsageError for a value out of range.

    `rules` are specifications such as `majority:ties=strict`; None stands for those of
    DEFAULT_RULES that can be computed. `ks` are budgets; none stands for 1, 2, 4, … and the number
    of draws. `cost` is a flag of `cost_axes.AXES`; `rates` turn tokens into operations and money.
    `ci` is the level of all intervals in per cent, None for none; `interval` the method of those
    for problems like these (`intervals.METHODS`); `seed` that of all resampling.
    `ties`, `invalid` and `draw` are the conventions of every rule that takes them.

    Beyond the curves: `compare` further sources with the first one, or rules if there is only one
    source; `pareto` finds the frontier of value against cost; `predict` is a k beyond the draws
    for which coverage is extrapolated; `solve_verify` the number of verifications behind each
    score; `policy` finds the best rule and k by difficulty. `asserted` are gates such as
    `coverage@16>=0.6`. `max_drop` and `strict` apply to a baseline: how far a value may fall below
    it, and whether the value decides or its interval.

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
    rates: Rates = UNKNOWN
    compare: bool = False
    pareto: bool = False
    predict: int | None = None
    solve_verify: int | None = None
    policy: bool = False
    asserted: tuple[str, ...] = ()
    max_drop: float = 0.0
    strict: bool = False
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        axis_of(self.cost)
        for name, known in (("interval", METHODS), ("draw", DRAWS)):
            if (value := getattr(self, name)) not in known:
                raise wrong_option(name, value, f"there are {', '.join(known)}")
        if not all(isinstance(each, str) for each in self.by):
            raise wrong_option("by", self.by, "a tag has a text for its name")
        parts = [[name.strip() for name in each.split(",")] for each in self.by]
        for each, names in zip(self.by, parts, strict=True):
            if not all(names):
                raise wrong_option("by", each, "name a tag, or several with commas between them")
        object.__setattr__(self, "by", tuple(dict.fromkeys(map(",".join, parts))))
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

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that groups are made by."""
        return tuple(dict.fromkeys(name for each in self.by for name in each.split(",")))

    def selectors(self) -> dict[str, Selector]:
        """Return the rules by name, with those of the gates. UsageError for one that is unknown."""
        names = DEFAULT_RULES if self.rules is None else self.rules
        if not names:
            listed = ", ".join(plugins.installed("selectors"))
            raise UsageError(f"-s: name a rule: {listed}", python=f"rules: name a rule: {listed}")
        asserted = (rule for gate in self.gates for rule, _ in gate.terms)
        return {name: spec.build(name, self.conventions) for name in (*names, *asserted)}
