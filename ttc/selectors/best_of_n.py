"""Best-of-n: the draw with the highest score, by a verifier or by the model's own confidence."""

from __future__ import annotations

from ttc.selectors.ranking import BestByKey


class BestOfN(BestByKey):
    """Picks the draw with the highest score; equal scores share their credit, NaN comes last.

    Cobbe et al. 2021, "Training Verifiers to Solve Math Word Problems"; the mean over k-subsets
    is `best_of_k`. The score is the one that the verdicts hold (or a file's field `score`).
    """

    name = "best-of-n"
    by = "score"


class Perplexity(BestByKey):
    """Picks the draw with the lowest perplexity: the highest mean log-probability of its tokens.

    The PPL baseline of Zhou et al. 2025 ("RPC"), as coded there.
    """

    name = "perplexity"
    by = "logprob"
