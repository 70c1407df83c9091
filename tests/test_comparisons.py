"""Paired comparisons, gates against a baseline, and the tests of exchangeability."""

from __future__ import annotations

import json
from math import erfc, exp, sqrt
from pathlib import Path
from random import Random
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.curves.baseline import as_baseline, read_baseline
from ttc.curves.caveats import unlike_draws
from ttc.curves.compare import between_pools, between_rules, paired, terms_of
from ttc.curves.exchangeability import cochran_q, dependences, friedman, within_rows
from ttc.curves.suite_tests.drops import drops
from ttc.curves.table import tabulate
from ttc.curves.uncertainty import bootstrap_means, chi_squared_tail
from ttc.errors import UsageError
from ttc.records import Outcome
from ttc.selectors.coverage import Coverage, Mean


def pool(problems: int, n: int, p: float, seed: int) -> dict[str, list[Outcome]]:
    random = Random(seed)
    return {
        f"p{i}": [
            Outcome(d, correct=random.random() < p, completion_tokens=random.randint(5, 50))
            for d in range(n)
        ]
        for i in range(problems)
    }


@pytest.mark.parametrize(("x", "degrees"), [(3.84, 1), (5.99, 2), (7.81, 3), (18.31, 10)])
def test_chi_squared_tails_match_the_tables(x: float, degrees: int) -> None:
    assert chi_squared_tail(x, degrees) == pytest.approx(0.05, abs=2e-4)


def test_chi_squared_tails_in_closed_form() -> None:
    assert chi_squared_tail(4.2, 2) == pytest.approx(exp(-2.1))
    assert chi_squared_tail(4.2, 1) == pytest.approx(erfc(sqrt(2.1)))
    assert chi_squared_tail(0.0, 7) == 1.0
    assert chi_squared_tail(2000.0, 1999) == pytest.approx(0.4895, abs=1e-3)


def test_bca_leans_with_the_skew() -> None:
    skewed = [0.0] * 25 + [0.1, 0.2, 0.9, 1.0, 1.0]
    (plain,) = bootstrap_means([skewed])
    (corrected,) = bootstrap_means([skewed], bca=True)
    assert plain is not None
    assert corrected is not None
    assert corrected.low > plain.low
    assert corrected.high > plain.high
    symmetric = [0.0, 1.0] * 20
    (even,) = bootstrap_means([symmetric])
    (same,) = bootstrap_means([symmetric], bca=True)
    assert even is not None
    assert same == pytest.approx(even, abs=0.02)
    assert bootstrap_means([[0.5] * 9], bca=True) == [(0.5, 0.5)]


def test_a_comparison_is_over_shared_problems() -> None:
    found = paired({"a": 1.0, "b": 0.5, "c": 0.0}, {"b": 0.25, "c": 0.5, "d": 1.0})
    assert found is not None
    assert (found.problems, found.lost) == (2, 2)
    assert found.difference == pytest.approx(-0.125)
    assert found.value == pytest.approx(0.25)
    assert found.p == 1.0
    assert paired({"a": 1.0}, {"b": 1.0}) is None


def test_pools_without_a_common_problem_are_refused() -> None:
    table = tabulate({"a": [Outcome(0, correct=True)]}, {"mean": Mean()}, [1], source="x")
    other = tabulate({"b": [Outcome(0, correct=True)]}, {"mean": Mean()}, [1], source="y")
    with pytest.raises(UsageError, match="x and y have no problem in common"):
        between_pools(terms_of(table), terms_of(other), ("x", "y"))
    with pytest.raises(UsageError, match="have no rule at a budget in common"):
        between_pools(terms_of(table), {}, ("x", "y"))


def test_rules_are_compared_with_the_first() -> None:
    rules = {"mean": Mean(), "coverage": Coverage()}
    found = between_rules(tabulate(pool(30, 8, 0.4, 1), rules, [1, 4], source="x"))
    assert [(each.value_of, each.against) for each in found] == [
        ("coverage@1", "mean@1"),
        ("coverage@4", "mean@4"),
    ]
    assert (found[0].difference, found[0].p) == (0.0, 1.0)
    assert found[1].low is not None
    assert 0 < found[1].low < found[1].difference
    assert found[1].p is not None
    assert found[1].p < 0.001


