"""Expected costs equal the mean of a simulated race over all subsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.curves.costs import AXES, Rates, expected_cost
from ttc.records import Outcome
from ttc.selectors.exact.subsets import check_budgets, log_choose

LENGTHS = [3, 5, 5, 7, 8, 11, 13, 20]


def pool(lengths: Sequence[int | None], truncated: Sequence[bool] = ()) -> list[Outcome]:
    cut = [*truncated, *[False] * len(lengths)]
    return [
        Outcome(i, completion_tokens=length, finish_reason="length" if cut[i] else "stop")
        for i, length in enumerate(lengths)
    ]


def seen(costs: Sequence[dict[str, float | None]]) -> list[float | None]:
    """The axes of one point that a race decides."""
    (cost,) = costs
    return [cost[axis] for axis in ("samples", "tokens", "latency_tokens")]


def race(drawn: Sequence[Outcome], finishes: int | None) -> tuple[int, int]:
    """Tokens paid and steps taken, by the words of the module docstring."""
    lengths = [outcome.completion_tokens or 0 for outcome in drawn]
    ends = sorted(outcome.completion_tokens or 0 for outcome in drawn if not outcome.truncated)
    cancels = finishes is not None and finishes < len(drawn) and finishes <= len(ends)
    end = ends[finishes - 1] if cancels and finishes is not None else max(lengths)
    return sum(min(length, end) for length in lengths), end


def order_statistic(values: Sequence[int], j: int, k: int) -> float:
    """Return the expected j-th smallest of k of the n values, drawn without replacement.

        E x_(j:k) = Σ_r C(r − 1, j − 1) · C(n − r, k − j) / C(n, k) · x_(r),   r = 1..n

    where x_(r) is the r-th smallest of all: j − 1 of the others come from below it and k − j from
    above (David and Nagaraja 2003, "Order Statistics", on finite populations). With j = k it
    is the latency of k draws that all run to their end; with j = 1, that of first-finish.
    """
    n = len(values)
    check_budgets([k], n)
    if not 1 <= j <= k:
        raise ValueError(f"j must be between 1 and k = {k}, not {j}")
    r = np.arange(j, n - k + j + 1)
    ways = log_choose(r - 1, j - 1) + log_choose(n - r, k - j)
    weights = np.exp(ways - log_choose(n, k))
    return float(weights @ np.sort(np.asarray(values, dtype=np.float64))[r - 1])


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
        assert cost["samples"] == k
        assert cost["tokens"] == pytest.approx(float(tokens), abs=1e-11)
        assert cost["latency_tokens"] == pytest.approx(float(steps), abs=1e-11)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.data())
def test_order_statistics_are_the_mean_over_all_subsets(
    values: list[int], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(values)))
    j = data.draw(st.integers(1, k))
    total = sum(sorted(subset)[j - 1] for subset in combinations(values, k))
    assert order_statistic(values, j, k) == pytest.approx(total / comb(len(values), k))


def test_known_latency_of_the_first_finish() -> None:
    known = [9, "163/28", "265/56", "291/70", "53/14", "7/2", "13/4", 3]
    exact = [float(Fraction(f)) for f in known]
    assert [order_statistic(LENGTHS, 1, k) for k in range(1, 9)] == pytest.approx(exact)
    costs = expected_cost(pool(LENGTHS), range(1, 9), 1)
    assert [cost["latency_tokens"] for cost in costs] == pytest.approx(exact)
    assert [cost["tokens"] for cost in costs] == pytest.approx(
        [k * shortest for k, shortest in enumerate(exact, start=1)]
    )


@pytest.mark.parametrize("m", [1, 2, 3])
def test_cancelling_costs_what_the_order_statistics_say(m: int) -> None:
    ks = range(m, 9)
    for k, cost in zip(ks, expected_cost(pool(LENGTHS), ks, m), strict=True):
        ends = [order_statistic(LENGTHS, j, k) for j in range(1, m + 1)]
        assert cost["tokens"] == pytest.approx(sum(ends) + (k - m) * ends[-1])
        assert cost["latency_tokens"] == pytest.approx(ends[-1])


def test_waiting_for_all_costs_k_means_and_the_longest() -> None:
    for k, cost in enumerate(expected_cost(pool(LENGTHS), range(1, 9), None), start=1):
        assert cost["tokens"] == pytest.approx(k * sum(LENGTHS) / 8)
        assert cost["latency_tokens"] == pytest.approx(order_statistic(LENGTHS, k, k))


def test_a_short_truncated_draw_does_not_end_the_race() -> None:
    outcomes = pool([2, 5, 9], [True, False, False])
    assert seen(expected_cost(outcomes, [3], 1)) == pytest.approx([3, 2 + 5 + 5, 5])


def test_a_race_that_nobody_finishes_lasts_to_the_limit() -> None:
    outcomes = pool([4, 8, 8], [True, True, True])
    assert seen(expected_cost(outcomes, [3], 1)) == pytest.approx([3, 20, 8])


def test_without_all_lengths_only_the_samples_are_known() -> None:
    unknown = dict.fromkeys(AXES)
    costs = expected_cost(pool([4, None, 8]), [1, 2], 1)
    assert costs == [{**unknown, "samples": 1}, {**unknown, "samples": 2}]


@pytest.mark.parametrize("k", [0, 3])
def test_a_budget_without_subsets_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match="between 1 and n = 2"):
        expected_cost(pool([1, 2]), [k], None)
    with pytest.raises(ValueError, match="between 1 and n = 2"):
        order_statistic([1, 2], 1, k)


@pytest.mark.parametrize("j", [0, 3])
def test_a_rank_outside_the_draws_is_refused(j: int) -> None:
    with pytest.raises(ValueError, match=f"j must be between 1 and k = 2, not {j}"):
        order_statistic([1, 2, 3], j, 2)


SHAPE = Rates(
    parameters=1000, layers=2, heads=3, kv_heads=1, head_dim=4, usd_prompt=2.0, usd_completion=5.0
)


def spent(drawn: Sequence[Outcome], prompt: int, finishes: int | None) -> dict[str, float]:
    """Operations, bytes and money step by step, in whole numbers."""
    paid, end = race(drawn, finishes)
    size = 4 * 2
    lengths = [min(outcome.completion_tokens or 0, end) for outcome in drawn]
    # A step at position p multiplies each query head with p keys and p values, 2 operations a
    # number; the mean position of a step is its middle.
    decode = sum(2 * 1000 + 4 * (prompt + t + 0.5) * 3 * size for g in lengths for t in range(g))
    prefill = sum(2 * 1000 + 4 * (t + 0.5) * 3 * size for t in range(prompt))
    shared = sum(2 * 2 * prompt * size for _ in range(end))
    own = sum(2 * 2 * (t + 0.5) * size for g in lengths for t in range(g))
    return {
        "total_tokens": prompt + paid,
        "unshared_tokens": prompt * len(drawn) + paid,
        "flops": decode + prefill,
        "eflops": decode + 562.5 * (shared + own),
        "usd": (prompt * 2.0 + paid * 5.0) / 1e6,
    }


@settings(deadline=None)
@given(
    draws=st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=7),
    finishes=st.sampled_from([None, 1, 2]),
    prompt=st.integers(0, 5),
)
def test_operations_and_prices_are_the_mean_over_all_subsets(
    draws: list[tuple[int, bool]], finishes: int | None, prompt: int
) -> None:
    outcomes = [
        replace(outcome, prompt_tokens=prompt)
        for outcome in pool([length for length, _ in draws], [cut for _, cut in draws])
    ]
    ks = range(1, len(draws) + 1)
    for k, cost in zip(ks, expected_cost(outcomes, ks, finishes, SHAPE), strict=True):
        each = [spent(subset, prompt, finishes) for subset in combinations(outcomes, k)]
        for axis in each[0]:
            mean = sum(one[axis] for one in each) / len(each)
            assert cost[axis] == pytest.approx(mean, rel=1e-9, abs=1e-12), axis


def test_an_unknown_rate_leaves_its_axes_unknown() -> None:
    outcomes = [replace(outcome, prompt_tokens=3) for outcome in pool(LENGTHS)]
    (cost,) = expected_cost(outcomes, [2], None, Rates(usd_completion=5.0))
    assert cost["total_tokens"] is not None
    assert [cost[axis] for axis in ("flops", "eflops", "usd", "seconds")] == [None] * 4


def test_a_verifier_is_charged() -> None:
    outcomes = [replace(o, prompt_tokens=3, verifier_tokens=10) for o in pool(LENGTHS)]
    (cost,) = expected_cost(outcomes, [2], None)
    assert cost["total_tokens"] == pytest.approx(2 * sum(LENGTHS) / 8 + 3 + 2 * 10)


def test_seconds_are_a_race_of_their_own() -> None:
    outcomes = [replace(o, seconds=(o.completion_tokens or 0) / 10) for o in pool(LENGTHS)]
    (cost,) = expected_cost(outcomes, [3], 2)
    assert cost["seconds"] == pytest.approx(order_statistic(LENGTHS, 2, 3) / 10)
    assert cost["sequential_seconds"] == pytest.approx(3 * sum(LENGTHS) / 80)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"params": 1}, "no rate is called 'params'; there are parameters, layers"),
        ({"usd_prompt": -1}, "usd_prompt must be a number from 0, not -1"),
        ({"heads": "9"}, "heads must be a number from 0, not '9'"),
    ],
)
def test_rates_that_make_no_sense_are_refused(table: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rates.of(table)
