"""Scores and other numbers in lines of JSON: what is read, what is refused, how they are written.

A score is a finite number; `"inf"` or `"-inf"`, for which JSON has no number, and which rank first
or last; or null, where there is none. Other texts, booleans and integers beyond floats are refused.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from math import isinf, nan
from typing import Any

from ttc.errors import UsageError

INFINITE = ("inf", "-inf")
SAFE = 1 << 53  # integers up to here need no check
MOST = (1 << 63) - 1  # the largest integer that arrays and the store can hold


def written(score: float | None) -> float | str | None:
    """Return a score as a line of JSON has it."""
    return str(score) if score is not None and isinf(score) else score


def read(score: Any) -> float | None:
    """Return the score of a line that was checked."""
    return None if score is None else float(score)


def by_verifier(scores: Mapping[str, Any] | None) -> dict[str, float] | None:
    """Return the scores of a line by verifier; NaN stands for null: it gave none."""
    if scores is None:
        return None
    return {name: nan if score is None else float(score) for name, score in scores.items()}


def check_by_verifier(scores: Mapping[str, Any] | None, place: str) -> None:
    """Raise UsageError for scores by verifier that are no scores."""
    for name, value in (scores or {}).items():
        if value is None or value in INFINITE:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise UsageError(
                f"{place}: 'scores' has {value!r} for {name!r}; write a number, or null where "
                "there is none"
            )
        check_size("scores", value, place)


def check_size(name: str, value: object, place: str, *, whole: bool = False) -> None:
    """Raise UsageError for an integer that is too large to compute with; `whole` fields are counted
    in integers."""
    if isinstance(value, int) and abs(value) > (MOST if whole else sys.float_info.max):
        digits = len(str(abs(value)))
        raise UsageError(f"{place}: {name!r} has an integer of {digits} digits, which is too large")
