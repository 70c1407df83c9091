"""The p-value, the interval and the power of a mean paired difference, for both questions.

*Problems like these*: the problems are a sample of others; signs are flipped (`sign_flips`).
*These problems*: the suite is fixed and draws are the only chance; a score test (`over_draws`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, inf, sqrt
from statistics import NormalDist
from typing import NamedTuple

from ttc.curves.comparing import unseen
from ttc.curves.comparing.power import POWER, detectable_over_problems
from ttc.curves.comparing.sign_flips import EXACT, SignFlips, least_p, sign_flips

PROBLEMS = 8  # whose differences show a variance of their own
_ROUNDING = 1e-12  # smaller differences are rounding


class Tested(NamedTuple):
    """What is known of a mean difference.

    The interval holds the differences whose two-sided p-value exceeds 1 − level: it excludes 0
    exactly when `p` does not. `p_error` is the standard error of a p-value from random patterns,
    None if it is exact. `least_p` is the smallest p-value that so many problems can give.
    `detectable` is the difference that the test finds with 80 % power. What is unknown is None.
    `widened`: the interval allows for kinds of problems that were not seen (`unseen`).
    """

    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_error: float | None = None
    least_p: float | None = None
    detectable: float | None = None
    widened: bool = False


class Noise(NamedTuple):
    """How far the value of a problem moves with its draws.

    `variance` is that over fresh draws; `influence` the most that one draw can move the value, k/n
    as only that share of the k-subsets has it.
    """

    variance: float
    influence: float


def over_problems(
    columns: Sequence[Sequence[float]],
    *,
    level: float,
    reaches: Sequence[float | None],
    seed: int = 0,
) -> list[Tested]:
    """Test the mean of each column of differences, one for each problem, by flipping signs.

    `level` is that of the interval in per cent. A difference lies between −reach and reach; None
    if its range is unknown. With too few problems for the level the interval is that range.
    """
    alpha = 1 - level / 100
    found = []
    for column, flips, reach in zip(columns, sign_flips(columns, seed), reaches, strict=True):
        low, high, widened = _interval(column, flips, alpha, reach)
        found.append(
            Tested(
                low,
                high,
                p=flips.p_value(),
                p_error=flips.p_error,
                least_p=least_p(len(column)),
                detectable=detectable_over_problems(column, alpha, EXACT),
                widened=widened,
            )
        )
    return found


def _interval(
    differences: Sequence[float], flips: SignFlips, alpha: float, reach: float | None
) -> tuple[float | None, float | None, bool]:
    """Return the bounds, and whether they are wider than those of the sign flips.

    They are if few problems carry the difference, or all differ alike. Then the kind that was not
    seen differs by `reach` (unknown: by twice the largest difference) in the direction of the
    bound. On the side of 0, if sign flips exclude it, it does not differ at all: there the test
    of 0, which is exact, has the last word.
    """
    bounds = flips.interval(alpha)
    if bounds is None:
        return (None, None, False) if reach is None else (-reach, reach, False)
    low, high = bounds
    if low < high and unseen.carried_by(differences) >= unseen.FEW:
        return low, high, False
    furthest = 2 * max(map(abs, differences)) if reach is None else reach
    ends = (0.0 if low > 0 else -furthest, 0.0 if high < 0 else furthest)
    least, most = unseen.bounds(differences, alpha, ends)
    if not low > 0 >= least:
        low = min(low, least)
    if not high < 0 <= most:
        high = max(high, most)
    return low, high, True


def over_draws(
    differences: Sequence[float],
    noise: Sequence[Noise],
    *,
    k: int,
    level: float,
    reach: float | None,
) -> Tested:
    """Test the mean of differences whose problems are fixed, from the noise of each.

    The statistic of a shift δ, with D the mean difference, is z² = (D − δ)²/(V + |D − δ|·τ). V is
    the variance of D by the jackknife. τ is the influence of one draw on D: a draw of a kind that
    was not seen, of such a chance that it shifts D by |D − δ|, adds that variance (that of a
    Poisson count; for draws that are all right it is the score test of Wilson 1927 up to terms in
    1/n). The interval is {δ: z² < z²_{1 − a/2}}; it has a width whatever was drawn.

    For k > 1 the jackknife's V is too large on average (Efron and Stein 1981). So is the variance
    that the differences themselves show, to which the problems add; of PROBLEMS problems or more
    the smaller of both is taken.
    """
    m = len(differences)
    mean = fsum(differences) / m
    variance = fsum(each.variance for each in noise) / m**2
    if k > 1 and m >= PROBLEMS:
        shown = fsum((each - mean) ** 2 for each in differences) / (m * (m - 1))
        variance = min(variance, shown)
    influences = [each.influence for each in noise]
    influence = fsum(i * i for i in influences) / fsum(influences) / m
    apart = 0.0 if abs(mean) <= _ROUNDING else abs(mean)
    normal = NormalDist()
    z = normal.inv_cdf(0.5 + level / 200)
    margin = (z * z * influence + sqrt((z * z * influence) ** 2 + 4 * z * z * variance)) / 2
    end = inf if reach is None else reach
    score = apart / sqrt(variance + apart * influence) if apart else 0.0
    error = sqrt(variance)
    return Tested(
        max(mean - margin, -end),
        min(mean + margin, end),
        p=2 * normal.cdf(-score),
        detectable=margin + normal.inv_cdf(POWER) * error if error > _ROUNDING else None,
    )
