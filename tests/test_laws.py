"""Laws against pools whose truth is known, and policies that must not flatter themselves."""

from __future__ import annotations

from math import exp
from random import Random

import pytest

from ttc.curves.compute_optimal import policies
from ttc.curves.pareto import frontier
from ttc.curves.saturation import saturates_at, saturation
from ttc.curves.scaling_laws import beta_coverage, fit_beta, fit_power_law, predict
from ttc.errors import UsageError
from ttc.records import Curve, Outcome, Point
from ttc.selectors.coverage import Coverage, Mean
from ttc.selectors.first_finish import FirstFinish, LastFinish


def beta_pool(alpha: float, beta: float, problems: int, n: int, seed: int) -> list[tuple[int, int]]:
    random = Random(seed)
    chances = [random.betavariate(alpha, beta) for _ in range(problems)]
    return [(n, sum(random.random() < p for _ in range(n))) for p in chances]


def test_the_beta_law_is_found_again() -> None:
    fitted = fit_beta(beta_pool(0.5, 1.5, 3000, 40, 1))
    assert fitted == pytest.approx((0.5, 1.5), rel=0.08)
    assert fit_beta([(4, 0), (4, 0)]) is None
    assert fit_beta([(4, 4), (4, 4)]) is None


def test_coverage_of_a_beta_law() -> None:
    assert beta_coverage(0.5, 1.5, 1) == pytest.approx(0.25)
    assert beta_coverage(0.5, 1.5, 16) == pytest.approx(0.728, abs=1e-3)
    assert pytest.approx(0.990, abs=1e-3) == 1 - (1 - 0.25) ** 16


def test_the_power_law_is_found_again() -> None:
    ks = [1, 2, 4, 8, 16, 32]
    assert fit_power_law(ks, [exp(-2.0 * k**-0.4) for k in ks]) == pytest.approx((-2.0, -0.4))
    assert fit_power_law(ks, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]) is None
    assert fit_power_law(ks, [1.0] * 6) is None


def test_predictions_hold_the_truth_and_bear_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc.curves.scaling_laws.RESAMPLES", 60)
    counts = beta_pool(0.6, 1.4, 300, 16, 5)
    by_beta, by_power = predict(counts, 200)
    assert (by_beta.estimator, by_power.estimator) == ("beta-binomial", "power law")
    assert by_beta.low is not None
    assert by_beta.high is not None
    assert by_beta.low < beta_coverage(0.6, 1.4, 200) < by_beta.high
    assert predict(counts, 200) == [by_beta, by_power]
    assert predict(counts, 200, ci=None)[0].low is None


@pytest.mark.parametrize(
    ("counts", "k", "message"),
    [
        ([(4, 1), (4, 2)], 0, "k must be 1 or more"),
        ([(4, 1)], 9, "two problems and two draws"),
        ([(1, 1), (1, 0)], 9, "two problems and two draws"),
        ([(4, 0), (4, 0)], 9, "nothing to fit"),
    ],
)
def test_too_little_to_predict_from(counts: list[tuple[int, int]], k: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        predict(counts, k)


def test_saturation_of_one_chance_and_its_rejection() -> None:
    random = Random(2)
    alike = [(32, sum(random.random() < 0.2 for _ in range(32))) for _ in range(400)]
    found = saturation(alike)
    assert found is not None
    assert found.chance == pytest.approx(0.2, abs=0.02)
    assert found.ceiling == pytest.approx(1.0, abs=0.01)
    assert not found.rejected
    assert found.draws == saturates_at(found.chance, found.ceiling, 0.01)
    mixed = saturation(beta_pool(0.5, 1.5, 400, 32, 3))
    assert mixed is not None
    assert mixed.rejected
    assert saturation([(1, 1)]) is None
    assert saturation([(4, 0)]) is None


def test_the_saturation_point_is_the_first_small_gain() -> None:
    for chance, ceiling, gain in [(0.2, 1.0, 0.01), (0.05, 0.8, 0.001), (0.5, 1.0, 0.125)]:
        n = saturates_at(chance, ceiling, gain)
        assert ceiling * chance * (1 - chance) ** n <= gain + 1e-12
        assert ceiling * chance * (1 - chance) ** (n - 1) > gain
    assert saturates_at(0.01, 1.0, 0.02) == 0


def planted(problems: int, seed: int) -> dict[str, list[Outcome]]:
    """On hard problems the long draws are right, on easy ones the short."""
    random = Random(seed)
    pool = {}
    for i in range(problems):
        hard = i % 2 == 0
        draws = []
        for d in range(32):
            right = random.random() < (0.06 if hard else 0.8)
            tokens = random.randint(40, 60) + (30 if right == hard else 0)
            draws.append(Outcome(d, correct=right, completion_tokens=tokens))
        pool[f"p{i}"] = draws
    return pool


def test_a_planted_policy_is_found_out_of_sample() -> None:
    rules = {"first-finish": FirstFinish(), "last-finish": LastFinish()}
    found = policies(planted(120, 1), rules, [1, 2, 4, 8], "samples", source="x")
    last = found[-1]
    assert last.budget == 8
    assert last.choices["easy"].startswith("first-finish@")
    assert last.choices["hard"].startswith("last-finish@")
    assert last.value > last.single + 0.05
    assert [each.budget for each in found] == [1, 2, 4, 8]


def test_difficulty_that_means_nothing_gains_nothing() -> None:
    random = Random(4)
    pool = {
        f"p{i}": [Outcome(d, correct=random.random() < 0.5, completion_tokens=9) for d in range(4)]
        for i in range(400)
    }
    (found,) = policies(pool, {"mean": Mean()}, [1], "samples", source="x")
    assert found.value == pytest.approx(found.single)
    assert found.in_sample == pytest.approx(found.value)


def test_a_policy_needs_problems_and_known_costs() -> None:
    pool = {f"p{i}": [Outcome(0, correct=True), Outcome(1, correct=True)] for i in range(3)}
    with pytest.raises(UsageError, match="needs four problems"):
        policies(pool, {"coverage": Coverage()}, [1], "samples", source="x")
    pool["p4"] = pool["p0"]
    with pytest.raises(UsageError, match="axis tokens is unknown"):
        policies(pool, {"coverage": Coverage()}, [1], "tokens", source="x")


def test_the_frontier_is_what_nothing_beats() -> None:
    def curve(name: str, *points: tuple[float, float | None]) -> Curve:
        return Curve(name, "s", tuple(Point(1, v, cost={"tokens": cost}) for cost, v in points))

    a = curve("a", (1, 0.2), (2, 0.5), (4, 0.5))
    b = curve("b", (1, 0.3), (3, 0.4), (9, 0.9), (10, None))
    found = [(c.selector, p.cost["tokens"]) for c, p in frontier([a, b], "tokens")]
    assert found == [("b", 1), ("a", 2), ("b", 9)]
    assert frontier([a, b], "usd") == []
