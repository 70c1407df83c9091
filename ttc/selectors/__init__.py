"""Selection rules, one file each: which of k draws to answer with, and how often that is correct.

A rule is defined once. `pick` is what `solve` applies to the draws it has; `expected` is the exact
mean of the value of that same pick over all k-subsets of the n draws of a problem, which `sweep`
prints. A plugin registers a class under the entry-point group `ttc.selectors`. It is called with
the options of `NAME:key=value,…` as keyword arguments (strings), and raises ValueError for an
unknown option or value.

A plugin may leave `expected` out (`exact.by_picks`): its mean is then that of its picks from all
subsets where they are few, and from seeded subsets, with an error that `sweep` prints, where they
are many. `ttc.testing.SelectorContract` tests a rule.

What a rule may have besides the protocol is in `ttc.selectors.extras`; which rules are oracles, in
`ttc.selectors.oracles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ttc.records import Outcome


class Selector(Protocol):
    """A selection rule over the draws of one problem.

    `needs` names the fields of Outcome without which the rule is undefined; they are checked
    before either method is called. `finishes` is the number of draws that must finish before the
    rule cancels the others (costs follow from it), or None if it waits for all.
    """

    name: str
    needs: frozenset[str]
    finishes: int | None

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        """Return the indices of the draws tied for selection; empty if the rule abstains.

        Each is chosen with equal probability; `solve`, which needs one, takes the first. The
        value of a pick is the share of correct draws in it, and 0 if it is empty.
        """

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean value of `pick` over all k-subsets, for each k in 1..len(outcomes).

        ValueError if some k is outside that range. A draw whose `correct` is None counts as not
        correct.
        """
