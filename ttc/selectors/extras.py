"""Optional protocols of a selection rule, or of the class that makes it; tested by `isinstance`.

`Estimating` is in `exact.estimates`, beside the estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ttc.plugins.abilities import Ability
from ttc.records import Outcome


@runtime_checkable
class Replacing(Ability, Protocol):
    """A rule that has a mean over draws with replacement (`sweep --draw with`)."""

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k draws with replacement, for each k."""


@runtime_checkable
class LeavingOut(Ability, Protocol):
    """A rule that computes its means without each one of the draws at once.

    `ttc.curves.intervals.draw_variance` asks it; without it each distinct draw is left out in turn.
    """

    def without_each(
        self, outcomes: Sequence[Outcome], ks: Sequence[int]
    ) -> tuple[Sequence[int], Sequence[Sequence[float]]] | None:
        """Return the means over the k-subsets of all draws but one, for each k in 1..n − 1.

        Draws whose absence gives the same means are listed once: how many they are, and a row
        with their mean at each k. The numbers add up to n. None if the rule cannot.
        """


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
        """Return the number of draws, taken in order, after which the rule stops."""


@runtime_checkable
class Thinking(Ability, Protocol):
    """A rule that, if `thinks` is a number, waits until the thoughts of so many draws have ended,
    cancels the other draws and lets those write their answers."""

    thinks: int | None


@runtime_checkable
class Windowed(Ability, Protocol):
    """A rule that looks at draws in batches of `window`."""

    window: int


@runtime_checkable
class Oracular(Ability, Protocol):
    """A rule that, if `oracle` is true, picks by `correct`, as coverage does."""

    oracle: bool


@runtime_checkable
class ScoredBy(Ability, Protocol):
    """A rule that needs the scores of these verifiers (`Outcome.scores`)."""

    scored_by: frozenset[str]


@runtime_checkable
class Conventional(Ability, Protocol):
    """A factory that takes the options `conventions` (`ties`, `invalid`) from those of a sweep."""

    conventions: frozenset[str]


@runtime_checkable
class Argued(Ability, Protocol):
    """A factory that takes the argument of NAME=ARGUMENT as the option named `argument`.

    `usage` is the form that errors suggest.
    """

    argument: str
    usage: str


@runtime_checkable
class Chaining(Ability, Protocol):
    """A factory that, if `chains` is true, takes the rule after `>` as the option `then`."""

    chains: bool


@runtime_checkable
class Graded(Ability, Protocol):
    """A rule that, if `graded` is true, takes `Outcome.worth` for the value of a draw.

    The others count right and wrong draws, so that they have no value where draws have scores.
    """

    graded: bool


@runtime_checkable
class Measuring(Ability, Protocol):
    """A metric whose value is not the mean worth of draws that it picks."""

    def measure(self, outcomes: Sequence[Outcome]) -> float:
        """Return the value on these draws."""


@runtime_checkable
class HasPosterior(Ability, Protocol):
    """A metric with a posterior distribution; `bounds` are its least and largest value."""

    bounds: tuple[float, float]

    def variances(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k-subsets of the posterior variance on one problem, for each k."""


def is_graded(rule: object) -> bool:
    """Return whether a rule has a value where draws have scores."""
    return isinstance(rule, Graded) and bool(rule.graded)


def thoughts_of(rule: object) -> int | None:
    """Return how many thoughts a rule waits for; None if it does not wait for thoughts."""
    return rule.thinks if isinstance(rule, Thinking) else None


def is_oracle(rule: object) -> bool:
    """Return whether a rule looks at `correct`. See `ttc.selectors.oracles` for those that look at
    a score of a verifier that does."""
    return isinstance(rule, Oracular) and bool(rule.oracle)


def scorers_of(rule: object) -> frozenset[str]:
    """Return the names of the verifiers whose scores a rule needs."""
    return frozenset(rule.scored_by) if isinstance(rule, ScoredBy) else frozenset()
