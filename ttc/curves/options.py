"""What a sweep computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ttc import plugins
from ttc.curves import gates
from ttc.curves.cost_axes import axis_of
from ttc.curves.costs import EFLOPS, Rates
from ttc.curves.gates import Gate
from ttc.curves.table import DRAWS, UNKNOWN
from ttc.errors import UsageError, wrong_option
from ttc.selectors import Selector, spec

DEFAULT_RULES = ("coverage", "majority", "first-finish")
INTERVALS = ("percentile", "bca")


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What a sweep computes. UsageError for a value out of range.

    `rules` are specifications such as `majority:ties=strict`; None stands for those of
    DEFAULT_RULES that can be computed. `ks` are budgets; none stands for 1, 2, 4, … and the number
    of draws. `cost` is a flag of `cost_axes.AXES`; `rates` turn tokens into operations and money,
    those of all sources or by source ("": of every other one); the geometry of models that ttc
    knows is added. `eflops` is the convention of that axis (`costs.EFLOPS`).
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
    rates: Rates | Mapping[str, Rates] = UNKNOWN
    eflops: str = EFLOPS[0]
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
        for name, known in (("interval", INTERVALS), ("draw", DRAWS), ("eflops", EFLOPS)):
            if (value := getattr(self, name)) not in known:
                raise wrong_option(name, value, f"there are {', '.join(known)}")
        if not 0 <= self.max_drop <= 1:
            raise wrong_option("max_drop", self.max_drop, "a share between 0 and 1")

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
