"""First-finish (First Finish Search): start k draws, answer with the one that ends first.

Last-finish is its control: it shows whether length is related to being correct.
"""

from __future__ import annotations

from ttc.options import OptionReader
from ttc.selectors.ranking import BestByKey


class FirstFinish(BestByKey):
    """Picks the draw that finishes first, answer or not (First Finish Search, Agarwal 2025).

    That is the draw with the fewest completion tokens, which reruns reproduce and times do not; or
    the one whose thought ends first (`by=thinking`), after which the others are cancelled while it
    writes its answer. Draws of equal length are tied, and so are the truncated ones if none
    finished.
    """

    name = "first-finish"
    by = "tokens"
    finishes: int | None = 1
    thinks: int | None = None

    def parse(self, read: OptionReader) -> None:
        """Read by what the first is found."""
        self.by = read.choice("by", ("tokens", "thinking"), "tokens")
        if self.by == "thinking":
            self.name, self.finishes, self.thinks = f"{self.name}:by=thinking", None, 1
        super().parse(read)


class FirstValid(BestByKey):
    """Picks the first to finish among the draws with an answer (after Agarwal et al. 2025).

    Its cost is counted as if all draws ran to their end, since when the rule can stop depends on
    the answers.
    """

    name = "first-valid"
    by = "valid"


class LastFinish(BestByKey):
    """Picks the longest draw that finished (the control of Agarwal et al. 2025).

    If it scores as high as first-finish, finishing first does not make an answer more likely to be
    correct. Truncated draws are tied if none finished.
    """

    name = "last-finish"
    by = "longest"
