"""RPC: its pruning on a planted mixture, its guards, and what it is without pruning."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from ttc.records import Outcome
from ttc.selectors.exact.estimates import estimates_of
from ttc.selectors.rpc import Rpc, belongs_high
from ttc.selectors.weighted import PerplexityConsistency

pytest.importorskip("scipy")


def draws(chances: list[float], answers: str) -> list[Outcome]:
    return [
        Outcome(
            i, answer=a, correct=a == "x", logprob=10 * log(p), completion_tokens=10, text=str(i)
        )
        for i, (p, a) in enumerate(zip(chances, answers, strict=True))
    ]


def test_a_planted_mixture_is_told_apart() -> None:
    random = np.random.default_rng(0)
    low, high = 0.3 * random.weibull(8, 250), 0.8 * random.weibull(14, 250)
    found = belongs_high(np.concatenate((low, high)))
    assert not found[:250].mean() > 0.02
    assert found[250:].mean() > 0.98


def test_improbable_draws_lose_their_votes() -> None:
    random = np.random.default_rng(1)
    chances = [*(0.3 * random.weibull(9, 12)).tolist(), *(0.8 * random.weibull(15, 10)).tolist()]
    outcomes = draws(chances, "y" * 12 + "x" * 5 + "y" * 2 + "z" * 3)
    pruned = Rpc()._kept(outcomes)
    assert set(pruned) <= set(range(12, 22)) | {i for i in range(12) if chances[i] > 0.4}
    assert outcomes[Rpc().pick(outcomes)[0]].answer == "x"


@pytest.mark.parametrize("chances", [[0.5] * 12, [0.1, 0.9] * 3, [0.0, *[0.5, 0.6] * 6]])
def test_without_a_fit_nothing_is_pruned(chances: list[float]) -> None:
    assert belongs_high(np.array(chances)) is None


def test_few_draws_are_perplexity_consistency() -> None:
    outcomes = draws([0.2, 0.9, 0.5, 0.4, 0.7], "xyxyz")
    assert Rpc().pick(outcomes) == PerplexityConsistency().pick(outcomes)
    simulated, whole = estimates_of(Rpc(), outcomes, [3, 5])
    (exact,) = estimates_of(PerplexityConsistency(), outcomes, [3])
    assert simulated.kind == "mc"
    assert abs(simulated.value - exact.value) < 5 * max(simulated.error, 0.05)
    assert whole.kind == "exact"
    assert estimates_of(Rpc(), outcomes, [3]) == [simulated]
