"""Curves over problems: means of exact values, who contributes, and the published document."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from math import nan
from pkgutil import iter_modules
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttc.curves
import ttc.report
from ttc.curves.caveats import warnings
from ttc.curves.cost_axes import AXES
from ttc.curves.curve import curves, default_ks
from ttc.curves.document import CONVENTIONS, as_document
from ttc.errors import UsageError
from ttc.records import Outcome, Point
from ttc.selectors import Selector
from ttc.selectors.coverage import Coverage
from ttc.selectors.first_finish import FirstFinish
from ttc.selectors.majority import Majority
from ttc.selectors.mbr import MinimumBayesRisk

ALL: dict[str, Selector] = {
    "coverage": Coverage(),
    "majority": Majority(),
    "majority:ties=strict": Majority(ties="strict"),
    "first-finish": FirstFinish(),
}


def draws(answers: str, lengths: Sequence[int] = ()) -> list[Outcome]:
    """One draw a letter, "x" is right, "-" no answer; draw i makes i + 1 tokens unless told."""
    return [
        Outcome(
            i,
            answer=None if a == "-" else a,
            correct=a == "x",
            completion_tokens=lengths[i] if lengths else i + 1,
            finish_reason="stop",
        )
        for i, a in enumerate(answers)
    ]


POOL = {"p": draws("xxyz"), "q": draws("yyxx"), "r": draws("xxxx")}


def seen(point: Point) -> dict[str, float | None]:
    """The axes of a point that its race decides."""
    return {axis: point.cost[axis] for axis in ("samples", "tokens", "latency_tokens")}


def test_a_point_is_the_mean_of_the_problems() -> None:
    (curve,) = curves(POOL, {"coverage": Coverage()}, [1, 2], source="file", ci=None)
    assert (curve.selector, curve.source) == ("coverage", "file")
    one, two = curve.points
    assert (one.k, one.value, one.problems, one.exact, one.note) == (1, 2 / 3, 3, True, None)
    assert two.value == pytest.approx((5 / 6 + 5 / 6 + 1) / 3)
    assert (one.low, one.high) == (None, None)


def test_costs_follow_what_the_rule_waits_for() -> None:
    pool = {"p": draws("xy", [2, 6]), "q": draws("xy", [4, 4])}
    majority, first = curves(
        pool, {"majority": Majority(), "first-finish": FirstFinish()}, [1, 2], source="file"
    )
    assert (
        majority.points[0].cost.items() >= {"samples": 1, "tokens": 4, "latency_tokens": 4}.items()
    )
    assert (
        majority.points[1].cost.items() >= {"samples": 2, "tokens": 8, "latency_tokens": 5}.items()
    )
    assert seen(first.points[1]) == {"samples": 2, "tokens": 6, "latency_tokens": 3}


def test_costs_are_unknown_where_a_length_is() -> None:
    pool = POOL | {"s": [Outcome(0, correct=True)]}
    (curve,) = curves(pool, {"coverage": Coverage()}, [1, 2], source="file")
    assert (
        curve.points[0].cost.items()
        >= {"samples": 1, "tokens": None, "latency_tokens": None}.items()
    )
    assert curve.points[1].cost["tokens"] == 5.0  # the problem without lengths is not in this one


def test_a_budget_beyond_every_problem_is_blank_with_the_reason() -> None:
    (curve,) = curves(POOL, {"majority": Majority()}, [4, 5], source="file")
    blank = curve.points[1]
    assert (blank.k, blank.value, blank.low, blank.high, blank.problems) == (5, None, None, None, 0)
    assert blank.note == "k exceeds the 4 draws of every problem"
    assert seen(blank) == {"samples": 5, "tokens": None, "latency_tokens": None}


def test_a_problem_contributes_up_to_its_number_of_draws() -> None:
    pool = {"p": draws("xy"), "q": draws("xxxxx"), "r": []}
    (curve,) = curves(pool, {"coverage": Coverage()}, [1, 4, 8], source="file")
    assert [point.problems for point in curve.points] == [2, 1, 0]
    assert [point.value for point in curve.points] == [0.75, 1.0, None]
    assert [point.note for point in curve.points] == [
        "only 2 of 3 problems have 1 or more draws",
        "only 1 of 3 problems have 4 or more draws",
        "k exceeds the draws of every problem, 5 at most",
    ]
    one = curve.points[1]  # of a single problem: next to nothing is known of others like it
    assert (one.low, one.high) == (pytest.approx(0.025), 1.0)


def test_intervals_hold_the_value_and_are_shared() -> None:
    pool = {f"p{i}": draws("xxyz" if i % 3 else "yyyx") for i in range(30)}
    table = {curve.selector: curve for curve in curves(pool, ALL, [1, 2, 4], source="file")}
    for curve in table.values():
        for point in curve.points:
            assert point.low is not None
            assert point.high is not None
            assert point.value is not None
            assert 0 <= point.low <= point.value <= point.high <= 1
    (alone,) = curves(pool, {"majority": Majority()}, [1, 2, 4], source="file")
    assert alone == table["majority"]
    narrow = curves(pool, {"majority": Majority()}, [1], source="file", ci=50)[0].points[0]
    wide = alone.points[0]
    assert wide.low < narrow.low < narrow.high < wide.high
    other = curves(pool, {"majority": Majority()}, [1], source="file", seed=1)[0].points[0]
    assert other.value == wide.value
    assert other.low is not None


def test_one_problem_has_a_wide_interval() -> None:
    (curve,) = curves({"p": draws("xy")}, {"coverage": Coverage()}, [1], source="file")
    point = curve.points[0]
    assert (point.low, point.value, point.high) == pytest.approx((0.0125, 0.5, 0.9875))


@settings(deadline=None, max_examples=40)
@given(
    data=st.data(), pool=st.lists(st.text("xyz-", min_size=1, max_size=6), min_size=2, max_size=5)
)
def test_neither_the_order_of_draws_nor_of_problems_matters(
    data: st.DataObject, pool: list[str]
) -> None:
    problems = {f"p{i}": draws(answers) for i, answers in enumerate(pool)}
    shuffled = {
        problem: data.draw(st.permutations(problems[problem]))
        for problem in data.draw(st.permutations(sorted(problems)))
    }
    if not any(answer in "xyz" for answers in pool for answer in answers):
        return
    expected = curves(problems, ALL, [1, 2, 6], source="file")
    for curve, other in zip(curves(shuffled, ALL, [1, 2, 6], source="file"), expected, strict=True):
        for a, b in zip(curve.points, other.points, strict=True):
            assert (a.k, a.problems, a.note) == (b.k, b.problems, b.note)
            assert [a.value, a.low, a.high] == pytest.approx([b.value, b.low, b.high], abs=1e-12)


def test_with_one_draw_all_rules_are_pass_at_1() -> None:
    table = curves(POOL, ALL, [1], source="file", ci=None)
    assert [curve.points[0].value for curve in table] == pytest.approx([2 / 3] * len(table))


def test_in_a_unanimous_pool_all_rules_are_equal() -> None:
    pool = {"p": draws("xxxx"), "q": draws("yyyy")}
    for curve in curves(pool, ALL, [1, 2, 3, 4], source="file"):
        assert [point.value for point in curve.points] == pytest.approx([0.5] * 4)


def test_budgets_are_sorted_and_asked_once() -> None:
    (curve,) = curves(POOL, {"coverage": Coverage()}, [4, 1, 4, 2], source="file")
    assert [point.k for point in curve.points] == [1, 2, 4]


def test_missing_lengths_name_the_remedy() -> None:
    pool = {"p": [Outcome(0, correct=True, completion_tokens=3), Outcome(1, correct=False)]}
    with pytest.raises(UsageError) as error:
        curves(pool, {"first-finish": FirstFinish()}, [1], source="file")
    assert str(error.value) == (
        "first-finish needs completion_tokens, which 1 of 2 draws lack; "
        "for a file, name the field that holds it: --map completion_tokens=FIELD"
    )


def test_some_draws_may_be_without_an_answer_but_not_all() -> None:
    pool = {"p": [Outcome(0, correct=True), Outcome(1, correct=False)]}
    with pytest.raises(UsageError, match="majority needs answer, which 2 of 2 draws lack"):
        curves(pool, {"majority": Majority()}, [1], source="file")
    hopeless = {"p": [Outcome(0, correct=False)] * 2}
    (curve,) = curves(hopeless, {"majority": Majority()}, [1, 2], source="file")
    assert [point.value for point in curve.points] == [0.0, 0.0]


@pytest.mark.parametrize("selector", [Coverage(), Majority(), MinimumBayesRisk()])
def test_draws_without_any_verdict_are_refused(selector: Selector) -> None:
    pool = {"p": [Outcome(0, answer="x", text="x"), Outcome(1, answer="y", text="y")]}
    with pytest.raises(UsageError, match="needs correct, which 2 of 2 draws lack; run ttc verify"):
        curves(pool, {selector.name: selector}, [1], source="file")


def test_texts_are_needed_by_rules_that_compare_them() -> None:
    with pytest.raises(UsageError, match=r"mbr needs text, which 12 of 12 .* --map text=FIELD"):
        curves(POOL, {"mbr": MinimumBayesRisk()}, [1], source="file")


def test_what_a_rule_cannot_compute_is_a_usage_error() -> None:
    many = {"p": [Outcome(i, correct=True, text="x") for i in range(64)]}
    with pytest.raises(UsageError, match=r"^mbr: k = 8 of 64 draws has \d+ subsets"):
        curves(many, {"mbr": MinimumBayesRisk()}, [8], source="file")


@pytest.mark.parametrize("problems", [{}, {"p": []}])
def test_nothing_to_sweep_is_a_usage_error(problems: dict[str, list[Outcome]]) -> None:
    with pytest.raises(UsageError, match=r"^file: there are no draws to sweep$"):
        curves(problems, {"coverage": Coverage()}, [1], source="file")


def test_a_budget_below_one_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="k must be 1 or more, not 0"):
        curves(POOL, {"coverage": Coverage()}, [2, 0], source="file")


@pytest.mark.parametrize("ci", [0, 100])
def test_an_interval_of_nothing_or_everything_is_a_usage_error(ci: float) -> None:
    with pytest.raises(UsageError, match=f"less than 100%, not {ci}%"):
        curves(POOL, {"coverage": Coverage()}, [1], source="file", ci=ci)


def test_a_value_that_is_not_finite_is_a_bug_of_the_rule() -> None:
    class Broken(Coverage):
        def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
            return [nan for _ in ks]

    with pytest.raises(ValueError, match=r"broken returned a value that is not finite at k = 1"):
        curves(POOL, {"broken": Broken()}, [1], source="file", ci=None)


def test_default_budgets_double_up_to_n() -> None:
    assert default_ks(0) == []
    assert default_ks(1) == [1]
    assert default_ks(16) == [1, 2, 4, 8, 16]
    assert default_ks(20) == [1, 2, 4, 8, 16, 20]


def test_warnings_say_what_a_reader_must_know() -> None:
    assert warnings({}) == []
    assert warnings(POOL) == []
    cut, unjudged = draws("xxx"), draws("x")
    cut[0] = replace(cut[0], finish_reason="length")
    unjudged[0] = replace(unjudged[0], correct=None)
    assert warnings({"p": cut, "q": unjudged}) == [
        "1 of 4 draws (25.0%) are truncated: they ended at the token limit, unfinished",
        "1 of 4 draws have no verdict and count as not correct",
        "problems have between 1 and 3 draws: a point at k is the mean over those with at least k",
    ]


def test_the_document_of_a_sweep() -> None:
    pool = {"p": draws("xy", [2, 6])}
    rules = {"majority": Majority(ties="strict")}
    table = curves(pool, rules, [1, 2, 3], source="pool-1", ci=None)
    costs = dict.fromkeys(AXES)
    race = ("samples", "tokens", "latency_tokens", "uncancelled_tokens")
    document = as_document(
        table,
        source="pool-1",
        problems=1,
        conventions=CONVENTIONS | {"ties": "strict"},
        warnings=["beware"],
    )
    assert document == {
        "schema": 1,
        "source": "pool-1",
        "problems": 1,
        "conventions": {"ties": "strict", "invalid": "abstain", "draw": "without"},
        "curves": [
            {
                "selector": "majority",
                "points": [
                    {
                        "k": 1,
                        "value": 0.5,
                        "low": None,
                        "high": None,
                        "problems": 1,
                        "cost": {**costs, **dict(zip(race, (1, 4.0, 4.0, 4.0), strict=True))},
                        "exact": True,
                    },
                    {
                        "k": 2,
                        "value": 0.0,
                        "low": None,
                        "high": None,
                        "problems": 1,
                        "cost": {**costs, **dict(zip(race, (2, 8.0, 6.0, 8.0), strict=True))},
                        "exact": True,
                    },
                    {
                        "k": 3,
                        "value": None,
                        "low": None,
                        "high": None,
                        "problems": 0,
                        "cost": {**costs, "samples": 3},
                        "exact": True,
                        "note": "k exceeds the 2 draws of every problem",
                    },
                ],
            }
        ],
        "warnings": ["beware"],
    }
    assert json.loads(json.dumps(document, allow_nan=False)) == document


@pytest.mark.parametrize("package", [ttc.curves, ttc.report])
def test_curves_need_no_backend_no_store_and_no_verifier(package: ModuleType) -> None:
    modules = [module.name for module in iter_modules(package.__path__)]
    # `figure` imports matplotlib, which may not be installed.
    names = [f"{package.__name__}.{name}" for name in modules if name != "figure"]
    script = f"import sys, {', '.join(names)}; print(*(m for m in sys.modules if m[:4] == 'ttc.'))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(names) <= set(loaded)
    assert not [
        m for m in loaded if m.startswith(("ttc.back", "ttc.store", "ttc.verif", "ttc.cli"))
    ]
