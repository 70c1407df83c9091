"""Weighted votes among k of n draws: the contest of `votes`, at levels that are sums of weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np

from ttc.selectors.exact.plurality import Complex, Frame, Party, contest, frame
from ttc.selectors.exact.subsets import Floats, hypergeometric

WIDTH = 2e-3  # a wider bracket is not worth printing
MOST = 1 << 24  # numbers in all the laws of one problem
GRIDS = (64, 256, 1024, 4096, 16384)
SURE = 38.0  # −log of the chance of a sum beyond the levels counted


class Ballots(NamedTuple):
    """The votes of n draws: for each answer (weight, copies) of its distinct draws, and its share.

    Identical copies count once however many are drawn. `exact` says that all weights are whole.
    """

    n: int
    abstaining: int
    weights: Sequence[Sequence[tuple[float, int]]]
    shares: Sequence[float]
    exact: bool


def weighted_at_k(ballots: Ballots, k: int, *, strict: bool) -> tuple[float, float] | None:
    """Return bounds of the probability that a weighted vote among k draws is won correctly.

    They are equal where the weights are whole numbers. Otherwise weights are rounded to a grid of
    step δ, which moves each of k weights by δ/2 at most, and so the lead of one answer over
    another by kδ/2: who leads by more than ⌈k/2⌉ steps on the grid leads in truth. None where the
    bracket stays wider than `WIDTH` on the finest grid that fits, or the exact vote does not fit.
    """
    if k == ballots.n:
        return _of_all(ballots, strict)
    if ballots.exact:
        value = _won(ballots, k, strict=strict, slack=None)
        return None if value is None else (value[0], value[0])
    heaviest = max(weight for votes in ballots.weights for weight, _ in votes)
    for grid in GRIDS:
        unit = heaviest / grid
        rounded = [[(round(w / unit), copies) for w, copies in votes] for votes in ballots.weights]
        won = _won(ballots._replace(weights=rounded), k, strict=strict, slack=ceil(k / 2))
        if won is None:
            return None
        right, wrong = won
        nobody = 0.0
        if k <= ballots.abstaining:
            nobody = float(hypergeometric(ballots.n, ballots.abstaining, k)[k])
        if 1 - wrong - nobody - right <= WIDTH:
            return right, 1 - wrong - nobody
    return None


def _of_all(ballots: Ballots, strict: bool) -> tuple[float, float]:
    sums = [sum(weight for weight, _ in votes) for votes in ballots.weights]
    leaders = [i for i, total in enumerate(sums) if total == max(sums)]
    won = sum(ballots.shares[i] for i in leaders) / len(leaders) if leaders else 0.0
    value = 0.0 if strict and len(leaders) > 1 else won
    return value, value


def _won(
    ballots: Ballots, k: int, *, strict: bool, slack: int | None
) -> tuple[float, float] | None:
    """Return the chances that a correct and that a wrong answer leads, by more than `slack`."""
    at = frame(ballots.n, k)
    levels = max((_highest(votes, at.q) for votes in ballots.weights), default=0) + 1
    if not ballots.weights or levels * len(at.taken) * len(ballots.weights) > MOST:
        return None if ballots.weights else (0.0, 0.0)
    laws = [_law(at, votes, levels) for votes in ballots.weights]
    lag = 0 if slack is None else slack
    belows = []
    for none, law in laws:
        below = np.zeros_like(law)
        sums = np.cumsum(law, axis=1)
        below[:, lag + 1 :] = sums[:, : levels - lag - 1]
        belows.append(below + none)
    free = at.taken**ballots.abstaining * at.reading
    leaders = min(k, len(laws))

    def chance(shares: Sequence[float]) -> float:
        parties = [
            Party(law, below, 1, share)
            for (_, law), below, share in zip(laws, belows, shares, strict=True)
        ]
        if not any(shares):
            return 0.0
        lead = contest(parties, leaders, strict=strict or slack is not None)
        return min(max(float(np.sum((lead * free).real)), 0.0), 1.0)

    right = chance(ballots.shares)
    if slack is None:
        return right, 0.0
    return right, chance([1 - share for share in ballots.shares])


def _highest(votes: Sequence[tuple[float, int]], q: float) -> int:
    """Return a sum that the drawn weights exceed with probability e^−SURE at most (Bernstein)."""
    chances = [(weight, 1 - (1 - q) ** copies) for weight, copies in votes]
    mean = sum(weight * chance for weight, chance in chances)
    variance = sum(weight**2 * chance * (1 - chance) for weight, chance in chances)
    third = max(weight for weight, _ in votes) / 3
    beyond = SURE * third + sqrt((SURE * third) ** 2 + 2 * SURE * variance)
    return int(min(sum(weight for weight, _ in votes), ceil(mean + beyond)))


def _law(
    at: Frame, votes: Sequence[tuple[float, int]], levels: int
) -> tuple[complex | Floats, Complex]:
    """Return the weight of no vote, and at each root the law of the sum of one vote or more.

    A draw with d copies of weight w multiplies by (1−q)^d + v^w·((1−q+qz)^d − (1−q)^d), where v
    counts weight; the coefficients of v are read off at roots of unity.
    """
    size = 1 << (levels - 1).bit_length()
    turns = np.exp(-2j * np.pi * np.arange(size) / size)
    product = np.ones((len(at.taken), size), dtype=np.complex128)
    for (weight, copies), times in Counter(votes).items():
        missed = (1 - at.q) ** copies
        drawn = (at.taken**copies - missed)[:, None]
        factor = missed + drawn * turns[np.arange(size) * int(weight) % size]
        product *= factor if times == 1 else factor**times
    law = np.fft.ifft(product, axis=1)[:, :levels]
    none = (1 - at.q) ** sum(copies for _, copies in votes)
    law[:, 0] -= none
    return none, law
