"""The saturation point of a pool: the number of draws beyond which more add little (TTSPM)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, exp, fsum, log
from typing import Any

from ttc.curves.scaling_laws import Counts, exact_coverage, least
from ttc.curves.uncertainty import chi_squared_tail

GAIN = 0.01  # a marginal gain in coverage below which a pool counts as saturated
REJECTED = 0.001


@dataclass(frozen=True, slots=True)
class Saturation:
    """The saturation point, under the assumption that all problems have one chance.

    `chance` is that of a correct draw, `ceiling` the highest coverage, `draws` the saturation
    point. `p` is the p-value of the assumption.
    """

    chance: float
    ceiling: float
    draws: int
    p: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**asdict(self), "rejected": self.rejected}

    @property
    def rejected(self) -> bool:
        """Whether the problems differ by more than one p allows."""
        return self.p < REJECTED


def saturation(counts: Counts, gain: float = GAIN) -> Saturation | None:
    """Return the saturation point: where one more draw adds no more than `gain` to coverage.

    TTSPM (Wang et al. 2025, "Scaling over Scaling"): F(N) = F_max·(1 − (1 − p)^N), hence

        N* = ⌈ ln(gain / (F_max·p)) / ln(1 − p) ⌉,   0 if gain ≥ F_max·p

    p and F_max by least squares on exact coverage. The p-value is that of Pearson's test that
    all problems have one chance; if it is rejected, the law does not describe the pool. None with
    fewer than two draws of each problem, or where no draw is correct.
    """
    fewest = min((n for n, _ in counts), default=0)
    ks = sorted({*(1 << i for i in range(fewest.bit_length())), fewest} - {0})
    if len(ks) < 2:
        return None
    curve = exact_coverage(counts, ks)
    if not max(curve):
        return None

    def ceiling(p: float) -> float:
        shape = [1 - (1 - p) ** k for k in ks]
        free = fsum(y * x for y, x in zip(curve, shape, strict=True)) / fsum(x * x for x in shape)
        return min(1.0, free)

    def loss(log_p: float) -> float:
        p, top = exp(log_p), ceiling(exp(log_p))
        return fsum((y - top * (1 - (1 - p) ** k)) ** 2 for y, k in zip(curve, ks, strict=True))

    chance = exp(least(loss, log(1e-6), log(1 - 1e-9)))
    top = ceiling(chance)
    return Saturation(chance, top, saturates_at(chance, top, gain), _homogeneity(counts))


def saturates_at(chance: float, ceiling: float, gain: float) -> int:
    """Return N*, the fewest draws after which one more gains `gain` at most."""
    if gain >= ceiling * chance:
        return 0
    return ceil(round(log(gain / (ceiling * chance)) / log(1 - chance), 9))


def _homogeneity(counts: Counts) -> float:
    """Return the p-value of Pearson's chi-squared test that all problems have one chance."""
    total = sum(n for n, _ in counts)
    share = sum(c for _, c in counts) / total
    if share in (0, 1):
        return 1.0
    apart = fsum((c - n * share) ** 2 / (n * share * (1 - share)) for n, c in counts)
    return chi_squared_tail(apart, len(counts) - 1)
