"""Best-of-n: the draw with the highest score of a verifier, or the highest log-probability."""

from __future__ import annotations

from ttc.options import OptionReader
from ttc.selectors.ranking import BestByKey, highest_first, score_by


class BestOfN(BestByKey):
    """Picks the draw with the highest score (Cobbe et al. 2021).

    "Training Verifiers to Solve Math Word Problems"; draws with equal scores are tied, NaN comes
    last. The mean over k-subsets is `best_of_k`. The score is that of the verdicts (in a file, the
    field `score`), or with `score=NAME` that of another verifier (in a file, the field `scores`).
    """

    name = "best-of-n"
    by = "score"

    def parse(self, read: OptionReader) -> None:
        super().parse(read)
        score = read.text("score", "")
        self.scored_by = frozenset({score} - {""})
        if score:
            self._key = lambda outcome: highest_first(score_by(score, outcome))
            self.needs = frozenset({"scores", "correct"})


class Perplexity(BestByKey):
    """Picks the draw with the highest mean log-probability (PPL in Zhou et al. 2025, RPC).

    As in the code of that paper: the mean over tokens, not the sum.
    """

    name = "perplexity"
    by = "logprob"
