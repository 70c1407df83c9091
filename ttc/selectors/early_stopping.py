"""Early-stopping self-consistency (ESC): stop at the first window whose answers all agree."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb, factorial, perm

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.estimates import Estimate, replayed, value_of
from ttc.selectors.exact.subsets import check_budgets
from ttc.selectors.majority import Majority
from ttc.selectors.stopping import Stopping


class EarlyStopping(Stopping):
    """Votes in windows of w, stops at a unanimous one (ESC, Li et al. 2024).

    "Escape Sky-high Cost". The answer is that of the unanimous window, or else the majority of all
    k draws. A window with a draw without an answer is not unanimous. Of n draws with n_a votes for
    answer a, s given windows are all unanimous with probability

        U_s = s! · [z^s] Π_a Σ_t (n_a)_(wt) z^t / t!  /  (n)_(ws)

    and inclusion-exclusion gives when the rule stops and on which answer, in whole numbers. The
    value of the majority where no window is unanimous is exact at k = n and otherwise simulated.
    """

    name = "esc"

    def parse(self, read: OptionReader) -> None:
        super().parse(read)
        self._w = self.window = read.whole("w", 5)

    def stop(self, outcomes: Sequence[Outcome]) -> int:
        return self._unanimous(outcomes) or len(outcomes)

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        end = self._unanimous(outcomes)
        return Majority.pick(self, outcomes) if end is None else tuple(range(end - self._w, end))

    def _unanimous(self, outcomes: Sequence[Outcome]) -> int | None:
        """Return the end of the first unanimous window, None if there is none."""
        labels = self._labels(outcomes)
        for end in range(self._w, len(labels) + 1, self._w):
            if labels[end - 1] is not None and len(set(labels[end - self._w : end])) == 1:
                return end
        return None

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return accuracy and expected draws at each cap k."""
        n, w = len(outcomes), self._w
        check_budgets(ks, n)
        if not ks:
            return []
        classes, _ = self.classes(outcomes)
        counts = tuple(sorted(classes))
        most = max(ks) // w
        none = _never_unanimous(tuple(votes for votes, _ in counts), n, w, most)
        right = _stops_right(counts, n, w, most)
        found = []
        for k in ks:
            windows = k // w
            drawn = w * sum(none[:windows]) + (k - w * windows) * none[windows]
            stopped = sum(right[1 : windows + 1], Fraction(0))
            left = Estimate(0.0)
            if not windows:  # no window is complete: a plain vote
                left = Estimate(Majority.expected(self, outcomes, [k])[0])
            elif none[windows] and k == n:
                won = value_of(outcomes, Majority.pick(self, outcomes))
                left = Estimate(float(none[windows]) * won)
            elif none[windows]:
                (left,) = replayed(outcomes, [k], self._unstopped)
            found.append(left._replace(value=float(stopped) + left.value, drawn=float(drawn)))
        return found

    def _unstopped(self, outcomes: Sequence[Outcome]) -> tuple[float, int]:
        """Return the value of the vote if no window was unanimous, else 0."""
        end = self._unanimous(outcomes)
        if end is not None:
            return 0.0, end
        return value_of(outcomes, Majority.pick(self, outcomes)), len(outcomes)


@lru_cache(maxsize=256)
def _never_unanimous(votes: tuple[int, ...], n: int, w: int, most: int) -> list[Fraction]:
    """Return P(none of the first j windows is unanimous) for j = 0..most."""
    unanimous = [
        Fraction(factorial(s)) * coefficient / perm(n, w * s)
        for s, coefficient in enumerate(_windows(votes, w, most))
    ]
    return [_sieve(unanimous, j) for j in range(most + 1)]


@lru_cache(maxsize=256)
def _stops_right(
    counts: tuple[tuple[int, float], ...], n: int, w: int, most: int
) -> list[Fraction]:
    """Return P(the j-th window is the first unanimous one, and correct), for j = 0..most."""
    total = [Fraction(0)] * (most + 1)
    for at, (votes, worth) in enumerate(counts):
        if not worth or votes < w or not most:
            continue
        others = tuple(v for i, (v, _) in enumerate(counts) if i != at)
        # One window is for this answer; the earlier ones are drawn from the other draws.
        left = _windows((*others, votes - w), w, most - 1)
        then = [
            Fraction(factorial(s)) * coefficient * perm(votes, w) / perm(n, w * (s + 1))
            for s, coefficient in enumerate(left)
        ]
        for j in range(1, most + 1):
            total[j] += _sieve(then, j - 1) * Fraction(worth) / votes
    return total


def _windows(votes: Sequence[int], w: int, most: int) -> list[Fraction]:
    """Return the coefficients of Π_a Σ_t (n_a)_(wt) z^t / t! up to z^most."""
    scale = factorial(most)  # so that all terms are whole
    product = [1] + [0] * most
    grown = 0
    for count in votes:
        factor = [perm(count, w * t) * (scale // factorial(t)) for t in range(count // w + 1)]
        if len(factor) == 1:
            continue
        factor = factor[: most + 1]
        product = [
            sum(product[s - t] * factor[t] for t in range(min(s, len(factor) - 1) + 1))
            for s in range(most + 1)
        ]
        grown += 1
    return [Fraction(coefficient, scale**grown) for coefficient in product]


def _sieve(terms: Sequence[Fraction], j: int) -> Fraction:
    """Return P(none of j windows is unanimous) by inclusion-exclusion; `terms[s]` is P(s are)."""
    return sum(((-1) ** s * comb(j, s) * terms[s] for s in range(j + 1)), Fraction(0))
