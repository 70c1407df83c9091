"""Best-of-n: the draw with the highest score, by a verifier or by the model's own confidence."""

from __future__ import annotations

from ttc.options import OptionReader
from ttc.selectors.ranking import BestByKey, highest_first, score_by


class BestOfN(BestByKey):
    """Picks the draw with the highest score (Cobbe et al. 2021).

    "Training Verifiers to Solve Math Word Problems"; equal scores share their credit, NaN comes
    last. The mean over k-subsets is `best_of_k`. The score is the one that the verdicts hold (or
    a file's field `score`), or with `score=NAME` that of another verifier (`scores` of a file).
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

    As coded there: the mean over tokens, not the sum.
    """

    name = "perplexity"
    by = "logprob"
