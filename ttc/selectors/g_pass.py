"""G-Pass@k: at least a share of the k draws is correct; stability between coverage and pass^k."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil

import numpy as np

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.subsets import Floats, binomial_law, check_budgets, hypergeometric

HALF = Fraction(1, 2)


class GPass:
    """Worth 1 where at least ⌈tau·k⌉ of k draws are correct, and one at least (Liu et al. 2024).

        G-Pass@k_τ = Σ_{j ≥ max(1, ⌈τk⌉)} C(c, j) · C(n − c, k − j) / C(n, k)

    "Are Your LLMs Capable of Stable Reasoning?"; τ = 0 is coverage, τ = 1 is pass^k.
    """

    name = "g-pass"
    needs = frozenset({"correct"})
    oracle = True
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self._tau = read.value("tau", HALF, _share, "a number from 0 to 1")
        read.end()

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        right = tuple(i for i, outcome in enumerate(outcomes) if outcome.correct)
        return right if len(right) >= self._least(len(outcomes)) else ()

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        check_budgets(ks, len(outcomes))
        return _means(outcomes, ks, self._worths)

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k draws with replacement."""
        return _means(outcomes, ks, self._worths, replaced=True)

    def _least(self, k: int) -> int:
        return max(1, ceil(self._tau * k))

    def _worths(self, k: int) -> Floats:
        return (np.arange(k + 1) >= self._least(k)).astype(np.float64)


class MeanGPass:
    """The mean of G-Pass@k_τ over τ from ½ to 1 (mG-Pass@k, Liu et al. 2024).

        mG-Pass@k = (2/k) · Σ_{i = ⌈k/2⌉+1}^{k} G-Pass@k_{i/k}

    The finite sum of the paper, by which j right draws of k are worth (2/k)·max(0, j − ⌈k/2⌉). For
    odd k it is (k − 1)/k at most, and for k = 1 it is 0.
    """

    name = "mg-pass"
    needs = frozenset({"correct"})
    oracle = True
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        OptionReader(self.name, options).end()

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return tuple(i for i, outcome in enumerate(outcomes) if outcome.correct)

    def measure(self, outcomes: Sequence[Outcome]) -> float:
        """Return the value on these draws, which is no share of draws picked."""
        return float(self._worths(len(outcomes))[len(self.pick(outcomes))]) if outcomes else 0.0

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        check_budgets(ks, len(outcomes))
        return _means(outcomes, ks, self._worths)

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k draws with replacement."""
        return _means(outcomes, ks, self._worths, replaced=True)

    def _worths(self, k: int) -> Floats:
        beyond: Floats = np.arange(k + 1, dtype=np.float64) - (k + 1) // 2
        return 2 / k * np.maximum(beyond, 0.0)


def _share(given: str) -> Fraction:
    # A fraction, so that ⌈τk⌉ is exact: 0.7·10 is not 7 in binary.
    found = Fraction(given)
    if not 0 <= found <= 1:
        raise ValueError
    return found


def _means(
    outcomes: Sequence[Outcome],
    ks: Sequence[int],
    worths: Callable[[int], Floats],
    *,
    replaced: bool = False,
) -> list[float]:
    """Return the mean at each k of a function of the number of right draws among k.

    `worths(k)` has its values at 0..k, shape (k + 1,).
    """
    n = len(outcomes)
    right = sum(bool(outcome.correct) for outcome in outcomes)
    values = []
    for k in ks:
        law = binomial_law(k, right / n) if replaced else hypergeometric(n, right, k)
        values.append(min(float(law @ worths(k)[: len(law)]), 1.0))
    return values
