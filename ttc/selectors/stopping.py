"""Votes that stop by themselves once the draws agree: accuracy against the draws it took.

At a budget of k they may draw up to k; `Estimate.drawn` says how many they are expected to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb, factorial, perm
from typing import TypeAlias

from ttc.records import Outcome
from ttc.selectors.checks import check_budgets
from ttc.selectors.estimates import Estimate, replayed, value_of
from ttc.selectors.majority import Majority

MOST_STATES = 20_000  # of Adaptive-Consistency at one draw; beyond them it is simulated


class _Stopping(Majority):
    """Majority that may stop before the last draw. The order of the draws is that given."""

    name = "stopping"

    def __init__(self, **options: str) -> None:
        super().__init__(**options)

    def stop(self, outcomes: Sequence[Outcome]) -> int:
        """Return after how many draws, taken in order, the rule stops; all, if it never does."""
        raise NotImplementedError

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return super().pick(outcomes[: self.stop(outcomes)])

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return [estimate.value for estimate in self.estimates(outcomes, ks)]

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        raise NotImplementedError

    def over_prefixes(self, ranked: Sequence[Outcome], m: int) -> list[float] | None:
        return None

    def _run(self, outcomes: Sequence[Outcome]) -> tuple[float, int]:
        return value_of(outcomes, self.pick(outcomes)), self.stop(outcomes)

    def _classes(self, outcomes: Sequence[Outcome]) -> tuple[dict[object, tuple[int, int]], int]:
        """Return (votes, correct votes) by answer, and how many draws abstain."""
        labels = self._labels(outcomes)
        votes = Counter(labels)
        right = Counter(a for a, outcome in zip(labels, outcomes, strict=True) if outcome.correct)
        abstaining = votes.pop(None, 0)
        return {answer: (count, right[answer]) for answer, count in votes.items()}, abstaining


class EarlyStopping(_Stopping):
    """Draws in windows of w (5) and stops at the first whose answers are all the same: ESC.

    Li et al. 2024, "Escape Sky-high Cost". That window's answer is the answer; if none is
    unanimous, the majority of all k draws is. Draws without an answer make no window unanimous.
    Of n draws with n_a votes for a, s given windows are unanimous with probability

        U_s = s! · [z^s] Π_a Σ_t (n_a)_(wt) z^t / t!  /  (n)_(ws)

    and inclusion-exclusion gives when it stops and on what, in whole numbers. What the majority
    then says where nothing stopped is exact at k = n and otherwise simulated.
    """

    name = "esc"

    def __init__(self, w: str = "5", **options: str) -> None:
        super().__init__(**options)
        if not w.isdecimal() or int(w) < 1:
            raise ValueError(f"esc: w must be a whole number from 1, not {w!r}")
        self._w = int(w)

    def stop(self, outcomes: Sequence[Outcome]) -> int:
        labels = self._labels(outcomes)
        for end in range(self._w, len(labels) + 1, self._w):
            if labels[end - 1] is not None and len(set(labels[end - self._w : end])) == 1:
                return end
        return len(labels)

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        end = self.stop(outcomes)
        labels = self._labels(outcomes)
        window = range(max(0, end - self._w), end)
        if end >= self._w and end % self._w == 0 and len({labels[i] for i in window}) == 1:
            return tuple(window) if labels[end - 1] is not None else super().pick(outcomes)
        return super().pick(outcomes)

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return accuracy and expected draws at each cap k."""
        n, w = len(outcomes), self._w
        check_budgets(ks, n)
        if not ks:
            return []
        classes, _ = self._classes(outcomes)
        counts = tuple(sorted(classes.values()))
        most = max(ks) // w
        none = _never_unanimous(tuple(votes for votes, _ in counts), n, w, most)
        right = _stops_right(counts, n, w, most)
        found = []
        for k in ks:
            windows = k // w
            drawn = w * sum(none[:windows]) + (k - w * windows) * none[windows]
            stopped = sum(right[1 : windows + 1], Fraction(0))
            left = Estimate(0.0)
            if none[windows] and k == n:
                won = value_of(outcomes, Majority.pick(self, outcomes))
                left = Estimate(float(none[windows]) * won)
            elif none[windows]:
                (left,) = replayed(outcomes, [k], self._unstopped)
            found.append(left._replace(value=float(stopped) + left.value, drawn=float(drawn)))
        return found

    def _unstopped(self, outcomes: Sequence[Outcome]) -> tuple[float, int]:
        """Return the value of the vote if no window was unanimous, else 0."""
        labels = self._labels(outcomes)
        for end in range(self._w, len(labels) + 1, self._w):
            if labels[end - 1] is not None and len(set(labels[end - self._w : end])) == 1:
                return 0.0, end
        return value_of(outcomes, Majority.pick(self, outcomes)), len(labels)


@lru_cache(maxsize=256)
def _never_unanimous(votes: tuple[int, ...], n: int, w: int, most: int) -> list[Fraction]:
    """Return P(none of the first j windows is unanimous) for j = 0..most."""
    unanimous = [
        Fraction(factorial(s)) * coefficient / perm(n, w * s)
        for s, coefficient in enumerate(_windows(votes, w, most))
    ]
    return [_sieve(unanimous, j) for j in range(most + 1)]


