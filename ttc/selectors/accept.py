"""Accept: drop the draws with a low score, then apply any rule to the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.subsets import check_budgets, hypergeometric
from ttc.selectors.extras import is_graded, is_oracle, scorers_of
from ttc.selectors.ranking import KEYS, highest_first


class Accept:
    """Applies a rule to draws with a score of X or more: accept=X>RULE (CoTnPoT, Liang 2024).

    If no draw has, the rule is applied to all. The score is that of the verdict (`by=score`) or
    the mean log-probability of the tokens (`by=logprob`). If h of n draws are accepted, j of them
    are among k draws with the hypergeometric probability, and are then a uniform j-subset of the
    h: the mean is that of the rule over j-subsets, summed over j.
    """

    argument = "score"
    usage = "accept=SCORE:by=KEY>RULE"
    chains = True
    finishes: int | None = None

    def __init__(self, then: Selector, score: str, **options: str) -> None:
        read = OptionReader("accept", {"score": score, **options})
        by = read.choice("by", ("score", "logprob"), "score")
        self._key, needs = KEYS[by]
        self._least = highest_first(read.value("score", 0.0, float, "a number"))
        read.end()
        self._rule = then
        self.name = f"accept={score}:by={by}>{then.name}"
        self.needs = needs | then.needs
        self.scored_by = scorers_of(then)
        self.oracle = is_oracle(then)
        self.graded = is_graded(then)

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        kept = [i for i, outcome in enumerate(outcomes) if self._key(outcome) <= self._least]
        kept = kept or list(range(len(outcomes)))
        return tuple(kept[i] for i in self._rule.pick([outcomes[i] for i in kept]))

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        n = len(outcomes)
        check_budgets(ks, n)
        accepted = [outcome for outcome in outcomes if self._key(outcome) <= self._least]
        rejected = [outcome for outcome in outcomes if self._key(outcome) > self._least]
        most = min(max(ks, default=0), len(accepted))
        means = np.array([0.0, *self._rule.expected(accepted, range(1, most + 1))])
        values = []
        for k in ks:
            chance = hypergeometric(n, len(accepted), k)
            value = float(chance[1:] @ means[1 : len(chance)])
            if k <= len(rejected):
                value += float(chance[0]) * self._rule.expected(rejected, [k])[0]
            values.append(value)
        return values
