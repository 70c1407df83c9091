"""Selection rules, one file each: which of k draws is the answer, and how good that is.

A rule is defined once. `pick` is what `solve` applies to the draws it has; `expected` is the
exact mean of that same pick over all k-subsets of the n draws of a problem, which `sweep`
prints. A plugin registers a class under the entry-point group `ttc.selectors`; it is called with
the options of `NAME:key=value,…` as keyword arguments (strings) and raises ValueError for one it
does not know or cannot use.

What a rule may have besides the protocol is in `ttc.selectors.extras`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ttc.records import Outcome
from ttc.selectors.extras import is_oracle


class Selector(Protocol):
    """A selection rule over the outcomes of one problem.

    `needs` names the fields of Outcome without which the rule is undefined; they are checked
    before either method is called. `finishes` is how many draws the rule waits for before it
    cancels the others (costs follow from it), or None if it waits for all.
    """

    name: str
    needs: frozenset[str]
    finishes: int | None

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        """Return the positions among which the rule is indifferent; empty if it abstains.

        Each is chosen with equal probability; `solve`, which needs one, takes the first. The
        value of a pick is the share of correct ones among them, and 0 for an empty pick.
        """

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean value of `pick` over all k-subsets, for each k in 1..len(outcomes).

        ValueError if some k is outside that range. `correct` None counts as not correct.
        """


def contenders(rules: Mapping[str, Selector]) -> dict[str, Selector]:
    """Return the rules that one could follow, which are all but the oracles; all, if there are
    only oracles."""
    followed = {name: rule for name, rule in rules.items() if not is_oracle(rule)}
    return followed or dict(rules)
