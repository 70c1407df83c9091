"""The bootstrap over problems: seeded, shared by all columns, and of the right width."""

from __future__ import annotations

from math import inf, nan, sqrt
from random import Random
from statistics import fmean, pstdev
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc.curves.uncertainty import Interval, bootstrap_means


def plain_bootstrap(column: list[float], resamples: int, seed: int) -> list[float]:
    """Every resampled mean, sorted, the obvious way."""
    uniform, n = Random(seed).random, len(column)
    return sorted(fmean(column[int(uniform() * n)] for _ in range(n)) for _ in range(resamples))


def test_bounds_are_the_quantiles_of_plainly_resampled_means() -> None:
    random = Random(5)
    columns = [[random.gauss(0, 1) for _ in range(30)] for _ in range(3)]
    intervals = bootstrap_means(columns, level=90, resamples=201, seed=7)
    for column, interval in zip(columns, intervals, strict=True):
        means = plain_bootstrap(column, 201, seed=7)
        assert interval == pytest.approx((means[10], means[190]))  # (201 − 1) · 5 % and · 95 %


def test_quantiles_are_linear_between_ranks() -> None:
    column = [0.0, 1.0, 5.0]
    means = plain_bootstrap(column, 4, seed=1)
    (interval,) = bootstrap_means([column], level=50, resamples=4, seed=1)
    assert interval is not None
    assert interval.low == pytest.approx(means[0] + 0.75 * (means[1] - means[0]))
    assert interval.high == pytest.approx(means[2] + 0.25 * (means[3] - means[2]))


def test_the_width_is_that_of_the_normal_limit() -> None:
    random = Random(2)
    column = [random.random() for _ in range(400)]
    (interval,) = bootstrap_means([column])
    assert interval is not None
    assert interval.high - interval.low == pytest.approx(
        2 * 1.96 * pstdev(column) / sqrt(400), rel=0.1
    )


def test_the_same_seed_draws_the_same_resamples_for_every_column() -> None:
    random = Random(3)
    a, b = ([random.random() for _ in range(20)] for _ in range(2))
    alone = bootstrap_means([a])
    assert bootstrap_means([b, a, a])[1:] == [*alone, *alone]
    assert bootstrap_means([a], seed=1) != alone
    shifted = bootstrap_means([[value + 0.25 for value in a]])
    assert shifted[0] == pytest.approx([bound + 0.25 for bound in alone[0] or ()])


def test_known_bounds() -> None:
    """Pinned, so that a Python version which draws otherwise is noticed."""
    column = [float(i % 7 == 0) for i in range(50)]
    assert bootstrap_means([column], seed=0) == [Interval(0.06, 0.26)]


def test_a_missing_value_is_left_out_of_the_mean() -> None:
    column = [0.5, None, 0.5, None, 0.5]
    assert bootstrap_means([column, [0.0, 1.0, 0.0, 1.0, 0.0]])[0] == Interval(0.5, 0.5)
    (interval,) = bootstrap_means([[0.0, None, 1.0]])
    assert interval == Interval(0.0, 1.0)


@pytest.mark.parametrize("column", [[], [0.5], [0.5, None, None], [None, None]])
def test_fewer_than_two_problems_have_no_interval(column: list[float | None]) -> None:
    assert bootstrap_means([column]) == [None]


def test_no_columns_no_intervals() -> None:
    assert bootstrap_means([]) == []


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12))
def test_bounds_lie_within_the_values(column: list[float]) -> None:
    (interval,) = bootstrap_means([column], resamples=50)
    assert interval is not None
    slack = 1e-9 * (max(column) - min(column))
    assert min(column) <= interval.low <= interval.high <= max(column) + slack


@pytest.mark.parametrize("level", [0, 100, -5])
def test_a_level_that_is_no_share_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="more than 0% and less than 100%"):
        bootstrap_means([[0.0, 1.0]], level=level)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        bootstrap_means([[0.0, bad]])


def test_ragged_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="for every problem"):
        bootstrap_means([[0.0, 1.0], [0.0]])


def test_a_large_table_takes_a_moment() -> None:
    """A bound several times what it takes, so that only a lost algorithm fails."""
    random = Random(4)
    table = [[random.random() for _ in range(800)] for _ in range(15)]
    start = process_time()
    bootstrap_means(table)
    assert process_time() - start < 3
