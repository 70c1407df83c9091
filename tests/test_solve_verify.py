"""Sub-sampled verifications and pairwise critiques against brute force."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_selectors import close

from ttc.records import Outcome
from ttc.selectors.best_of_n import BestOfN
from ttc.selectors.pairwise import Pairwise
from ttc.selectors.solve_verify import SolveVerify

OF = 3
verified = st.lists(st.tuples(st.integers(0, OF), st.booleans()), min_size=1, max_size=5)


def draws(votes: list[tuple[int, bool]]) -> list[Outcome]:
    return [Outcome(i, correct=right, score=h / OF) for i, (h, right) in enumerate(votes)]


def chance(h: int, v: int, y: int) -> Fraction:
    return Fraction(comb(h, y) * comb(OF - h, v - y), comb(OF, v))


@settings(deadline=None, max_examples=40)
@given(votes=verified, v=st.integers(1, OF))
def test_fewer_verifications_are_the_mean_over_which_are_made(
    votes: list[tuple[int, bool]], v: int
) -> None:
    ks = range(1, len(votes) + 1)
    exact = []
    for k in ks:
        total = Fraction(0)
        for subset in combinations(votes, k):
            for yeses in product(range(v + 1), repeat=k):
                weight = Fraction(1)
                for (h, _), y in zip(subset, yeses, strict=True):
                    weight *= chance(h, v, y)
                best = [
                    right for (_, right), y in zip(subset, yeses, strict=True) if y == max(yeses)
                ]
                total += weight * Fraction(sum(best), len(best))
        exact.append(float(total / comb(len(votes), k)))
    assert SolveVerify(v=str(v), of=str(OF)).expected(draws(votes), ks) == close(exact)


@settings(deadline=None, max_examples=40)
@given(votes=verified)
def test_with_all_verifications_it_is_best_of_n(votes: list[tuple[int, bool]]) -> None:
    rule, outcomes, ks = SolveVerify(v="3", of="3"), draws(votes), range(1, len(votes) + 1)
    assert rule.expected(outcomes, ks) == close(BestOfN().expected(outcomes, ks))
    assert rule.pick(outcomes) == BestOfN().pick(outcomes)


@settings(deadline=None, max_examples=80)
@given(
    points=st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=1, max_size=8),
)
def test_sums_of_differences_are_the_mean_over_all_subsets(points: list[tuple[int, bool]]) -> None:
    outcomes = [Outcome(i, correct=right, score=float(d)) for i, (d, right) in enumerate(points)]
    ks = range(1, len(points) + 1)
    exact = []
    for k in ks:
        sums = [
            sum(abs(d) * (1 if right else -1) for d, right in s) for s in combinations(points, k)
        ]
        won = sum(Fraction(2 * (total > 0) + (total == 0), 2) for total in sums)
        exact.append(float(won / len(sums)))
    assert Pairwise().expected(outcomes, ks) == close(exact)


def test_the_larger_sum_is_picked() -> None:
    outcomes = [Outcome(i, score=float(d), correct=d > 0) for i, d in enumerate([3, -5, 1, 4])]
    assert Pairwise().pick(outcomes) == (0,)
    assert Pairwise().pick(outcomes[:2]) == (1,)
    assert sorted(Pairwise().pick([outcomes[0], Outcome(1, score=-3.0, correct=False)])) == [0, 1]
    assert Pairwise().pick([Outcome(0, score=0.0, correct=None)]) == ()
    assert Pairwise().pick([]) == ()


@pytest.mark.parametrize(("v", "of"), [("", ""), ("0", "3"), ("4", "3"), ("x", "3")])
def test_verifications_that_cannot_be_made_are_refused(v: str, of: str) -> None:
    with pytest.raises(
        ValueError, match=r"write solve-verify:v=4,of=32|v must be a whole number from 1"
    ):
        SolveVerify(v=v, of=of)


@pytest.mark.parametrize("score", [None, 0.4, 1.5, float("nan")])
def test_a_score_that_is_no_share_is_refused(score: float | None) -> None:
    with pytest.raises(ValueError, match=r"draw 0 has the score .* no share of 3 verifications"):
        SolveVerify(v="2", of="3").expected([Outcome(0, correct=True, score=score)], [1])


@pytest.mark.parametrize("score", [None, 0.5])
def test_a_difference_that_is_no_number_of_points_is_refused(score: float | None) -> None:
    with pytest.raises(ValueError, match="whole points"):
        Pairwise().pick([Outcome(0, correct=True, score=score)])