@lru_cache(maxsize=256)
def _stops_right(counts: tuple[tuple[int, int], ...], n: int, w: int, most: int) -> list[Fraction]:
    """Return P(the j-th window is the first unanimous one, and right), for j = 0..most."""
    total = [Fraction(0)] * (most + 1)
    for at, (votes, correct) in enumerate(counts):
        if not correct or votes < w or not most:
            continue
        others = tuple(v for i, (v, _) in enumerate(counts) if i != at)
        # One window is this answer's; the others are unanimous among what is left.
        left = _windows((*others, votes - w), w, most - 1)
        then = [
            Fraction(factorial(s)) * coefficient * perm(votes, w) / perm(n, w * (s + 1))
            for s, coefficient in enumerate(left)
        ]
        for j in range(1, most + 1):
            total[j] += _sieve(then, j - 1) * Fraction(correct, votes)
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
    return sum(((-1) ** s * comb(j, s) * terms[s] for s in range(j + 1)), Fraction(0))


class AdaptiveConsistency(_Stopping):
    """Draws one at a time until the leading answer is the majority with probability c (0.95).

    Aggarwal et al. 2023, "Let's Sample Step by Step": with a and b votes for the first two, it
    stops when P(p > ½) ≥ c for p ~ Beta(a + 1, b + 1), which is Σ_{i≤a} C(a + b + 1, i) /
    2^(a+b+1). The answer is the majority then. Exact over all orders of the draws while there are
    few enough states of the count; else simulated.
    """

    name = "ac"

    def __init__(self, c: str = "0.95", **options: str) -> None:
        super().__init__(**options)
        try:
            self._c = Fraction(c)
        except ValueError:
            self._c = Fraction(0)
        if not Fraction(1, 2) < self._c < 1:
            raise ValueError(f"ac: c must be a probability above 0.5 and below 1, not {c!r}")

    def stop(self, outcomes: Sequence[Outcome]) -> int:
        votes: Counter[object] = Counter()
        for taken, label in enumerate(self._labels(outcomes), start=1):
            if label is not None:
                votes[label] += 1
                if _sure(votes[label], _second(votes, label), self._c):
                    return taken
        return len(outcomes)

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return accuracy and expected draws at each cap k."""
        check_budgets(ks, len(outcomes))
        if not ks:
            return []
        classes, abstaining = self._classes(outcomes)
        start = tuple(sorted((0, votes, correct / votes) for votes, correct in classes.values()))
        curve = self._walk(start, abstaining, len(outcomes), max(ks))
        if curve is None:
            return replayed(outcomes, ks, self._run)
        return [curve[k] for k in ks]

    def _walk(self, start: _State, abstaining: int, n: int, most: int) -> list[Estimate] | None:
        """Return the estimates at k = 0..most; None if there are too many states.

        A state is the number of abstentions and, for each answer, (votes seen, votes left, share
        correct); answers that are alike are exchangeable, so the sorted tuple stands for all.
        """
        states: dict[tuple[int, _State], float] = {(0, start): 1.0}
        stopped, drawn = 0.0, 0.0
        curve = [Estimate(0.0, drawn=0.0)]
        for taken in range(most):
            drawn += sum(states.values())
            following: dict[tuple[int, _State], float] = defaultdict(float)
            for (silent, state), chance in states.items():
                if silent < abstaining:
                    step = chance * (abstaining - silent) / (n - taken)
                    following[silent + 1, state] += step
                for answer, alike in Counter(state).items():
                    seen, left, share = answer
                    if not left:
                        continue
                    step = chance * alike * left / (n - taken)
                    if _sure(seen + 1, _rival(state, answer), self._c):
                        stopped += step * share
                        continue
                    others = list(state)
                    others.remove(answer)
                    after = tuple(sorted([*others, (seen + 1, left - 1, share)]))
                    following[silent, after] += step
            if len(following) > MOST_STATES:
                return None
            states = following
            cut = sum(chance * self._won(state) for (_, state), chance in states.items())
            curve.append(Estimate(min(stopped + cut, 1.0), drawn=drawn))
        return curve

    def _won(self, state: _State) -> float:
        most = max((seen for seen, _, _ in state), default=0)
        shares = [share for seen, _, share in state if seen == most]
        if not most or (self.ties == "strict" and len(shares) > 1):
            return 0.0
        return sum(shares) / len(shares)


_State: TypeAlias = "tuple[tuple[int, int, float], ...]"


def _second(votes: Counter[object], leader: object) -> int:
    return max((count for answer, count in votes.items() if answer != leader), default=0)


def _rival(state: _State, answer: tuple[int, int, float]) -> int:
    """Return the votes of the strongest answer besides one like `answer`."""
    ranked = sorted((seen for seen, _, _ in state), reverse=True)
    ranked.remove(answer[0])
    return ranked[0] if ranked else 0


@lru_cache(maxsize=1 << 14)
def _sure(a: int, b: int, c: Fraction) -> bool:
    """Return whether a votes against b settle the vote; a tail of whole numbers."""
    if a <= b:
        return False
    n = a + b + 1
    return bool(sum(comb(n, i) for i in range(a + 1)) >= c * 2**n)
