"""Expected costs equal the mean of a simulated race over all subsets."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.costs import AXES, expected_cost, order_statistic
from ttc.records import Outcome

LENGTHS = [3, 5, 5, 7, 8, 11, 13, 20]


def pool(lengths: Sequence[int | None], truncated: Sequence[bool] = ()) -> list[Outcome]:
    cut = [*truncated, *[False] * len(lengths)]
    return [
        Outcome(i, completion_tokens=length, finish_reason="length" if cut[i] else "stop")
        for i, length in enumerate(lengths)
    ]


def race(drawn: Sequence[Outcome], finishes: int | None) -> tuple[int, int]:
    """Tokens paid and steps taken, by the words of the module docstring."""
    lengths = [outcome.completion_tokens or 0 for outcome in drawn]
    ends = sorted(outcome.completion_tokens or 0 for outcome in drawn if not outcome.truncated)
    cancels = finishes is not None and finishes < len(drawn) and finishes <= len(ends)
    end = ends[finishes - 1] if cancels and finishes is not None else max(lengths)
    return sum(min(length, end) for length in lengths), end


@settings(deadline=None)
@given(
    draws=st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=8),
    finishes=st.sampled_from([None, 1, 2, 3, 9]),
)
def test_costs_are_the_mean_of_a_race_over_all_subsets(
    draws: list[tuple[int, bool]], finishes: int | None
) -> None:
    outcomes = pool([length for length, _ in draws], [cut for _, cut in draws])
    ks = range(1, len(draws) + 1)
    for k, cost in zip(ks, expected_cost(outcomes, ks, finishes), strict=True):
        races = [race(subset, finishes) for subset in combinations(outcomes, k)]
        tokens, steps = (Fraction(sum(column), len(races)) for column in zip(*races, strict=True))
        assert cost == {"samples": k, "tokens": float(tokens), "latency_tokens": float(steps)}


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.data())
def test_order_statistics_are_the_mean_over_all_subsets(
    values: list[int], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(values)))
    j = data.draw(st.integers(1, k))
    total = sum(sorted(subset)[j - 1] for subset in combinations(values, k))
    assert order_statistic(values, j, k) == total / comb(len(values), k)


def test_known_latency_of_the_first_finish() -> None:
    known = [9, "163/28", "265/56", "291/70", "53/14", "7/2", "13/4", 3]
    exact = [float(Fraction(f)) for f in known]
    assert [order_statistic(LENGTHS, 1, k) for k in range(1, 9)] == exact
    costs = expected_cost(pool(LENGTHS), range(1, 9), 1)
    assert [cost["latency_tokens"] for cost in costs] == exact
    assert [cost["tokens"] for cost in costs] == pytest.approx(
        [k * shortest for k, shortest in enumerate(exact, start=1)]
    )


@pytest.mark.parametrize("m", [1, 2, 3])
def test_cancelling_costs_what_the_order_statistics_say(m: int) -> None:
    ks = range(m, 9)
    for k, cost in zip(ks, expected_cost(pool(LENGTHS), ks, m), strict=True):
        ends = [order_statistic(LENGTHS, j, k) for j in range(1, m + 1)]
        assert cost["tokens"] == pytest.approx(sum(ends) + (k - m) * ends[-1])
        assert cost["latency_tokens"] == ends[-1]


def test_waiting_for_all_costs_k_means_and_the_longest() -> None:
    for k, cost in enumerate(expected_cost(pool(LENGTHS), range(1, 9), None), start=1):
        assert cost["tokens"] == k * sum(LENGTHS) / 8
        assert cost["latency_tokens"] == order_statistic(LENGTHS, k, k)


def test_a_short_truncated_draw_does_not_end_the_race() -> None:
    outcomes = pool([2, 5, 9], [True, False, False])
    assert expected_cost(outcomes, [3], 1) == [
        {"samples": 3, "tokens": 2 + 5 + 5, "latency_tokens": 5}
    ]


def test_a_race_that_nobody_finishes_lasts_to_the_limit() -> None:
    outcomes = pool([4, 8, 8], [True, True, True])
    assert expected_cost(outcomes, [3], 1) == [{"samples": 3, "tokens": 20, "latency_tokens": 8}]


def test_without_all_lengths_only_the_samples_are_known() -> None:
    unknown = {"tokens": None, "latency_tokens": None}
    costs = expected_cost(pool([4, None, 8]), [1, 2], 1)
    assert costs == [{"samples": 1, **unknown}, {"samples": 2, **unknown}]
    assert tuple(costs[0]) == AXES


@pytest.mark.parametrize("k", [0, 3])
def test_a_budget_without_subsets_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match="between 1 and the 2 draws"):
        expected_cost(pool([1, 2]), [k], None)
    with pytest.raises(ValueError, match="between 1 and the 2 draws"):
        order_statistic([1, 2], 1, k)


@pytest.mark.parametrize("j", [0, 3])
def test_a_rank_outside_the_draws_is_refused(j: int) -> None:
    with pytest.raises(ValueError, match=f"j must be between 1 and k = 2, not {j}"):
        order_statistic([1, 2, 3], j, 2)
