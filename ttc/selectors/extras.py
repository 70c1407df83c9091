"""What a selection rule, or the class that makes it, may have besides the protocol; asked with
`isinstance`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ttc.plugins.abilities import Ability
from ttc.records import Outcome

if TYPE_CHECKING:
    from ttc.selectors import Selector
    from ttc.selectors.exact.estimates import Estimate


@runtime_checkable
class Estimating(Ability, Protocol):
    """A rule whose means have an error, or that stops by itself."""

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return the mean at each k with its error, and the expected number of draws."""


@runtime_checkable
class Replacing(Ability, Protocol):
    """A rule that has a mean over draws with replacement (`sweep --draw with`)."""

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k draws with replacement, for each k."""


@runtime_checkable
class OverPrefixes(Ability, Protocol):
    """A rule that computes its means over all prefixes of a ranking at once, for `keep`."""

    def over_prefixes(self, ranked: Sequence[Outcome], m: int) -> Sequence[float] | None:
        """Return the mean over the m-subsets of the first r draws, for r = m..n; None if it cannot.

        Without it `keep` calls `expected` for each r.
        """


@runtime_checkable
class Stoppable(Ability, Protocol):
    """A rule that may stop before the last draw."""

    def stop(self, outcomes: Sequence[Outcome]) -> int:
        """Return after how many draws, taken in order, the rule stops."""


@runtime_checkable
class Windowed(Ability, Protocol):
    """A rule that looks at draws in batches of `window`."""

    window: int


@runtime_checkable
class Oracular(Ability, Protocol):
    """A rule that looks at `correct` if `oracle`, which is unknown to whoever has to choose."""

    oracle: bool


@runtime_checkable
class ScoredBy(Ability, Protocol):
    """A rule that needs the scores of these verifiers (`Outcome.scores`)."""

    scored_by: frozenset[str]


@runtime_checkable
class Conventional(Ability, Protocol):
    """A factory that takes those of sweep's switches (`ties`, `invalid`) as options."""

    conventions: frozenset[str]


@runtime_checkable
class Argued(Ability, Protocol):
    """A factory that takes NAME=ARGUMENT as the option called `argument`; `usage` is how to write
    it."""

    argument: str
    usage: str


@runtime_checkable
class Chaining(Ability, Protocol):
    """A factory of a filter if `chains`: the rule after `>` is its option `then`."""

    chains: bool


def is_oracle(rule: Selector) -> bool:
    """Return whether a rule looks at `correct`."""
    return isinstance(rule, Oracular) and bool(rule.oracle)


def scorers_of(rule: Selector) -> frozenset[str]:
    """Return the names of the verifiers whose scores a rule needs."""
    return frozenset(rule.scored_by) if isinstance(rule, ScoredBy) else frozenset()
