"""First-finish (First Finish Search): start k draws, answer with the one that ends first.

Last-finish is its opposite, which tells whether length carries anything at all.
"""

from __future__ import annotations

from ttc.selectors.ranking import BestByKey


class FirstFinish(BestByKey):
    """Picks the draw with the fewest completion tokens, answer or no answer.

    Agarwal et al. 2025, "First Finish Search". Token counts stand for time because re-runs
    reproduce them; draws of equal length share their credit. Where nothing finished, the rule is
    indifferent among the truncated draws.
    """

    name = "first-finish"
    by = "tokens"
    finishes = 1


class FirstValid(BestByKey):
    """Picks the draw that finishes first among those with an answer, however long that takes.

    First-finish (Agarwal et al. 2025) that does not stop at a draw it cannot read. Its cost is
    counted as if all ran to their end: when the race may stop depends on the answers.
    """

    name = "first-valid"
    by = "valid"


class LastFinish(BestByKey):
    """Picks the draw with the most completion tokens among those that finished.

    The control of first-finish (Agarwal et al. 2025): where it is as good, finishing first is not
    what made an answer right. Where nothing finished, it is indifferent among the truncated.
    """

    name = "last-finish"
    by = "longest"
