"""Draws with replacement: rules and costs equal the mean over all ordered k-tuples."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_costs import race
from test_selectors import RULES, close, outcomes_lists, value

from ttc.curves.costs import expected_cost
from ttc.records import Outcome

REPLACED = ["coverage", "pass^k", "mean", "majority", "majority, strict", "majority, class"]
REPLACED += ["first-finish", "best-of-n", "perplexity"]


@pytest.mark.parametrize("rule", REPLACED)
@settings(deadline=None, max_examples=25)
@given(outcomes=outcomes_lists.map(lambda drawn: drawn[:5]))
def test_a_rule_with_replacement_is_the_mean_over_all_tuples(
    rule: str, outcomes: list[Outcome]
) -> None:
    selector, ks = RULES[rule](), [1, 2, 3, 4]
    exact = []
    for k in ks:
        tuples = list(product(outcomes, repeat=k))
        exact.append(float(sum((value(selector, t) for t in tuples), Fraction(0)) / len(tuples)))
    assert selector.replaced(outcomes, ks) == close(exact)  # type: ignore[attr-defined]


@settings(deadline=None, max_examples=40)
@given(
    draws=st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=5),
    finishes=st.sampled_from([None, 1, 2]),
)
def test_costs_with_replacement_are_the_mean_over_all_tuples(
    draws: list[tuple[int, bool]], finishes: int | None
) -> None:
    outcomes = [
        Outcome(i, completion_tokens=length, finish_reason="length" if cut else "stop")
        for i, (length, cut) in enumerate(draws)
    ]
    ks = [1, 2, 3]
    costs = expected_cost(outcomes, ks, finishes, replaced=True)
    for k, cost in zip(ks, costs, strict=True):
        races = [race(drawn, finishes) for drawn in product(outcomes, repeat=k)]
        tokens, steps = (sum(column) / len(races) for column in zip(*races, strict=True))
        assert cost["tokens"] == pytest.approx(tokens, abs=1e-11)
        assert cost["latency_tokens"] == pytest.approx(steps, abs=1e-11)


def test_many_draws_with_replacement_are_a_law_of_large_numbers() -> None:
    outcomes = [
        replace(Outcome(i), answer="xxxyz"[i], correct=i < 3, completion_tokens=i) for i in range(5)
    ]
    found = RULES["majority"]().replaced(outcomes, [1, 1001])  # type: ignore[attr-defined]
    assert found == pytest.approx([0.6, 1.0], abs=1e-9)
