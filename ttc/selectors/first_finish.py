"""First-finish (First Finish Search): start k draws, answer with the one that ends first.

Last-finish is its opposite, which tells whether length carries anything at all.
"""

from __future__ import annotations

from ttc.selectors.ranking import BestByKey


class FirstFinish(BestByKey):
    """Picks the draw that finishes first, answer or not (First Finish Search, Agarwal 2025).

    The draw with the fewest completion tokens: token counts stand for time because re-runs
    reproduce them; draws of equal length share their credit. Where nothing finished, the rule is
    indifferent among the truncated draws.
    """

    name = "first-finish"
    by = "tokens"
    finishes = 1


class FirstValid(BestByKey):
    """Picks the first to finish among the draws with an answer (after Agarwal et al. 2025).

    First-finish that does not stop at a draw it cannot read. Its cost is
    counted as if all ran to their end: when the race may stop depends on the answers.
    """

    name = "first-valid"
    by = "valid"


class LastFinish(BestByKey):
    """Picks the longest draw that finished (the control of Agarwal et al. 2025).

    Where it is as good, finishing first is not
    what made an answer right. Where nothing finished, it is indifferent among the truncated.
    """

    name = "last-finish"
    by = "longest"
