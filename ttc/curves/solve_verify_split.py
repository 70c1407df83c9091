"""The best split of a budget between draws and verifications, and how it grows with the budget.

Singhi et al. 2025 ("When To Solve, When To Verify"): S draws with V verifications each cost
C = S·(1 + λV) draws, λ = tokens of a verification / tokens of a draw. For each budget the best S
and V on a grid of powers of two are found, and S_opt ∝ C^a, V_opt ∝ C^b fitted in log-log space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import fsum
from random import Random
from typing import Any

import numpy as np

from ttc.curves.uncertainty import quantile
from ttc.errors import wrong_option
from ttc.records import Outcome
from ttc.selectors.exact.subsets import Floats
from ttc.selectors.solve_verify import SolveVerify

RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best draws and verifications of a budget.

    At an edge of the grid (`at_edge`) the true optimum may lie beyond it.
    """

    budget: float
    draws: int
    verifications: int
    value: float
    at_edge: bool


@dataclass(frozen=True, slots=True)
class Split:
    """The best splits of growing budgets.

    `ratio` is λ: measured from token counts, or else taken as 1 (not `measured`). `exponents` are
    a and b; None where fewer than three optima lie inside the grid. `intervals` bound them by a
    bootstrap over problems; None where all resamples have the same optima.
    """

    ratio: float
    measured: bool
    optima: tuple[Optimum, ...]
    exponents: tuple[float, float] | None
    intervals: tuple[tuple[float, float], tuple[float, float]] | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def split(
    problems: Mapping[str, Sequence[Outcome]], of: int, *, ci: float | None = 95, seed: int = 0
) -> Split:
    """Return the best splits where each draw's score is a share of `of` verifications.

    The value of S and V is the exact mean of `solve-verify` over all S-subsets and over which V
    of a draw's verifications are made. UsageError where there are too few for a grid, or a score
    is no share of `of`.
    """
    rows = [outcomes for _, outcomes in sorted(problems.items()) if outcomes]
    fewest = min(map(len, rows), default=0)
    if of < 2 or fewest < 2:
        raise wrong_option("solve_verify", of, "needs two verifications of each draw and two draws")
    draws, verifications = _powers(fewest), _powers(of)
    rules = [SolveVerify(str(v), str(of)) for v in verifications]
    try:
        values = np.array([[rule.expected(row, draws) for rule in rules] for row in rows])
    except ValueError as error:
        raise wrong_option("solve_verify", of, str(error)) from None
    known = _ratio(rows, of)
    ratio = 1.0 if known is None else known
    at = Grid(draws, verifications, ratio)
    optima = at.optima(values.mean(axis=0))
    random = Random(seed)
    fitted = [
        found
        for _ in range(RESAMPLES if ci else 0)
        if (found := fit(at.optima(values[random.choices(range(len(rows)), k=len(rows))].mean(0))))
    ]
    intervals = None
    if ci and len(fitted) > 1:
        tail = (1 - ci / 100) / 2
        a, b = (sorted(each) for each in zip(*fitted, strict=True))
        # The optima are on a grid: where all resamples find the same ones, they show no spread.
        if a[0] < a[-1] and b[0] < b[-1]:
            intervals = (
                (quantile(a, tail), quantile(a, 1 - tail)),
                (quantile(b, tail), quantile(b, 1 - tail)),
            )
    return Split(ratio, known is not None, tuple(optima), fit(optima), intervals)


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers of draws × numbers of verifications, and λ."""

    draws: Sequence[int]
    verifications: Sequence[int]
    ratio: float

    def optima(self, values: Floats) -> list[Optimum]:
        """Return the best of each budget, doubling from the cheapest.

        `values` is (verifications, draws). Among equals the cheapest is best.
        """
        points = sorted(
            (s * (1 + self.ratio * v), s, v, float(values[row, column]))
            for row, v in enumerate(self.verifications)
            for column, s in enumerate(self.draws)
        )
        budget, found = points[0][0], []
        while budget <= points[-1][0] * (1 + 1e-9):
            afforded = [point for point in points if point[0] <= budget * (1 + 1e-9)]
            # Rounded, because equal values may differ in their last bits; max takes the first.
            _, s, v, value = max(afforded, key=lambda point: round(point[3], 12))
            edge = s == self.draws[-1] or v == self.verifications[-1]
            found.append(Optimum(budget, s, v, value, edge))
            budget *= 2
        return found


def fit(optima: Sequence[Optimum]) -> tuple[float, float] | None:
    """Return a and b of S_opt ∝ C^a, V_opt ∝ C^b by least squares on logs; None below 3 points.

    Optima at an edge of the grid are left out: beyond it there may be better.
    """
    inner = [optimum for optimum in optima if not optimum.at_edge]
    if len(inner) < 3:
        return None
    x = np.log([optimum.budget for optimum in inner])
    x -= x.mean()
    s = np.log([optimum.draws for optimum in inner])
    v = np.log([optimum.verifications for optimum in inner])
    return float(x @ s / (x @ x)), float(x @ v / (x @ x))


def _powers(most: int) -> list[int]:
    return [1 << at for at in range(most.bit_length())]


def _ratio(rows: Sequence[Sequence[Outcome]], of: int) -> float | None:
    """Return λ: the tokens of a verification, prompt included, over those that a draw generates.

    None if some counts are unknown.
    """
    pairs = [
        (outcome.verifier_tokens, outcome.completion_tokens) for row in rows for outcome in row
    ]
    spent = [judged for judged, _ in pairs if judged is not None]
    drawn = [tokens for _, tokens in pairs if tokens]
    if len(spent) < len(pairs) or len(drawn) < len(pairs):
        return None
    return fsum(spent) / of / fsum(drawn)
