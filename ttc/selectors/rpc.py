"""RPC: prune improbable reasoning, then vote by probability (needs the extra `ttc-cli[rpc]`)."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, gamma, isfinite, log
from typing import Any

import numpy as np

from ttc.plugins import installing
from ttc.records import Outcome
from ttc.selectors.exact.estimates import Estimate, replayed, value_of
from ttc.selectors.exact.subsets import Floats, check_budgets
from ttc.selectors.weighted import PerplexityConsistency

FEWEST = 8  # draws, for a fit of five parameters
ORDERS = 20  # simulated orders; each needs a fit for every k
START = (0.5, 1.0, 1.0, 1.5, 2.0)
BOUNDS = ((0.2, 0.8), *[(0.01, None)] * 4)


class Rpc(PerplexityConsistency):
    """Prunes improbable draws, then votes by probability (RPC, Zhou et al. 2025).

    With p = exp(mean log-probability) of each draw, two Weibull laws are fitted to the p of the k
    draws by maximum likelihood (from w = 0.5, k₁ = λ₁ = 1, k₂ = 1.5, λ₂ = 2; w in 0.2..0.8). A
    draw is pruned if the law with the lower mean is the likelier one and its p is below the mean
    of all. Nothing is pruned if there are fewer than 8 draws, all p are equal, or the fit fails.
    The fit depends on the draws, so the mean over subsets is simulated, with its error.
    """

    name = "rpc"

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        kept = self._kept(outcomes)
        return tuple(kept[i] for i in super().pick([outcomes[i] for i in kept]))

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return the mean over seeded orders for each k; at k = n there is one subset."""
        check_budgets(ks, len(outcomes))
        found = []
        for k in ks:
            if k == len(outcomes):
                found.append(Estimate(value_of(outcomes, self.pick(outcomes))))
                continue
            found += replayed(outcomes, [k], lambda s: (value_of(s, self.pick(s)), len(s)), ORDERS)
        return [estimate._replace(drawn=None) for estimate in found]

    def _kept(self, outcomes: Sequence[Outcome]) -> list[int]:
        chances = np.array([self._weight(outcome) for outcome in outcomes])
        high = belongs_high(chances)
        if high is None:
            return list(range(len(outcomes)))
        return np.flatnonzero(high | (chances >= chances.mean())).tolist()


def belongs_high(chances: Floats) -> Any:
    """Return whether each probability is likelier under the law with the higher mean; None without
    a fit.

    `chances` is (draws,). ValueError if scipy is not installed.
    """
    if len(chances) < FEWEST or not chances.min() > 0 or np.ptp(chances) < 1e-12:
        return None
    try:
        from scipy.optimize import minimize
    except ImportError:
        how = installing.install("ttc-cli[rpc]")
        raise ValueError(f"rpc needs scipy; {how}") from None

    def loss(numbers: Floats) -> float:
        low, high = _parts(numbers, chances)
        with np.errstate(all="ignore"):
            value = -float(np.log(low + high).sum())
        return value if isfinite(value) else 1e9

    fitted = minimize(loss, START, bounds=BOUNDS)
    if not isfinite(fitted.fun) or fitted.fun >= 1e9:
        return None
    first, second = _parts(fitted.x, chances)
    _, k1, scale1, k2, scale2 = fitted.x
    first_is_high = _mean(k1, scale1) > _mean(k2, scale2)
    return first >= second if first_is_high else second >= first


def _parts(numbers: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Return the weighted densities of both Weibull laws, k/λ·(x/λ)^(k−1)·exp(−(x/λ)^k)."""
    share, k1, scale1, k2, scale2 = numbers
    with np.errstate(all="ignore"):
        first, second = (
            k / scale * (x / scale) ** (k - 1) * np.exp(-((x / scale) ** k))
            for k, scale in ((k1, scale1), (k2, scale2))
        )
    return share * first, (1 - share) * second


def _mean(k: float, scale: float) -> float:
    inverse = 1 / k
    return scale * gamma(1 + inverse) if inverse < 150 else exp(min(700.0, log(scale) + inverse))
