"""shorter-half: vote among the shorter half of the draws.

A template for selection rules: `pip install ./examples/plugin-selector`, then `-s shorter-half`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ttc.options import OptionReader
from ttc.records import Outcome


class ShorterHalf:
    """Picks the answer that most of the shortest draws give, by default of the shorter half.

    - `share`: how much of the draws votes, at least one
    """

    name = "shorter-half"
    # The fields of an Outcome that it reads; a pool without them is told so.
    needs = frozenset({"answer", "completion_tokens"})
    # How many draws must finish before the others are cancelled; None waits for all.
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self._share = read.number("share", 0.5, above=0, most=1)
        read.end()  # refuses any other option, and lists those that there are

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        """Return the indices of the draws tied for selection; empty if the rule abstains.

        `sweep` takes the mean of this over all subsets of k draws, or over 400 with their error. A
        rule with a formula for that mean has a method `expected`; see `ttc.selectors`.
        """
        # Draws of equal length rank by their index, which says nothing of their quality.
        ranked = sorted(range(len(outcomes)), key=lambda i: self._length(outcomes[i]))
        voters = ranked[: max(1, int(self._share * len(ranked)))]
        votes = Counter(outcomes[i].answer for i in voters if outcomes[i].answer is not None)
        most = max(votes.values(), default=0)
        return tuple(i for i in voters if votes[outcomes[i].answer] == most > 0)

    @staticmethod
    def _length(outcome: Outcome) -> tuple[int, int]:
        return outcome.completion_tokens or 0, outcome.index
