"""What every selection rule refuses: budgets out of range."""

from __future__ import annotations

from collections.abc import Sequence


def check_budgets(ks: Sequence[int], n: int) -> None:
    """Refuse a k for which no k-subset of n draws exists."""
    for k in ks:
        if not 1 <= k <= n:
            raise ValueError(f"k must be between 1 and the {n} draws there are, not {k}")
