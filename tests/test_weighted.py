"""Weighted votes: exact where weights have a common step, bracketed or simulated where not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_selectors import close, over_subsets

from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import estimates_of
from ttc.selectors.majority import Majority
from ttc.selectors.weighted import PerplexityConsistency, Weighted


def weighted_draws(weights: Sequence[float], answers: str, right: str = "x") -> list[Outcome]:
    """One draw a letter; "-" is no answer."""
    return [
        Outcome(i, answer=None if a == "-" else a, correct=a == right, score=w)
        for i, (w, a) in enumerate(zip(weights, answers, strict=True))
    ]


def pools(weights: st.SearchStrategy[float]) -> st.SearchStrategy[list[Outcome]]:
    draws = st.lists(st.tuples(weights, st.sampled_from("xyz-")), min_size=1, max_size=8)
    return draws.map(lambda d: weighted_draws([w for w, _ in d], "".join(a for _, a in d)))


RULES: dict[str, Callable[[], Selector]] = {
    "split": Weighted,
    "strict": lambda: Weighted(ties="strict"),
    "class": lambda: Weighted(invalid="class"),
    "wrong": lambda: Weighted(invalid="wrong"),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("step", [1.0, 0.1, 1 / 32])
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_weights_with_a_common_step_are_exact(rule: str, step: float, data: st.DataObject) -> None:
    outcomes = data.draw(pools(st.integers(0, 5).map(lambda i: i * step)))
    ks = range(1, len(outcomes) + 1)
    selector = RULES[rule]()
    found = estimates_of(selector, outcomes, ks)
    assert {estimate.kind for estimate in found} == {"exact"}
    exact = [float(over_subsets(selector, outcomes, k)) for k in ks]
    assert [estimate.value for estimate in found] == close(exact)


@settings(deadline=None, max_examples=30)
@given(outcomes=pools(st.floats(0, 1, allow_subnormal=False)))
def test_a_bracket_holds_the_truth(outcomes: list[Outcome]) -> None:
    ks = range(1, len(outcomes) + 1)
    for k, estimate in zip(ks, estimates_of(Weighted(), outcomes, ks), strict=True):
        exact = float(over_subsets(Weighted(), outcomes, k))
        assert estimate.kind in ("exact", "bracket", "mc")
        if estimate.kind != "mc":
            assert abs(estimate.value - exact) <= estimate.error + 1e-12
            assert estimate.error <= 1e-3


def test_real_weights_far_apart_are_bracketed_narrowly() -> None:
    weights = [0.1 + 0.7 * log(2 + i) for i in range(20)]
    outcomes = weighted_draws(weights, "xyxyzxyxzy" * 2)
    (estimate,) = estimates_of(Weighted(), outcomes, [3])
    assert estimate.kind == "bracket"
    assert estimate.error <= 1e-3
    assert abs(estimate.value - float(over_subsets(Weighted(), outcomes, 3))) <= estimate.error


def test_known_weighted_curve() -> None:
    known = ["1/2", "3/4", "45/56", "17/20", "13/14", "55/56", "1", "1"]
    outcomes = weighted_draws([3, 1, 2, 2, 1, 4, 1, 2], "xyxxzxyy")
    assert Weighted().expected(outcomes, range(1, 9)) == close([float(Fraction(f)) for f in known])


@settings(deadline=None, max_examples=60)
@given(outcomes=pools(st.just(1.0)))
def test_equal_weights_are_a_majority(outcomes: list[Outcome]) -> None:
    ks = range(1, len(outcomes) + 1)
    assert Weighted().expected(outcomes, ks) == close(Majority().expected(outcomes, ks))


@settings(deadline=None, max_examples=60)
@given(
    draws=st.lists(
        st.tuples(st.sampled_from("xyz-"), st.sampled_from(["", "1", "2"])), min_size=1, max_size=8
    )
)
def test_a_text_that_comes_back_counts_once(draws: list[tuple[str, str]]) -> None:
    outcomes = [
        # Equal texts have equal probabilities; these are whole hundredths.
        replace(
            weighted_draws([0], answer)[0],
            index=i,
            text=answer + text,
            logprob=3 * log((1 + len(text) + "xyz-".index(answer)) / 100),
            completion_tokens=3,
        )
        for i, (answer, text) in enumerate(draws)
    ]
    rule, ks = PerplexityConsistency(), range(1, len(draws) + 1)
    exact = [float(over_subsets(rule, outcomes, k)) for k in ks]
    assert rule.expected(outcomes, ks) == close(exact)


def test_an_answer_judged_both_ways_is_simulated_with_its_error() -> None:
    outcomes = weighted_draws([1, 2, 3, 1], "xxyy")
    outcomes[0] = replace(outcomes[0], correct=False)
    (estimate,) = estimates_of(Weighted(), outcomes, [2])
    assert estimate.kind == "mc"
    assert abs(estimate.value - float(over_subsets(Weighted(), outcomes, 2))) < 5 * estimate.error
    assert estimates_of(Weighted(), outcomes, [2]) == [estimate]


@pytest.mark.parametrize("score", [None, -1.0, float("nan"), float("inf")])
def test_what_cannot_weigh_is_refused(score: float | None) -> None:
    outcomes = [Outcome(3, answer="x", correct=True, score=score)]
    with pytest.raises(
        ValueError, match=r"draw 3 has (the score .*; weights are numbers from 0|no score)"
    ):
        Weighted().expected(outcomes, [1])
