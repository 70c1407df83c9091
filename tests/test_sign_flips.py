"""The sign-flip test, its inversion and its power, against brute force and simulation."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import fsum
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.curves.compare import Comparison, paired
from ttc.curves.comparing import unseen
from ttc.curves.comparing.power import detectable_over_problems, t_quantile
from ttc.curves.comparing.sign_flips import EXACT, FLIPS, least_p, sign_flips

# Values that tie, are zero, or add up to zero only but for rounding.
TIED = st.sampled_from([-0.5, -0.3, -0.2, -0.1, 0.0, 0.0, 0.1, 0.2, 0.25, 1 / 3, 1.0])
LEVELS = st.sampled_from([50.0, 75.0, 80.0, 90.0, 95.0, 99.0])


def compared(differences: list[float], level: float = 95, seed: int = 0) -> Comparison:
    new = {f"p{i}": max(d, 0.0) for i, d in enumerate(differences)}
    old = {f"p{i}": max(-d, 0.0) for i, d in enumerate(differences)}
    found = paired(new, old, ci=level, seed=seed)
    assert found is not None
    return found


@given(st.lists(TIED, min_size=1, max_size=9))
def test_p_values_count_all_sign_patterns(differences: list[float]) -> None:
    signs = list(product((1, -1), repeat=len(differences)))
    sums = [abs(fsum(s * d for s, d in zip(row, differences, strict=True))) for row in signs]
    share = sum(total >= sums[0] - 1e-9 for total in sums) / len(sums)
    (found,) = sign_flips([differences])
    assert found.p_value() == pytest.approx(share)
    assert found.p_error is None


@given(st.lists(st.integers(-8, 8), min_size=1, max_size=8), st.integers(-9, 9), LEVELS)
def test_intervals_are_typical_values(eighths: list[int], shift: int, level: float) -> None:
    """The bounds are order statistics of the subset means, of which 2^m − 1 are not empty."""
    means = sorted(
        Fraction(sum(chosen), 8 * size)
        for size in range(1, len(eighths) + 1)
        for chosen in combinations(eighths, size)
    )
    alpha = 1 - level / 100
    rank = next(j for j in range(len(means) + 2) if 2 * (1 + j) / 2 ** len(eighths) > alpha)
    (found,) = sign_flips([[x / 8 for x in eighths]])
    bounds = found.interval(alpha)
    if not rank:
        assert bounds is None
        return
    assert bounds == pytest.approx((float(means[rank - 1]), float(means[-rank])), abs=1e-12)
    at = shift / 16
    assert (bounds[0] - 1e-9 <= at <= bounds[1] + 1e-9) == (found.p_value(at) > alpha)


@settings(deadline=None)
@given(st.lists(TIED, min_size=1, max_size=12), LEVELS)
def test_the_interval_excludes_zero_exactly_if_p_is_small(
    differences: list[float], level: float
) -> None:
    found = compared(differences, level)
    assert found.p is not None
    assert found.low is not None
    assert found.high is not None
    assert (found.low > 0 or found.high < 0) == (found.p <= 1 - level / 100)
    assert found.low < found.high
    assert -1 <= found.low <= found.difference + 1e-12
    assert found.difference - 1e-12 <= found.high <= 1


@pytest.mark.parametrize("m", [17, 18, 19, 40, 300])
def test_many_problems_are_as_consistent(m: int) -> None:
    random, rejected = Random(m), 0
    for seed in range(12):
        drift = random.choice([0.0, 1.0, 2.0])
        found = compared(
            [min(1.0, max(-1.0, random.gauss(drift / m**0.5, 1) / 4)) for _ in range(m)], seed=seed
        )
        assert found.low is not None
        assert found.high is not None
        assert (found.low > 0 or found.high < 0) == ((found.p or 0) <= 0.05)
        assert found.low < found.difference < found.high
        rejected += (found.p or 0) <= 0.05
        assert (found.p_error is None) == (m <= EXACT)
    assert rejected


def test_patterns_are_seeded_and_agree_with_all_patterns() -> None:
    random = Random(1)
    null = [random.choice([-1.0, 0.0, 1.0]) for _ in range(60)]
    first, again = sign_flips([null, [abs(d) for d in null]]), sign_flips([null])
    assert first[0].p_value() == again[0].p_value()
    assert first[1].p_value() < 0.001
    assert sign_flips([[0.0] * 60])[0].p_value() == 1.0
    column = [random.gauss(0.2, 1) for _ in range(EXACT)]
    exact, padded = sign_flips([column, [*column, 0.0]])  # a zero changes no p-value
    assert exact.exact
    assert not padded.exact
    assert padded.p_error is not None
    assert padded.p_value() == pytest.approx(exact.p_value(), abs=4 * padded.p_error)
    assert padded.p_error == pytest.approx(
        (padded.p_value() * (1 - padded.p_value()) / FLIPS) ** 0.5
    )


def test_few_problems_have_the_whole_range() -> None:
    for m in range(1, 6):
        found = compared([0.25] * m)
        assert (found.low, found.high, found.detectable) == (-1.0, 1.0, None)
        assert found.p == found.least_p == least_p(m) > 0.05
    found = compared([0.25, 0.5, 0.25, 0.5, 0.25, 0.5])
    assert found.p == found.least_p == 2 / 64
    assert found.low is not None
    assert found.low > 0
    assert compared([0.25] * 5, level=90).p == 2 / 32


def test_scores_beyond_one_have_no_range() -> None:
    found = paired({"a": 30.0, "b": 20.0}, {"a": 10.0, "b": 12.0})
    assert found is not None
    assert (found.low, found.high, found.p) == (None, None, 0.5)
    wide = paired({f"p{i}": 30.0 for i in range(9)}, {f"p{i}": 10.0 for i in range(9)})
    assert wide is not None
    assert wide.low is not None
    assert 0 < wide.low < 20 < (wide.high or 0)


def test_the_example_with_eight_problems() -> None:
    """A bootstrap printed +0.0315 [+0.008, +0.064] beside p = 0.25: three problems differ."""
    found = compared([0.126, 0.063, 0.063, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert (round(found.difference, 4), found.p) == (0.0315, 0.25)
    assert found.low is not None
    assert found.low < 0
    assert found.widened


def test_unseen_kinds_give_known_intervals() -> None:
    # Zeros alone: the weight of the end is Beta(1/2, m), that of Jeffreys for no success.
    least, most = unseen.bounds([0.0] * 8, 0.05, (-1.0, 1.0))
    assert most == pytest.approx(0.262217, abs=0.03)
    assert least == pytest.approx(-most)
    assert unseen.carried_by([0.3] * 7) == pytest.approx(7)
    assert unseen.carried_by([0.0, 0.0, 0.4]) == pytest.approx(1)
    assert unseen.carried_by([0.0] * 5) == 0


def null_differences(m: int, trials: int, random: np.random.Generator) -> list[list[float]]:
    """Return skewed, discrete differences of two pools of one model: most problems are easy."""
    chances = random.beta(0.9 * 2, 0.1 * 2, (trials, m))
    counts = random.binomial(8, chances, (2, trials, m))
    columns = (counts[0] ** 2 - counts[1] ** 2) / 64
    return [list(map(float, column)) for column in columns]


@pytest.mark.parametrize("m", [6, 8, 11, pytest.param(30, marks=pytest.mark.slow)])
def test_false_alarms_are_rare_for_skewed_discrete_values(m: int) -> None:
    trials = 2000 if m <= 11 else 300
    flips = sign_flips(null_differences(m, trials, np.random.default_rng(m)))
    alarms = sum(each.p_value() <= 0.05 for each in flips) / trials
    assert alarms <= 0.05 + 2 * (0.05 * 0.95 / trials) ** 0.5


@pytest.mark.parametrize(
    ("m", "mean"), [(8, 0.95), (12, 0.7), pytest.param(24, 0.95, marks=pytest.mark.slow)]
)
def test_intervals_cover_a_difference_of_rare_problems(m: int, mean: float) -> None:
    """Values at 8 of 16 draws: nearly all problems are solved, and few differ."""
    random, trials = np.random.default_rng(m), 50
    solved = np.array([1 - np.prod(1 - 8 / (16 - np.arange(c))) for c in range(9)] + [1.0] * 8)
    chances = random.beta(mean * 2, (1 - mean) * 2, (trials, m))
    many = random.beta(mean * 2, (1 - mean) * 2, 400_000)
    truth = float(np.mean((1 - 0.8 * many) ** 8 - (1 - many) ** 8))
    better, worse = (solved[random.binomial(16, p)] for p in (chances, 0.8 * chances))
    covered = plain = 0
    for row in better - worse:
        found = compared(list(map(float, row)))
        covered += (found.low or 0) <= truth <= (found.high or 0)
        low, high = sign_flips([list(map(float, row))])[0].interval(0.05) or (-1.0, 1.0)
        plain += low <= truth <= high
    assert covered >= 0.9 * trials
    assert covered > plain


# --- power


@pytest.mark.parametrize("m", [6, 7, 8, 11, pytest.param(40, marks=pytest.mark.slow)])
def test_the_detectable_effect_is_found_with_its_power(m: int) -> None:
    random, trials = np.random.default_rng(m), 3000 if m <= 11 else 400
    # A sample whose standard deviation is 1, so that the effect is that of the law.
    unit = random.normal(size=m)
    unit = (unit - unit.mean()) / unit.std(ddof=1)
    effect = detectable_over_problems(list(unit), 0.05, EXACT)
    assert effect is not None
    found = 0
    for start in range(0, trials, 250):
        size = min(250, trials - start)
        columns = random.normal(effect, 1, (size, m))
        found += sum(each.p_value() <= 0.05 for each in sign_flips(columns.tolist()))
    assert found / trials == pytest.approx(0.8, abs=0.03 if m <= 11 else 0.06)


def test_what_cannot_be_found_is_unknown() -> None:
    assert detectable_over_problems([0.1], 0.05, EXACT) is None
    assert detectable_over_problems([0.1] * 9, 0.05, EXACT) is None
    assert detectable_over_problems([0.1, 0.2, 0.3, 0.1, 0.4], 0.05, EXACT) is None


@pytest.mark.parametrize(
    ("q", "degrees", "known"),
    [(0.975, 5, 2.5706), (0.975, 7, 2.3646), (0.8, 7, 0.8960), (0.975, 30, 2.0423)],
)
def test_quantiles_of_t_match_the_tables(q: float, degrees: int, known: float) -> None:
    assert t_quantile(q, degrees) == pytest.approx(known, abs=2e-3)
