"""Weighted majority: each vote is weighted by its score; the answer with the largest sum wins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb, exp, fsum, gcd, isfinite, isnan, lcm

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.estimates import PERMUTATIONS, Estimate, replayed, value_of
from ttc.selectors.exact.prefix_plurality import Label
from ttc.selectors.exact.subsets import check_budgets
from ttc.selectors.exact.weighted_plurality import Ballots, weighted_at_k
from ttc.selectors.majority import Majority
from ttc.selectors.ranking import score_by

FINEST = 1000  # the largest denominator of the fraction that a weight is taken for
LARGEST = 1 << 40  # steps in a weight; only the ratios of larger ones count


class Weighted(Majority):
    """Picks the answer with the largest sum of scores (DIVERSE, Li et al. 2023).

    Weighted self-consistency; the sums of Snell et al. 2024. The scores, 0 or more, are those of
    the verdicts, or with `score=NAME` of that verifier (a draw that it could not score has weight
    0). The mean over k-subsets is exact where the scores are multiples of a common step (whole
    numbers, tenths, shares of 32 votes); otherwise a certified bracket, or if that stays wider
    than 0.002, seeded permutations with their error.
    """

    name = "weighted"
    by_score = True
    needs = frozenset({"score", "answer", "correct"})

    def parse(self, read: OptionReader) -> None:
        super().parse(read)
        score = read.text("score", "") if self.by_score else ""
        self.scored_by = frozenset({score} - {""})
        self._scorer = score
        if score:
            self.needs = frozenset({"scores", "answer", "correct"})

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        labels = self._labels(outcomes)
        sums: dict[Label, Fraction] = defaultdict(Fraction)
        for label, weight in self._votes(outcomes, labels):
            sums[label] += weight
        best = max(sums.values(), default=None)
        leaders = [label for label, total in sums.items() if total == best]
        if self.ties == "strict" and len(leaders) > 1:
            return ()
        leaders = leaders[:1] if self.ties == "first" else leaders
        # One draw for each leader, its heaviest: their shares must not depend on their votes.
        weights = [
            -1.0 if a is None else self._weight(o) for a, o in zip(labels, outcomes, strict=True)
        ]
        return tuple(
            max((i for i, a in enumerate(labels) if a == leader), key=weights.__getitem__)
            for leader in leaders
        )

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return [estimate.value for estimate in self.estimates(outcomes, ks)]

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return the mean over k-subsets for each k, with its error where it has one."""
        check_budgets(ks, len(outcomes))
        ballots = self._ballots(outcomes)
        found = []
        for k in ks:
            # If draws with one answer differ in worth, the value depends on which of them are in
            # the subset.
            bounds = (
                None if ballots.mixed else weighted_at_k(ballots, k, strict=self.ties == "strict")
            )
            if bounds is None and not ballots.mixed and comb(len(outcomes), k) <= PERMUTATIONS:
                subsets = combinations(outcomes, k)
                values = [value_of(subset, self.pick(subset)) for subset in subsets]
                found.append(Estimate(fsum(values) / len(values)))
                continue
            if bounds is None:
                found += replayed(outcomes, [k], lambda s: (value_of(s, self.pick(s)), len(s)))
                continue
            low, high = bounds
            # Rounding leaves a closed bracket some width.
            half = 0.0 if ballots.exact or k == len(outcomes) else max((high - low) / 2, 1e-12)
            found.append(Estimate((low + high) / 2, half, "bracket" if half else "exact"))
        return [estimate._replace(drawn=None) for estimate in found]

    def over_prefixes(self, ranked: Sequence[Outcome], m: int) -> list[float] | None:
        return None

    def _weight(self, outcome: Outcome) -> float:
        score = score_by(self._scorer, outcome)
        if self._scorer and isnan(score):
            return 0.0  # the verifier could not score it
        if not (isfinite(score) and score >= 0):
            raise ValueError(
                f"draw {outcome.index} has the score {score}; weights are numbers from 0"
            )
        return score

    def _copy_of(self, outcome: Outcome) -> object:
        """Return what the copies of a draw share, which count once; by default there are none."""
        return outcome.index

    def _votes(
        self, outcomes: Sequence[Outcome], labels: Sequence[Label]
    ) -> Iterator[tuple[Label, Fraction]]:
        seen = set()
        for label, outcome in zip(labels, outcomes, strict=True):
            copy = (label, self._copy_of(outcome))
            if label is not None:
                yield label, Fraction(0) if copy in seen else rational(self._weight(outcome))
                seen.add(copy)

    def _ballots(self, outcomes: Sequence[Outcome]) -> Ballots:
        labels = self._labels(outcomes)
        copies: dict[Label, dict[object, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
        for label, outcome in zip(labels, outcomes, strict=True):
            if label is not None:
                copies[label][self._copy_of(outcome)].append(outcome)
        weights = [
            [(rational(self._weight(same[0])), len(same)) for same in by_copy.values()]
            for by_copy in copies.values()
        ]
        shares, mixed = [], False
        for by_copy in copies.values():
            draws = [outcome for same in by_copy.values() for outcome in same]
            shares.append(fsum(outcome.worth for outcome in draws) / len(draws))
            mixed = mixed or len({outcome.worth for outcome in draws}) > 1
        listed = [weight for votes in weights for weight, _ in votes]
        step = lcm(*(weight.denominator for weight in listed))
        # The largest common step of all weights, so that 0 and 1e308 vote as 0 and 1 do.
        unit = Fraction(gcd(*(int(weight * step) for weight in listed)) or 1, step)
        heaviest = max(listed, default=Fraction(0))
        exact = step <= FINEST * FINEST and heaviest / unit <= LARGEST
        scaled = [
            [(int(w / unit) if exact else float(w / heaviest), copies) for w, copies in votes]
            for votes in weights
        ]
        return Ballots(len(outcomes), labels.count(None), scaled, shares, exact, mixed)


class PerplexityConsistency(Weighted):
    """Picks the answer with the largest sum of probabilities (RPC, Zhou et al. 2025).

    The sum of exp(mean log-probability) over distinct texts, since a repeated text is the same
    reasoning path: the perplexity consistency of RPC without its pruning.
    """

    name = "perplexity-consistency"
    by_score = False
    needs = frozenset({"logprob", "completion_tokens", "text", "answer", "correct"})

    def _weight(self, outcome: Outcome) -> float:
        if outcome.logprob is None or outcome.completion_tokens is None:
            raise ValueError(f"draw {outcome.index} has no logprob or no completion_tokens")
        if not outcome.logprob <= 0:
            raise ValueError(
                f"draw {outcome.index} has the log-probability {outcome.logprob}, which is above 0"
            )
        return (
            exp(outcome.logprob / outcome.completion_tokens) if outcome.completion_tokens else 0.0
        )

    def _copy_of(self, outcome: Outcome) -> object:
        return outcome.text


def rational(weight: float) -> Fraction:
    """Return the fraction with a denominator up to FINEST that a weight stands for, else its exact
    value."""
    exact = Fraction(weight)
    near = exact.limit_denominator(FINEST)
    return near if abs(near - exact) < Fraction(1, 10**12) else exact
