"""How a budget is split between solving and verifying, against surfaces whose optimum is known."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from ttc.curves.solve_verify_split import Grid, Optimum, fit, split
from ttc.errors import UsageError
from ttc.records import Outcome
from ttc.selectors.solve_verify import SolveVerify


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (0.6, 1.2), (1.5, 0.75)])
def test_planted_exponents_are_found_again(alpha: float, beta: float) -> None:
    """Loss S^-α + V^-β at S·V ∝ C is least at S ∝ C^(β/(α+β)), V ∝ C^(α/(α+β))."""
    draws = verifications = [1 << at for at in range(15)]
    s, v = np.array(draws, float), np.array(verifications, float)[:, None]
    fitted = fit(Grid(draws, verifications, 50.0).optima(-(s**-alpha) - v**-beta))
    assert fitted is not None
    assert fitted[0] == pytest.approx(beta / (alpha + beta), abs=0.06)
    assert fitted[1] == pytest.approx(alpha / (alpha + beta), abs=0.06)


def test_the_best_of_a_budget_is_that_of_brute_force() -> None:
    random = Random(3)
    draws, verifications = [1, 2, 4, 8], [1, 2, 4]
    values = np.array([[random.random() for _ in draws] for _ in verifications])
    optima = Grid(draws, verifications, 0.5).optima(values)
    assert [optimum.budget for optimum in optima] == [1.5 * 2**at for at in range(5)]
    for optimum in optima:
        afforded = [
            (float(values[row, column]), s, v)
            for row, v in enumerate(verifications)
            for column, s in enumerate(draws)
            if s * (1 + 0.5 * v) <= optimum.budget
        ]
        assert (optimum.value, optimum.draws, optimum.verifications) == max(afforded)
        assert optimum.at_edge == (optimum.draws == 8 or optimum.verifications == 4)


def test_optima_at_the_edge_fit_nothing() -> None:
    inner = [Optimum(2.0**at, 1 << at, 1, 0.5, False) for at in range(3)]
    assert fit(inner) == pytest.approx((1.0, 0.0), abs=1e-12)
    edge = Optimum(64.0, 1, 1, 0.5, True)
    assert fit([*inner, edge]) == pytest.approx((1.0, 0.0), abs=1e-12)
    assert fit([*inner[:2], edge]) is None


def pool(tokens: int | None) -> dict[str, list[Outcome]]:
    random = Random(11)
    problems: dict[str, list[Outcome]] = {}
    for name in range(30):
        right = [random.random() < 0.4 for _ in range(16)]
        problems[f"p{name}"] = [
            Outcome(
                at,
                correct=correct,
                score=sum(random.random() < (0.8 if correct else 0.4) for _ in range(8)) / 8,
                completion_tokens=100,
                verifier_tokens=tokens,
            )
            for at, correct in enumerate(right)
        ]
    return problems


def test_a_split_takes_the_values_of_the_rule_and_the_ratio_of_the_tokens() -> None:
    problems = pool(tokens=1600)
    found = split(problems, 8)
    assert found.measured
    assert found.ratio == pytest.approx(2.0)
    for optimum in found.optima:
        rule = SolveVerify(str(optimum.verifications), "8")
        values = [rule.expected(outcomes, [optimum.draws])[0] for outcomes in problems.values()]
        assert optimum.value == pytest.approx(np.mean(values))
    assert split(problems, 8) == found
    assert not split(pool(tokens=None), 8).measured
    assert split(problems, 8, ci=None).intervals is None


def test_too_little_for_a_grid() -> None:
    with pytest.raises(UsageError, match="two verifications of each draw and two draws"):
        split(pool(None), 1)
    with pytest.raises(UsageError, match=r"--solve-verify 4: draw .* no share of 4 verifications"):
        split(pool(None), 4)
    with pytest.raises(UsageError, match="two draws"):
        split({"p": [Outcome(0, correct=True, score=1.0)]}, 8)
