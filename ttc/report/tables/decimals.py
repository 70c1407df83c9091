"""Numbers of one column with the same decimals, of which none looks like what it is not."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

NOISE = 1e-9  # a value this near to 0 or 1 is that: sums are rounded
BOUNDS = (0.0, 1.0)  # of shares: to reach one, or not, is a finding


def decimals_for(values: Iterable[float | None], least: int, most: int) -> int:
    """Return how many decimals a column needs, so that no value looks like 0 or 1 unless it is."""
    known = [value for value in values if value is not None and isfinite(value)]
    return next(
        (count for count in range(least, most) if not any(_rounds_off(v, count) for v in known)),
        most,
    )


def fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimals. What is not 0 or 1 is not rounded to it."""
    if isfinite(value) and _rounds_off(value, decimals):
        bound = min(BOUNDS, key=lambda each: abs(each - value))
        value = bound + (1 if value > bound else -1) * 10.0**-decimals
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _rounds_off(value: float, decimals: int) -> bool:
    rounded = round(value, decimals)
    return any(rounded == bound and abs(value - bound) > NOISE for bound in BOUNDS)


def alike(values: Iterable[float | None], most: int = 4) -> int:
    """Return the decimals that numbers of any kind need, `most` at most: 0.5 beside 0.25 takes
    two."""
    return max((_needed(value, most) for value in values if value is not None), default=0)


def _needed(value: float, most: int) -> int:
    if not isfinite(value):
        return 0
    return len(f"{value:.{most}f}".rstrip("0").partition(".")[2])
