"""Keep the m best-ranked of k draws, then apply any rule to them.

One theorem covers all such rules. Rank the n draws by a key without ties. Given that the (m+1)-th
best draw of a uniform k-subset has rank r + 1, its m best are a uniform m-subset of the first r
ranks. Hence for m < k

    E rule(m best of k) = Σ_r C(r, m) · C(n − r − 1, k − m − 1) / C(n, k) · U_m(r)

where U_m(r) is the mean of the rule over the m-subsets of the first r ranks: its own `expected`.
Short-m@k keeps the m shortest draws, DeepConf the most confident, a verifier's shortlist those
with the highest scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.prefix_plurality import votes_to_the_first
from ttc.selectors.exact.subsets import check_budgets, last_of_best
from ttc.selectors.extras import OverPrefixes, is_graded, is_oracle, scorers_of
from ttc.selectors.majority import INVALID, TIES, Majority
from ttc.selectors.ranking import KEYS, highest_first, score_by

NEGLIGIBLE = 1e-16


class Keep:
    """Keeps the best M of k, then applies a rule: keep=M:by=KEY>RULE (DeepConf, Fu et al. 2025).

    M is a number of draws, or a share (`10%`) as DeepConf cuts it: m = k − ⌈(1 − share)(k − 1)⌉,
    the draws at or above that percentile ("Deep Think with Confidence"). KEY is
    `logprob` (mean over tokens, the default), `score`, `tokens` (shortest first), `thinking`
    (shortest thought first) or `longest`.
    With `score=NAME` it is the score of that verifier: `score=confidence` is DeepConf's own.
    Draws with equal keys rank by their index, which is independent of their quality.
    """

    argument = "m"
    usage = "keep=M:by=KEY>RULE"
    chains = True

    def __init__(self, then: Selector, m: str, **options: str) -> None:
        read = OptionReader("keep", options)
        by = read.choice("by", ("logprob", "score", "tokens", "thinking", "longest"), "logprob")
        score = read.text("score", "")
        read.end()
        if score and options.get("by", "score") != "score":
            raise read.error(f"it ranks by score={score} or by={by}, not by both")
        self._key, needs = KEYS[by]
        self.name = f"keep={m}:by={by}>{then.name}"
        if score:
            self._key = lambda outcome: highest_first(score_by(score, outcome))
            needs, self.name = frozenset({"scores"}), f"keep={m}:score={score}>{then.name}"
        self._size = _size(m)
        self._rule = then
        self.needs = needs | then.needs
        self.scored_by = scorers_of(then) | ({score} - {""})
        self.oracle = is_oracle(then)
        self.graded = is_graded(then)
        count = None if m.endswith("%") else int(m)
        self.finishes = count if by == "tokens" else None
        self.thinks = count if by == "thinking" else None

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        if not outcomes:
            return ()
        order = self._ranked(outcomes)[: self._size(len(outcomes))]
        return tuple(order[i] for i in self._rule.pick([outcomes[i] for i in order]))

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        check_budgets(ks, len(outcomes))
        ranked = [outcomes[i] for i in self._ranked(outcomes)]
        return expected_of_best(self._rule, ranked, ks, self._size)

    def _ranked(self, outcomes: Sequence[Outcome]) -> list[int]:
        keys = [(*self._key(outcome), outcome.index) for outcome in outcomes]
        return sorted(range(len(outcomes)), key=keys.__getitem__)


class Short(Keep):
    """Votes among the first M draws to finish: short-M (short-m@k, Hassid et al. 2025).

    "Don't Overthink it"; the others are cancelled. Draws rank by completion tokens, or as in the
    paper by those of their thoughts (`by=thinking`): once M thoughts have ended the other draws are
    cancelled, and the M answers are written. A tied vote is split (`ties=split`) or won by the
    answer with the shortest draw (`ties=shortest`, as in the paper; short-2 is then as accurate as
    short-1).
    """

    usage = "short-M"
    conventions = frozenset({"ties", "invalid"})
    chains = False

    def __init__(self, m: str, **options: str) -> None:
        read = OptionReader("short", options)
        by = read.choice("by", ("tokens", "thinking"), "tokens")
        ties = read.choice("ties", (*TIES, "shortest"), TIES[0])
        invalid = read.choice("invalid", INVALID, INVALID[0])
        read.end()
        shortest = ties == "shortest"
        vote = RankedMajority(invalid) if shortest else Majority(ties=ties, invalid=invalid)
        super().__init__(vote, m, by=by)
        self.name = f"short-{m}" if by == "tokens" else f"short-{m}:by={by}"


class RankedMajority(Majority):
    """Majority over ranked draws; a tie is won by the answer whose best draw ranks first."""

    def __init__(self, invalid: str = "abstain") -> None:
        super().__init__(ties="first", invalid=invalid)

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k-subsets in the order given, which is the rank."""
        check_budgets(ks, len(outcomes))
        return [self.over_prefixes(outcomes, k)[-1] for k in ks]

    def over_prefixes(self, ranked: Sequence[Outcome], m: int) -> list[float]:
        return votes_to_the_first(self._labels(ranked), [outcome.worth for outcome in ranked], m)


def expected_of_best(
    rule: Selector, ranked: Sequence[Outcome], ks: Sequence[int], size: Callable[[int], int]
) -> list[float]:
    """Return the mean value of a rule on the `size(k)` best of k draws, for each k.

    `ranked` are the n draws, best first; the mean is over all k-subsets, by the theorem above.
    """
    n = len(ranked)
    at_once: dict[int, Sequence[float] | None] = {}

    def means(m: int, ends: Sequence[int]) -> list[float]:
        """Return the mean over the m-subsets of the first r ranks, for each r of `ends`."""
        if len(ends) > 1 and m not in at_once:
            # Some rules compute all prefixes at once; others are called for each.
            found = rule.over_prefixes(ranked, m) if isinstance(rule, OverPrefixes) else None
            at_once[m] = found
        if (known := at_once.get(m)) is not None:
            return [known[r - m] for r in ends]
        return [rule.expected(ranked[:r], [m])[0] for r in ends]

    values = []
    for k in ks:
        m = size(k)
        if m >= k:
            values += means(k, [n])
            continue
        weights = last_of_best(n, k, m)
        ends = np.flatnonzero(weights > NEGLIGIBLE).tolist()
        values.append(float(weights[ends] @ np.asarray(means(m, ends))))
    return values


def _size(spec: str) -> Callable[[int], int]:
    """Return the function from k to the number of draws that are kept."""
    share = spec.endswith("%")
    try:
        number = float(spec[:-1]) / 100 if share else int(spec)
    except ValueError:
        number = 0
    if number <= 0 or (share and number > 1):
        raise ValueError(f"keep a number of draws from 1, or a share such as 10%, not {spec!r}")
    if share:
        # Decimal fractions are not exact in binary: 0.9·10 must not round up to 10.
        return lambda k: k - ceil(round((1 - number) * (k - 1), 9))
    return lambda k: min(int(number), k)