def test_a_drop_is_told_from_chance() -> None:
    rules, ks = {"mean": Mean(), "coverage": Coverage()}, [1, 4]
    old, same, worse = (
        terms_of(tabulate(pool(200, 8, p, seed), rules, ks, source="x"))
        for p, seed in ((0.5, 1), (0.5, 2), (0.4, 3))
    )
    assert drops(same, old, margin=0.0) == ([], 4)
    found, compared = drops(worse, old, margin=0.02)
    assert compared == 4
    assert {(each.rule, each.k) for each in found} >= {("mean", 1), ("mean", 4)}
    assert all(each.value - each.baseline < each.highest < -0.02 for each in found)
    assert drops(worse, old, margin=0.3)[0] == []
    assert drops(old, old, margin=0.0)[0] == []


def test_a_baseline_comes_back_from_its_file(tmp_path: Path) -> None:
    table = tabulate(pool(5, 4, 0.5, 1), {"coverage": Coverage()}, [1, 2], source="x")
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(as_baseline(table)))
    found = read_baseline(str(path))
    assert found is not None
    for term, values in terms_of(table).items():
        assert found.terms[term] == pytest.approx(values, abs=1e-11)
    path.write_text('{"problem": "a", "correct": true}\n')
    assert read_baseline(str(path)) is None
    assert read_baseline(str(tmp_path / "none")) is None
    path.write_text('{"kind": "ttc-baseline", "schema": 1, "values": [{"rule": "x"}]}')
    with pytest.raises(UsageError, match="not a whole baseline"):
        read_baseline(str(path))
    path.write_text('{"kind": "ttc-baseline", "schema": 2}')
    with pytest.raises(UsageError, match="schema 2"):
        read_baseline(str(path))


def test_known_statistics_by_draw() -> None:
    # Friedman on 3 rows that all rank 1, 2, 3: chi-squared = 6 with 2 degrees of freedom.
    assert friedman(np.array([[1.0, 2, 3]] * 3)) == pytest.approx(exp(-3))
    assert friedman(np.ones((3, 3))) == 1.0
    # Cochran's Q of 4 rows (1, 1, 0): G = (4, 4, 0), L = 2: Q = 2·(3·32 − 64)/(24 − 16) = 8.
    assert cochran_q(np.array([[1.0, 1, 0]] * 4)) == pytest.approx(exp(-4))
    assert cochran_q(np.ones((4, 3))) == 1.0
    assert within_rows(np.array([[5.0, 1, 5, 9]])).tolist() == [[2.5, 1, 2.5, 4]]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_draws_of_one_law_are_seldom_suspected(seed: int) -> None:
    # At p < 0.001 twice a pool: a failure here is one in hundreds of runs of twenty.
    p_right = cochran_q(np.random.default_rng(seed).integers(0, 2, (50, 8)).astype(float))
    assert p_right > 1e-6


def test_draws_that_stand_out_are_named() -> None:
    problems = pool(60, 8, 0.8, 5)
    assert dependences(problems) == []
    odd = Random(0)
    for outcomes in problems.values():
        for d in (4, 5):
            outcomes[d] = Outcome(d, correct=odd.random() < 0.2, completion_tokens=2)
    found = dependences(problems)
    assert [(each.of, each.test) for each in found] == [
        ("accuracy", "Cochran's Q"),
        ("length", "Friedman"),
    ]
    assert all(each.p < 1e-3 and each.draws.keys() == {4, 5} for each in found)
    assert found[1].draws == {4: 2.0, 5: 2.0}
    right = [sum(bool(row[d].correct) for row in problems.values()) / 60 for d in range(8)]
    assert found[0].draws == pytest.approx({4: right[4], 5: right[5]})
    assert found[0].usual == pytest.approx(median(right))
    accuracy, length = map(unlike_draws, found)
    assert "accuracy depends on the draw index (Cochran's Q, p = " in accuracy
    assert "draws 4 (right in " in accuracy
    assert ", 5 (right in " in accuracy
    assert "length depends on the draw index (Friedman" in length
    assert "draws 4 (2 tokens), 5 (2 tokens) stand out" in length
    assert dependences({"p": problems["p0"]}) == []
    assert dependences({}) == []
