"""The intervals hold the truth as often as they say, and none is without width."""

from __future__ import annotations

import sys
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.curves import intervals as made
from ttc.curves.curve import curves
from ttc.curves.intervals import Spread, clopper_pearson, gaffke, like_these, these, wilson
from ttc.curves.intervals.dirichlet import mean_exceeds, mean_quantile
from ttc.curves.intervals.draw_variance import draw_variances
from ttc.curves.intervals.fixed_suite import part_of, spreads
from ttc.curves.table import tabulate
from ttc.records import Outcome, Point
from ttc.selectors import spec
from ttc.selectors.coverage import Coverage, Mean

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import intervals as grid
import suites

UNIT = st.floats(0, 1, allow_subnormal=False)


def counted(n: int, right: int) -> list[Outcome]:
    return [
        Outcome(i, answer=str(int(i >= right)), correct=i < right, completion_tokens=i, score=0.5)
        for i in range(n)
    ]


def at_most(x: int, n: int, p: float) -> float:
    return sum(comb(n, y) * p**y * (1 - p) ** (n - y) for y in range(x + 1))


@pytest.mark.parametrize("n", [1, 2, 6, 400])
@pytest.mark.parametrize("level", [80, 95, 99.9])
def test_gaffke_of_zeros_and_ones_is_clopper_pearson(n: int, level: float) -> None:
    tail = (1 - level / 100) / 2
    for right in sorted({0, 1, n // 2, n - 1, n}):
        low, high = gaffke([1.0] * right + [0.0] * (n - right), level)
        assert clopper_pearson(right / n, n, level) == pytest.approx((low, high), abs=1e-7)
        assert low == 0 if right == 0 else 1 - at_most(right - 1, n, low) == pytest.approx(tail)
        assert high == 1 if right == n else at_most(right, n, high) == pytest.approx(tail)


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_the_law_of_a_mean_under_random_weights(n: int) -> None:
    random = np.random.default_rng(n)
    values, shapes = random.random(n + 1), random.choice([0.5, 1.0, 3.0], n + 1)
    means = random.dirichlet(shapes, 200_000) @ values
    for tail in (0.3, 0.025):
        t = mean_quantile(values, shapes, tail)
        assert (means > t).mean() == pytest.approx(tail, abs=4 * (tail / 200_000) ** 0.5)
        found = mean_exceeds(values[None], shapes[None], np.array([t]))[0]
        assert found == pytest.approx(tail, abs=1e-6)


def test_the_law_has_a_finite_tail_where_one_value_is_far_from_all_others() -> None:
    # One right draw of 100,000: 1 − (1 − t)^n, to the last digits that matter.
    values, shapes = np.array([1.0, 0.0]), np.array([1.0, 1e5])
    assert mean_quantile(values, shapes, 0.025) == pytest.approx(1 - 0.025**1e-5, rel=1e-6)
    assert mean_quantile(1 - values, shapes, 0.025) == pytest.approx(
        1 - (1 - 0.975**1e-5), abs=1e-9
    )


@settings(max_examples=20, deadline=None)
@given(values=st.lists(UNIT, min_size=1, max_size=30), data=st.data())
def test_gaffke_holds_the_mean_has_width_and_knows_no_order(
    values: list[float], data: st.DataObject
) -> None:
    low, high = gaffke(values)
    assert 0 <= low <= sum(values) / len(values) + 1e-12
    assert sum(values) / len(values) - 1e-12 <= high <= 1
    assert high - low > 1e-3
    assert gaffke(data.draw(st.permutations(values))) == (low, high)
    upside_down = gaffke([1 - value for value in values])
    assert upside_down == pytest.approx((1 - high, 1 - low), abs=1e-6)


def test_a_bootstrap_without_variance_gives_way() -> None:
    columns = [[1.0] * 6, [1.0, 0.5, 0.0, 1.0, 0.3, None], [None] * 6, [7.0] * 6, [3.0, 9.0] * 3]
    bounded = [True, True, True, False, False]
    for method in made.METHODS:
        found = like_these(columns, method, bounded=bounded)
        bootstrap = method in ("percentile", "bca")
        assert [each.method for each in found] == [
            "gaffke" if bootstrap else method,
            method,
            None,
            None,
            method if bootstrap else "bca",
        ]
        for each in found:
            assert (each.interval is None) == (each.method is None)
            assert each.interval is None or each.interval.high > each.interval.low


def test_these_problems_need_no_variance() -> None:
    # 6 problems × 8 draws: 48 trials at one draw, 6 at eight.
    known = these(1.0, Spread(6, 8.0, 0.0))
    assert known.interval == pytest.approx((0.025 ** (1 / 48), 1.0))
    assert known.method == "korn-graubard"
    unknown = these(0.0, Spread(6, 1.0, None))
    assert unknown.interval == pytest.approx((0.0, 1 - 0.025 ** (1 / 6)))
    assert unknown.method == "clopper-pearson"
    assert these(4.0, Spread(6, 1.0, 0.0), bounded=False).interval is None
    low, high = these(4.0, Spread(6, 1.0, 0.25), bounded=False).interval or (0, 0)
    assert (low, high) == pytest.approx((4 - 1.96 / 2, 4 + 1.96 / 2), abs=1e-4)
    # Problems that are all right or all wrong hardly vary, but never not at all.
    low, high = these(0.5, Spread(30, 16.0, 0.0)).interval or (0, 0)
    assert 0.4 / (30 * 16) < high - 0.5 < 6 / (30 * 16)


def test_spreads_of_a_table() -> None:
    pools = {f"p{i}": counted(8, i) for i in range(9)} | {"none": []}
    table = tabulate(pools, {"coverage": Coverage(), "mean": Mean()}, [1, 8, 9], source="x")
    found = spreads(table)
    one = [draw_variances(Coverage(), counted(8, i), [1]) or [0.0] for i in range(9)]
    mean_of_one = sum(variance for (variance,) in one) / 81
    assert found[0] == pytest.approx(Spread(9, 8.0, mean_of_one))
    assert found[1] == pytest.approx(Spread(9, 1.0, 1 / 81))  # one problem has a single right draw
    assert found[2] == Spread(0, 1.0, None)
    assert found[3] == found[0]
    # A single draw tells nothing of its own variance.
    alone = tabulate(pools | {"none": counted(1, 1)}, {"mean": Mean()}, [1], source="x")
    assert spreads(alone) == [Spread(10, 1.0, None)]
    first = tabulate(pools, {"mean": Mean()}, [1, 8], source="x", draw="prefix")
    assert [each.variance is None for each in spreads(first)] == [True, False]
    assert [each.fewest for each in spreads(first)] == [1.0, 1.0]


def test_large_tables_measure_a_part_of_their_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc.curves.intervals.fixed_suite.MOST_DRAWS", 800)
    pools = {f"p{i:03}": counted(8, i % 9) for i in range(400)}
    table = tabulate(pools, {"mean": Mean()}, [1], source="x")
    assert len(part_of(table)) == 100
    (spread,) = spreads(table)
    assert spread.problems == 400
    assert spread.variance == pytest.approx(1 / 6 * 8 / 9 / 8 / 400, rel=0.35)


@pytest.mark.parametrize("right", [0, 8])
@pytest.mark.parametrize("method", made.METHODS)
@pytest.mark.parametrize("problems", [1, 6])
def test_no_interval_of_a_pool_without_variance_is_without_width(
    right: int, method: str, problems: int
) -> None:
    pools = {f"p{i}": counted(8, right) for i in range(problems)}
    rules = {
        name: spec.build(name)
        for name in ("coverage", "pass^k", "majority", "first-finish", "short-3", "weighted")
    }
    for curve in curves(pools, rules, [1, 8], source="x"):
        for point in curve.points:
            assert point.value == pytest.approx(right / 8)
            for low, high in ((point.low, point.high), (point.low_draws, point.high_draws)):
                assert low is not None
                assert high is not None
                assert low <= point.value <= high
                assert high - low > 0.07 / problems
    assert like_these([[right / 8] * problems], method, bounded=[True])[0].interval is not None


def test_a_point_at_no_level_has_no_interval() -> None:
    (curve,) = curves({"p": counted(4, 1)}, {"mean": Mean()}, [1], source="x", ci=None)
    assert curve.points[0] == Point(1, 0.25, problems=1, cost=curve.points[0].cost)


# The grid of the benchmark: its closed forms are ttc's, and a part of it is tried here.


@pytest.mark.parametrize("name", suites.RANKED)
def test_the_grid_values_ranked_rules_as_ttc_does(name: str) -> None:
    random = np.random.default_rng(4)
    levels, n, ks = suites.RANKED[name].shape[1], 9, (1, 4, 8, 9)
    rule = spec.build(name)
    for right in (0, 3, 9):
        hits = random.multinomial(right, np.full(levels, 1 / levels))
        misses = random.multinomial(n - right, np.full(levels, 1 / levels))
        outcomes = [
            Outcome(i, correct=correct, score=-float(level), completion_tokens=level)
            for i, (correct, level) in enumerate(
                (correct, level)
                for correct, counts in ((True, hits), (False, misses))
                for level, count in enumerate(counts.tolist())
                for _ in range(count)
            )
        ]
        seen = suites.by_level(hits[None], misses[None], n, ks)
        assert seen.values[0] == pytest.approx(rule.expected(outcomes, ks))
        assert seen.variances[0] == pytest.approx(draw_variances(rule, outcomes, ks), abs=1e-12)


@pytest.mark.parametrize("name", suites.RULES)
def test_the_grid_knows_the_truth(name: str) -> None:
    rule, random = suites.Rule(name, 9, (1, 4, 9)), np.random.default_rng(7)
    p = np.array([0.0, 0.07, 0.4, 0.83, 1.0])
    drawn = rule.drawn(np.tile(p, (20_000, 1)), random).values.mean(axis=0)
    assert rule.truth(p) == pytest.approx(drawn, abs=0.015)


@pytest.mark.parametrize("rule", suites.RULES)
@pytest.mark.parametrize("width", suites.WIDTHS)
def test_a_part_of_the_grid(rule: str, width: str) -> None:
    """At 95 % the worst cell has 94 % or more; four standard errors of 200 trials are 6.7 %."""
    for n, mean, problems in ((4, 0.95, 6), (16, 0.05, 12)):
        law = grid.Law(n, mean, width, rule)
        for question, method in (("draws", made.OF_DRAWS), ("problems", "gaffke")):
            for cell, tallies in grid.MEASURE[question](law, problems, 200, 5):
                assert tallies[method].coverage > 0.94 - 0.067, cell
                assert tallies[method].width > 0


def test_wilson() -> None:
    low, high = wilson(0.5, 10)
    assert (low, high) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(1.0, 6) == pytest.approx((6 / (6 + 1.959964**2), 1.0), abs=1e-6)
