"""Each rule's `expected` is the mean of its own `pick` over all subsets, and known vectors hold."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, permutations
from math import comb
from pathlib import Path
from time import process_time

import pytest
from exact_votes import exact_majority
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.accept import Accept
from ttc.selectors.best_of_n import BestOfN, Perplexity
from ttc.selectors.coverage import Coverage, Mean, PassAll
from ttc.selectors.exact.plurality import majority_at_k
from ttc.selectors.first_finish import FirstFinish, FirstValid, LastFinish
from ttc.selectors.keep import Keep, Short
from ttc.selectors.majority import Majority
from ttc.selectors.mbr import MinimumBayesRisk, agreement, similarity
from ttc.selectors.ranking import best_of_k

POOLS = Path(__file__).resolve().parents[2] / "shared" / "data" / "pools"

RULES: dict[str, Callable[[], Selector]] = {
    "coverage": Coverage,
    "majority": Majority,
    "majority, strict": lambda: Majority(ties="strict"),
    "majority, class": lambda: Majority(invalid="class"),
    "majority, strict, class": lambda: Majority(ties="strict", invalid="class"),
    "first-finish": FirstFinish,
    "last-finish": LastFinish,
    "best-of-n": BestOfN,
    "perplexity": Perplexity,
    "pass^k": PassAll,
    "mean": Mean,
    "majority, wrong": lambda: Majority(invalid="wrong"),
    "first-valid": FirstValid,
    "short-1": lambda: Short("1"),
    "short-2": lambda: Short("2"),
    "short-3": lambda: Short("3"),
    "short-4": lambda: Short("4"),
    "short-2, shortest": lambda: Short("2", ties="shortest"),
    "short-3, shortest": lambda: Short("3", ties="shortest"),
    "short-4, shortest": lambda: Short("4", ties="shortest"),
    "keep, coverage": lambda: Keep(Coverage(), "3", by="score"),
    "keep, majority": lambda: Keep(Majority(), "50%"),
    "keep, strict": lambda: Keep(Majority(ties="strict"), "4", by="longest"),
    "accept, majority": lambda: Accept(Majority(), "0.5"),
    "accept, ranked": lambda: Accept(BestOfN(), "-0.4", by="logprob"),
    "accept, keep": lambda: Accept(Keep(Majority(), "2", by="tokens"), "1"),
    "mbr": MinimumBayesRisk,
}


def close(exact: Sequence[float]) -> object:
    """What floats may differ by: far below any digit that is printed."""
    return pytest.approx(list(exact), abs=1e-12, rel=0)


outcomes_lists = st.lists(
    st.builds(
        Outcome,
        index=st.just(0),
        answer=st.sampled_from([None, "a", "b", "c", "d"]),
        correct=st.sampled_from([None, False, True]),
        score=st.sampled_from([0.0, 0.5, 1.0, float("nan")]),
        logprob=st.sampled_from([-3.0, -1.0, -0.5]),
        completion_tokens=st.integers(0, 4),
        finish_reason=st.sampled_from(["stop", "stop", "length"]),
        text=st.sampled_from(["", "a", "ab", "a b", "abba", "the answer is b"]),
    ),
    min_size=1,
    max_size=9,
).map(lambda drawn: [replace(outcome, index=i) for i, outcome in enumerate(drawn)])


one_draw = Outcome(
    0, answer="x", correct=True, score=1.0, logprob=-1.0, completion_tokens=1, text="x"
)


def value(selector: Selector, drawn: Sequence[Outcome]) -> Fraction:
    """The share of correct ones among the draws picked, 0 for an empty pick."""
    picked = selector.pick(drawn)
    assert len(set(picked)) == len(picked)
    right = sum(bool(drawn[i].correct) for i in picked)
    return Fraction(right, len(picked)) if picked else Fraction(0)


def over_subsets(selector: Selector, outcomes: Sequence[Outcome], k: int) -> Fraction:
    right: dict[int, int] = defaultdict(int)  # by the size of the pick: sums of fractions are slow
    for drawn in combinations(outcomes, k):
        found = value(selector, drawn)
        right[found.denominator] += found.numerator
    total = sum((Fraction(count, size) for size, count in right.items()), Fraction(0))
    return total / comb(len(outcomes), k)


def draws(answers: str, right: str) -> list[Outcome]:
    """One draw a letter; "-" is no answer."""
    return [
        Outcome(i, answer=None if a == "-" else a, correct=a == right)
        for i, a in enumerate(answers)
    ]


@pytest.mark.parametrize("rule", RULES)
@settings(deadline=None, max_examples=60)
@given(outcomes=outcomes_lists)
def test_expected_is_the_mean_of_pick_over_all_subsets(rule: str, outcomes: list[Outcome]) -> None:
    selector = RULES[rule]()
    ks = range(1, len(outcomes) + 1)
    exact = [float(over_subsets(selector, outcomes, k)) for k in ks]
    assert selector.expected(outcomes, ks) == close(exact)


@settings(deadline=None, max_examples=60)
@given(
    outcomes=outcomes_lists.map(lambda drawn: drawn[:6]),
    invalid=st.sampled_from(["abstain", "class"]),
)
def test_the_first_drawn_leader_is_right_as_often_as_a_split(
    outcomes: list[Outcome], invalid: str
) -> None:
    first = Majority(ties="first", invalid=invalid)
    ks = range(1, len(outcomes) + 1)
    for k, expected in zip(ks, first.expected(outcomes, ks), strict=True):
        orders = list(permutations(outcomes, k))
        mean = sum((value(first, order) for order in orders), Fraction(0)) / len(orders)
        assert [expected] == close([float(mean)])


@pytest.mark.parametrize("rule", RULES)
@settings(deadline=None, max_examples=30)
@given(data=st.data(), outcomes=outcomes_lists)
def test_the_order_of_the_draws_does_not_matter(
    rule: str, data: st.DataObject, outcomes: list[Outcome]
) -> None:
    shuffled = data.draw(st.permutations(outcomes))
    ks = range(1, len(outcomes) + 1)
    assert RULES[rule]().expected(shuffled, ks) == close(RULES[rule]().expected(outcomes, ks))


@pytest.mark.parametrize("rule", RULES)
@settings(deadline=None, max_examples=30)
@given(outcomes=outcomes_lists)
def test_with_one_draw_every_rule_is_pass_at_1(rule: str, outcomes: list[Outcome]) -> None:
    # A draw that says nothing is no candidate.
    answered = [replace(o, answer=o.answer or "e", text=o.text or "e") for o in outcomes]
    right = sum(bool(outcome.correct) for outcome in answered)
    assert RULES[rule]().expected(answered, [1]) == close([right / len(answered)])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("right", [True, False])
def test_a_unanimous_pool_leaves_nothing_to_choose(rule: str, right: bool) -> None:
    pool = [replace(one_draw, index=i, correct=right, completion_tokens=i) for i in range(6)]
    assert RULES[rule]().expected(pool, range(1, 7)) == close([float(right)] * 6)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("k", [-1, 0, 4])
def test_a_budget_without_subsets_is_refused(rule: str, k: int) -> None:
    pool = [replace(one_draw, index=i) for i in range(3)]
    with pytest.raises(ValueError, match=f"between 1 and n = 3, the draws there are, not {k}"):
        RULES[rule]().expected(pool, [1, k])


@pytest.mark.parametrize("rule", RULES)
def test_nothing_asked_nothing_returned(rule: str) -> None:
    assert RULES[rule]().expected([], []) == []
    assert RULES[rule]().pick([]) == ()


def test_known_best_of_n_curve() -> None:
    scores = [0.9, 0.9, 0.5, 0.5, 0.5, 0.2, 0.2, 0.1]
    right = [1, 0, 1, 1, 0, 1, 0, 0]
    pool = [
        Outcome(i, correct=bool(y), score=s)
        for i, (s, y) in enumerate(zip(scores, right, strict=True))
    ]
    known = ["1/2", "4/7", "187/336", "15/28", "29/56", "85/168", "1/2", "1/2"]
    assert BestOfN().expected(pool, range(1, 9)) == close([float(Fraction(f)) for f in known])


def test_a_score_that_says_nothing_is_worth_one_draw() -> None:
    right = [True, False, False, True, False]
    pool = [Outcome(i, correct=y, score=float("nan")) for i, y in enumerate(right)]
    assert BestOfN().expected(pool, range(1, 6)) == close([2 / 5] * 5)


def test_known_majority_curves() -> None:
    pool = draws("xxxyyzz-", "x")
    fair = ["3/8", "3/7", "13/28", "18/35", "31/56", "17/28", "3/4", "1"]
    strict = ["3/8", "3/14", "2/7", "29/70", "11/28", "5/14", "5/8", "1"]
    ks = range(1, 9)
    assert Majority().expected(pool, ks) == close([float(Fraction(f)) for f in fair])
    assert Majority(ties="first").expected(pool, ks) == close([float(Fraction(f)) for f in fair])
    assert Majority(ties="strict").expected(pool, ks) == close([float(Fraction(f)) for f in strict])


def test_known_first_finish_curve() -> None:
    lengths, right = [3, 5, 5, 7, 8, 11, 13, 20], [1, 0, 1, 1, 0, 1, 0, 0]
    pool = [
        Outcome(i, correct=bool(y), completion_tokens=length, finish_reason="stop")
        for i, (length, y) in enumerate(zip(lengths, right, strict=True))
    ]
    known = ["1/2", "37/56", "81/112", "27/35", "23/28", "7/8", "15/16", "1"]
    assert FirstFinish().expected(pool, range(1, 9)) == close([float(Fraction(f)) for f in known])


def test_known_best_of_k_curve() -> None:
    """Scores .9 .9 .5 .5 .5 .2 .2 .1, correct 1 0 1 1 0 1 0 0."""
    known = ["1/2", "4/7", "187/336", "15/28", "29/56", "85/168", "1/2", "1/2"]
    levels = [(2, 1), (3, 2), (2, 1), (1, 0)]
    assert best_of_k(levels, range(1, 9)) == close([float(Fraction(f)) for f in known])


def test_a_tie_is_shared_taken_by_the_first_or_lost() -> None:
    pool = draws("-yxxyz", "x")
    assert Majority().pick(pool) == (1, 2, 3, 4)
    assert Majority(ties="first").pick(pool) == (1, 4)
    assert Majority(ties="strict").pick(pool) == ()


def test_draws_without_an_answer_abstain_or_are_a_class() -> None:
    pool = draws("--x", "x")
    assert Majority().pick(pool) == (2,)
    assert Majority(invalid="class").pick(pool) == (0, 1)
    assert Majority().pick(pool[:2]) == ()
    assert Majority().expected(pool, [1, 3]) == close([1 / 3, 1.0])
    assert Majority(invalid="class").expected(pool, [3]) == [0.0]


def test_one_answer_judged_both_ways_counts_by_its_share() -> None:
    pool = [Outcome(i, answer="x", correct=i == 0) for i in range(4)]
    assert Majority().expected(pool, [1, 2, 4]) == close([0.25] * 3)


def test_the_first_to_finish_may_have_no_answer_and_is_then_wrong() -> None:
    pool = [
        Outcome(0, answer="x", correct=True, completion_tokens=9, finish_reason="stop"),
        Outcome(1, answer=None, correct=False, completion_tokens=4, finish_reason="stop"),
        Outcome(2, answer="x", correct=True, completion_tokens=2, finish_reason="length"),
        Outcome(3, answer="x", correct=True, completion_tokens=3, finish_reason="length"),
    ]
    assert FirstFinish().pick(pool) == (1,)
    assert FirstFinish().pick(pool[2:]) == (0, 1)
    assert FirstFinish().expected(pool, [4]) == [0.0]


def test_a_race_without_lengths_is_refused() -> None:
    with pytest.raises(ValueError, match="draw 7 has no completion_tokens"):
        FirstFinish().pick([Outcome(7, correct=True)])


@pytest.mark.parametrize(
    ("rule", "options", "message"),
    [
        (Coverage, {"ties": "split"}, "coverage: unknown option 'ties'; it takes none"),
        (
            FirstFinish,
            {"m": "2"},
            "first-finish: unknown option 'm'; it takes: by=tokens|thinking",
        ),
        (LastFinish, {"m": "2"}, "last-finish: unknown option 'm'; it takes none"),
        (MinimumBayesRisk, {"n": "2"}, "mbr: unknown option 'n'; it takes none"),
        (
            Majority,
            {"tie": "split"},
            "majority: unknown option 'tie'; did you mean ties? it takes: ties=split|first|strict, "
            "invalid=abstain|class|wrong",
        ),
        (
            Majority,
            {"ties": "fair"},
            "majority: ties must be one of split, first, strict, not 'fair'",
        ),
        (
            Majority,
            {"invalid": "drop"},
            "majority: invalid must be one of abstain, class, wrong, not 'drop'",
        ),
    ],
)
def test_unknown_options_are_refused_with_the_known_ones(
    rule: Callable[..., Selector], options: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the whole message is compared)
        rule(**options)
    assert str(error.value) == message


def test_the_declared_needs_and_finishes() -> None:
    assert Coverage().needs == {"correct"}
    assert Majority().needs == {"answer", "correct"}
    assert FirstFinish().needs == {"completion_tokens", "correct"}
    assert MinimumBayesRisk().needs == {"text"}
    waits = [rule().finishes for rule in (Coverage, Majority, FirstFinish, MinimumBayesRisk)]
    assert waits == [None, None, 1, None]


def test_coverage_does_not_cancel() -> None:
    pool = [Outcome(i, correct=i == 0) for i in range(2000)]
    assert Coverage().expected(pool, [1000]) == pytest.approx([0.5], abs=1e-13)
    assert Coverage().expected(pool[1:11], [10]) == [0.0]
    assert Coverage().expected(pool[:10], [10]) == [1.0]


def test_text_similarity_is_a_symmetric_share() -> None:
    assert similarity("", "") == 1.0
    assert similarity("", "x") == 0.0
    assert similarity("ab", "cd") == 0.0
    assert similarity("def f(x):\n    return x", "def f(x): return x") == 1.0
    # "ab" has a, b, ab; "abc" has a, b, c, ab, bc, abc: three shared of 3 + 6.
    assert similarity("ab", "abc") == similarity("abc", "ab") == 6 / 9
    assert similarity("aa", "aaa") == 6 / 9


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_text_similarity_stays_in_bounds(a: str, b: str) -> None:
    assert 0 <= similarity(a, b) == similarity(b, a) <= 1
    assert similarity(a, a) == 1


def test_the_most_central_text_is_picked() -> None:
    texts = ["the cat sat on the mat", "a cat sat on the mat", "a cat sat on a mat", "no idea"]
    pool = [Outcome(i, text=text) for i, text in enumerate(texts)]
    assert MinimumBayesRisk().pick(pool) == (1,)
    others = [similarity(texts[1], texts[i]) for i in (0, 2, 3)]
    assert agreement(pool, 1) == pytest.approx(sum(others) / 3)
    assert agreement(pool, 1) > agreement(pool, 3)


def test_texts_that_agree_alike_are_all_picked() -> None:
    pool = [Outcome(i, text=text) for i, text in enumerate(["x y", "left", "xy", "right"])]
    assert MinimumBayesRisk().pick(pool) == (0, 2)
    assert MinimumBayesRisk().pick(pool[1:2]) == (0,)
    assert agreement(pool[1:2], 0) is None


def test_mbr_names_the_limit_of_its_enumeration() -> None:
    pool = [Outcome(i, correct=True, text="x") for i in range(64)]
    assert MinimumBayesRisk().expected(pool, [1, 2, 64]) == [1.0, 1.0, 1.0]
    with pytest.raises(
        ValueError, match="k = 3 of 64 draws has 41664 subsets, more than the 20000"
    ):
        MinimumBayesRisk().expected(pool, [3])


def test_mbr_without_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 draws have no text"):
        MinimumBayesRisk().pick([Outcome(0, text="x"), Outcome(1)])


def test_votes_among_hundreds_of_draws_take_no_time() -> None:
    """Bounds ten times what it takes, so that only a lost algorithm fails."""
    classes = [(9, 9 if a == 0 else 0) for a in range(20)] + [(8, 0)] * 8
    start = process_time()
    curve = majority_at_k(classes, 12, range(1, 257))
    assert process_time() - start < 2
    assert curve[:64] == close(exact_majority(classes, 12, range(1, 65)))
    assert curve[-1] == pytest.approx(1 / 20)


def read_pool(name: str) -> list[list[Outcome]]:
    path = POOLS / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    problems = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            outcome = Outcome(line["sample_index"], line.get("answer"), line["correct"])
            problems[line["problem_id"]].append(outcome)
    return list(problems.values())


def benchmark(selector: Selector, problems: list[list[Outcome]], ks: Sequence[int]) -> list[float]:
    columns = zip(*(selector.expected(outcomes, ks) for outcomes in problems), strict=True)
    return [round(sum(column) / len(problems), 4) for column in columns]


def test_published_coverage_of_cruxeval() -> None:
    problems = read_pool("cruxeval_codellama7b_output.jsonl.gz")
    assert len(problems) == 800
    assert benchmark(Coverage(), problems, [1, 5]) == [0.3421, 0.4029]


def test_published_majority_of_natural_program() -> None:
    problems = read_pool("naturalprogram_gpt35_date.jsonl.gz")
    assert len(problems) == 369
    assert benchmark(Majority(), problems, [5, 10]) == [0.7092, 0.7249]
    assert benchmark(Coverage(), problems, [1, 10]) == [0.6236, 0.8293]
