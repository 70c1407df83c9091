"""The metrics, and the value of every rule on graded draws: brute force over all subsets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from math import comb, inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.accept import Accept
from ttc.selectors.bayes import Bayes
from ttc.selectors.best import Max, MeanOfBest
from ttc.selectors.best_of_majority import BestOfMajority
from ttc.selectors.best_of_n import BestOfN, Perplexity
from ttc.selectors.coverage import Mean
from ttc.selectors.exact.estimates import estimates_of, value_of
from ttc.selectors.extras import Measuring
from ttc.selectors.first_finish import FirstFinish, FirstValid, LastFinish
from ttc.selectors.g_pass import GPass, MeanGPass
from ttc.selectors.keep import Keep, Short
from ttc.selectors.majority import Majority
from ttc.selectors.majority_of_bests import MajorityOfBests
from ttc.selectors.mbr import MinimumBayesRisk
from ttc.selectors.threshold import Threshold

NEW: dict[str, Callable[[], Selector]] = {
    "g-pass, ½": GPass,
    "g-pass, 0": lambda: GPass(tau="0"),
    "g-pass, 0.7": lambda: GPass(tau="0.7"),
    "g-pass, 1": lambda: GPass(tau="1"),
    "mg-pass": MeanGPass,
    "bayes": Bayes,
    "bayes, graded": lambda: Bayes(grades="0+0.5+1"),
    "max": Max,
    "mean-of-best, 1": lambda: MeanOfBest(m="1"),
    "mean-of-best, 3": lambda: MeanOfBest(m="3"),
    "majority-of-bests": MajorityOfBests,
    "majority-of-bests, 1": lambda: MajorityOfBests(m="1"),
    "majority-of-bests, 3": lambda: MajorityOfBests(m="3", invalid="class"),
    "majority-of-bests, 20": lambda: MajorityOfBests(m="20", invalid="wrong"),
    "best-of-majority, 0": lambda: BestOfMajority(alpha="0"),
    "best-of-majority, ⅓": lambda: BestOfMajority(alpha="1/3"),
    "best-of-majority, 0.6": lambda: BestOfMajority(alpha="0.6", invalid="class"),
    "best-of-majority, max": lambda: BestOfMajority(alpha="0.3", by="max"),
    "best-of-majority, scored": lambda: BestOfMajority(alpha="0.3", score="judge"),
}
# Rules that were there before, whose value is the mean worth of what they pick.
GRADED: dict[str, Callable[[], Selector]] = {
    "mean": Mean,
    "majority": Majority,
    "majority, strict": lambda: Majority(ties="strict"),
    "majority, class": lambda: Majority(invalid="class"),
    "first-finish": FirstFinish,
    "first-valid": FirstValid,
    "last-finish": LastFinish,
    "best-of-n": BestOfN,
    "perplexity": Perplexity,
    "short-2": lambda: Short("2"),
    "short-3, shortest": lambda: Short("3", ties="shortest"),
    "keep, majority": lambda: Keep(Majority(), "3", by="score"),
    "accept, majority": lambda: Accept(Majority(), "0.5"),
    "mbr": MinimumBayesRisk,
    "threshold": lambda: Threshold(at="0.5", batch="1+2"),
    **{name: NEW[name] for name in NEW if not name.startswith(("g-pass", "mg-pass", "bayes"))},
}

SCORES = [0.0, 0.1, 0.2, 0.3, 1.0, -0.5, nan, inf, -inf]
GRADES = [-1.0, 0.0, 0.25, 1.0, 7.5]


def drawn_lists(
    score: Sequence[float], value: st.SearchStrategy[float | None]
) -> st.SearchStrategy:
    one = st.builds(
        Outcome,
        index=st.just(0),
        answer=st.sampled_from([None, "a", "b", "c", "d"]),
        correct=st.sampled_from([None, False, True]),
        score=st.sampled_from(score),
        scores=st.sampled_from(score).map(lambda number: {"judge": number}),
        logprob=st.sampled_from([-3.0, -1.0, -0.5]),
        completion_tokens=st.integers(0, 4),
        finish_reason=st.sampled_from(["stop", "stop", "length"]),
        text=st.sampled_from(["", "a", "ab", "abba", "the answer is b"]),
        value=value,
    )
    many = st.lists(one, min_size=1, max_size=9)
    return many.map(lambda drawn: [replace(outcome, index=i) for i, outcome in enumerate(drawn)])


plain = drawn_lists(SCORES, st.none())
tame = drawn_lists([0.0, 0.5, 1.0], st.none())
graded = drawn_lists(SCORES, st.sampled_from(GRADES))


def value(rule: Selector, drawn: Sequence[Outcome]) -> float:
    """The mean worth of the draws picked, or what a metric measures."""
    if isinstance(rule, Measuring):
        return rule.measure(drawn)
    return value_of(drawn, rule.pick(drawn))


def brute(rule: Selector, outcomes: Sequence[Outcome], k: int) -> float:
    return sum(value(rule, drawn) for drawn in combinations(outcomes, k)) / comb(len(outcomes), k)


def close(numbers: Sequence[float]) -> object:
    return pytest.approx(list(numbers), abs=1e-11, rel=0)


@pytest.mark.parametrize("name", NEW)
@settings(deadline=None, max_examples=40)
@given(outcomes=plain)
def test_new_rules_are_their_mean_over_all_subsets(name: str, outcomes: list[Outcome]) -> None:
    rule, ks = NEW[name](), range(1, len(outcomes) + 1)
    assert rule.expected(outcomes, ks) == close([brute(rule, outcomes, k) for k in ks])
    assert all(estimate.kind == "exact" for estimate in estimates_of(rule, outcomes, ks))
    assert rule.expected(outcomes[::-1], ks) == close(rule.expected(outcomes, ks))
    assert rule.expected(outcomes, []) == []


@pytest.mark.parametrize("name", GRADED)
@settings(deadline=None, max_examples=25)
@given(outcomes=graded)
def test_the_value_of_graded_draws_is_the_mean_worth_of_the_picks(
    name: str, outcomes: list[Outcome]
) -> None:
    rule, ks = GRADED[name](), range(1, len(outcomes) + 1)
    found = [estimate.value for estimate in estimates_of(rule, outcomes, ks)]
    if name == "threshold":  # its picks depend on the order of the draws
        assert found[-1] <= 7.5
        return
    assert found == close([brute(rule, outcomes, k) for k in ks])
