"""The metrics, and the value of every rule on graded draws: brute force over all subsets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations, permutations, product
from math import comb, inf, nan, sqrt
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.accept import Accept
from ttc.selectors.adaptive_consistency import AdaptiveConsistency
from ttc.selectors.bayes import Bayes
from ttc.selectors.best import Max, MeanOfBest
from ttc.selectors.best_of_majority import BestOfMajority
from ttc.selectors.best_of_n import BestOfN, Perplexity
from ttc.selectors.chosen_answer import ChosenAnswer
from ttc.selectors.coverage import Coverage, Mean, PassAll
from ttc.selectors.early_stopping import EarlyStopping
from ttc.selectors.exact.estimates import estimates_of, value_of
from ttc.selectors.exact.subset_means import subset_means
from ttc.selectors.exact.weighted_plurality import weighted_at_k
from ttc.selectors.extras import Measuring, Replacing
from ttc.selectors.first_finish import FirstFinish, FirstValid, LastFinish
from ttc.selectors.g_pass import GPass, MeanGPass
from ttc.selectors.keep import Keep, Short
from ttc.selectors.majority import Majority
from ttc.selectors.majority_of_bests import MajorityOfBests
from ttc.selectors.mbr import MinimumBayesRisk
from ttc.selectors.threshold import Threshold
from ttc.selectors.weighted import Weighted

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
@settings(deadline=None, max_examples=20)
@given(outcomes=plain)
def test_new_rules_are_their_mean_over_all_subsets(name: str, outcomes: list[Outcome]) -> None:
    rule, ks = NEW[name](), range(1, len(outcomes) + 1)
    assert rule.expected(outcomes, ks) == close([brute(rule, outcomes, k) for k in ks])
    assert all(estimate.kind == "exact" for estimate in estimates_of(rule, outcomes, ks))
    assert rule.expected(outcomes[::-1], ks) == close(rule.expected(outcomes, ks))
    assert rule.expected(outcomes, []) == []


@pytest.mark.parametrize("name", GRADED)
@settings(deadline=None, max_examples=12)
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


@pytest.mark.parametrize("name", [*NEW, *GRADED])
@settings(deadline=None, max_examples=4)
@given(outcomes=tame.map(lambda drawn: drawn[:4]), k=st.integers(1, 4))
def test_with_replacement_all_sequences_count(name: str, outcomes: list[Outcome], k: int) -> None:
    rule = {**NEW, **GRADED}[name]()
    if not isinstance(rule, Replacing) or hasattr(rule, "estimates"):
        return
    drawn = [[replace(o, index=i) for i, o in enumerate(s)] for s in product(outcomes, repeat=k)]
    mean = sum(value(rule, sequence) for sequence in drawn) / len(drawn)
    assert rule.replaced(outcomes, [k]) == close([mean])


@settings(deadline=None, max_examples=15)
@given(outcomes=drawn_lists([0.0, 0.5, 1.0, 2.5], st.none()), worth=st.permutations(GRADES))
def test_votes_by_weight_and_votes_that_stop_are_worth_their_answer(
    outcomes: list[Outcome], worth: list[float]
) -> None:
    by_answer = dict(zip([None, "a", "b", "c", "d"], worth, strict=True))
    drawn = [replace(o, value=by_answer[o.answer]) for o in outcomes]
    ks = range(1, len(drawn) + 1)
    for rule in (Weighted(), Weighted(ties="strict", invalid="class")):
        assert rule.expected(drawn, ks) == close([brute(rule, drawn, k) for k in ks])
    few = drawn[:6]
    orders = [list(order) for order in permutations(few)]
    for rule in (AdaptiveConsistency(c="0.8"), EarlyStopping(w="2")):
        found = rule.estimates(few, [len(few)])[0]
        mean = sum(value(rule, order) for order in orders) / len(orders)
        assert found.value == pytest.approx(mean, abs=1e-11)


def test_real_weights_bracket_a_graded_vote() -> None:
    draws = [
        Outcome(i, answer="abc"[i % 3], score=sqrt(2 + i) / 7, value=[-4.0, 0.5, 9.0][i % 3])
        for i in range(9)
    ]
    rule = Weighted()
    for k in (2, 3, 5, 8):
        low, high = weighted_at_k(rule._ballots(draws), k, strict=False) or (0.0, 0.0)
        assert low - 1e-12 <= brute(rule, draws, k) <= high + 1e-12
        assert high - low <= 2e-3 * 13


@pytest.mark.parametrize("rule", [MajorityOfBests(), BestOfMajority(alpha="0.2")])
@pytest.mark.parametrize("scores", [[0.1, 0.2, 0.3], [sqrt(p) for p in (2, 3, 5, 7, 11, 13)]])
def test_many_subsets_are_simulated_as_the_rule_picks(
    rule: ChosenAnswer, scores: list[float]
) -> None:
    draws = [
        Outcome(i, answer=[None, "a", "a", "b", "c"][i * 7 % 5], score=scores[i * i % len(scores)])
        for i in range(40)
    ]
    draws = [replace(o, correct=o.answer == "a") for o in draws]
    (found,) = rule.estimates(draws, [12])
    assert found.kind == "mc"
    orders = subset_means(
        40,
        [12],
        lambda rows: np.array(
            [value_of(s, rule.pick(s)) for s in ([draws[i] for i in row] for row in rows.tolist())]
        ),
    )
    assert found == orders[0]
    (whole,) = rule.estimates(draws, [40])
    assert whole.kind == "exact"
    assert whole.value == value_of(draws, rule.pick(draws))


def test_known_values_of_the_metrics() -> None:
    # The figures of scorio 0.2.3 for the same counts (its docstrings and functions).
    rows = ["01101", "11011"]
    right = [[Outcome(i, correct=c == "1") for i, c in enumerate(row)] for row in rows]

    def mean(rule: Selector, k: int) -> float:
        return sum(rule.expected(draws, [k])[0] for draws in right) / 2

    assert mean(GPass(tau="0.5"), 2) == pytest.approx(0.95)
    assert mean(GPass(tau="1"), 2) == pytest.approx(0.45)
    assert mean(MeanGPass(), 2) == pytest.approx(0.45)
    assert mean(MeanGPass(), 3) == pytest.approx(1 / 6)
    assert mean(Bayes(), 5) == pytest.approx(0.642857142857143)
    spread = sum(Bayes().variances(draws, [5])[0] for draws in right) / 4
    assert sqrt(spread) == pytest.approx(0.118451, abs=5e-7)
    grades = ["01221", "11022"]
    graded_rows = [[Outcome(i, value=int(c) / 2) for i, c in enumerate(row)] for row in grades]
    best = [Max().expected(draws, [2])[0] for draws in graded_rows]
    assert sum(best) / 2 == pytest.approx(0.85)
    rubric = Bayes(grades="0+0.5+1")
    assert sum(rubric.measure(draws) for draws in graded_rows) / 2 == pytest.approx(0.5625)
    spread = sum(rubric.variances(draws, [5])[0] for draws in graded_rows) / 4
    assert sqrt(spread) == pytest.approx(0.091998, abs=5e-7)


def test_the_variance_of_bayes_is_its_mean_over_all_subsets() -> None:
    draws = [Outcome(i, value=[0.0, 0.5, 1.0][i * 5 % 7 % 3]) for i in range(7)]
    rule = Bayes(grades="0+0.5+1")
    for k in range(1, 8):
        every = [rule.variances(list(s), [k])[0] for s in combinations(draws, k)]
        assert rule.variances(draws, [k])[0] == pytest.approx(sum(every) / len(every), abs=1e-12)


def test_a_metric_at_the_ends_of_tau_is_coverage_and_pass_hat() -> None:
    draws = [Outcome(i, correct=i % 3 == 0) for i in range(9)]
    ks = range(1, 10)
    assert GPass(tau="0").expected(draws, ks) == close(Coverage().expected(draws, ks))
    assert GPass(tau="1").expected(draws, ks) == close(PassAll().expected(draws, ks))
    assert Max().expected(draws, ks) == close(Coverage().expected(draws, ks))
    # ⌈0.7·10⌉ is 7, though 0.7·10 is more than 7 in binary.
    right = [Outcome(i, correct=i < 7) for i in range(10)]
    assert GPass(tau="0.7").expected(right, [10]) == [1.0]


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (lambda: GPass(tau="1.5"), "tau must be a number from 0 to 1"),
        (lambda: MeanOfBest(), "write mean-of-best:m=3"),
        (lambda: BestOfMajority(), "write best-of-majority:alpha=0.2"),
        (lambda: BestOfMajority(alpha="nan"), "alpha must be a number from 0 to 1"),
        (lambda: Bayes(grades="1"), "grades must be different numbers"),
        (lambda: Bayes(grades="0+inf"), "grades must be different numbers"),
        (lambda: MajorityOfBests(m="0"), "m must be a whole number from 1"),
        (lambda: Max(k="2"), "unknown option 'k'"),
    ],
)
def test_wrong_options_are_refused(factory: Callable[[], Selector], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        factory()


def test_a_grade_that_is_not_in_the_rubric_is_named() -> None:
    with pytest.raises(ValueError, match=r"the value 0.3 is none of the grades 0\+1"):
        Bayes(grades="0+1").expected([Outcome(0, value=0.3)], [1])


def test_a_thousand_draws_take_no_time() -> None:
    draws = [
        Outcome(i, answer=f"a{i * i % 17}", score=(i * 37 % 1009) / 1009, correct=i % 17 == 0)
        for i in range(1000)
    ]
    began = process_time()
    for name in NEW:
        if name != "best-of-majority, scored":
            NEW[name]().expected(draws, [1, 16, 256])
    assert process_time() - began < 8
