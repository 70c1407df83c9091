"""Weighted votes among k of n draws: the contest of `plurality`, at levels that are weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil, fsum, sqrt
from typing import NamedTuple

import numpy as np

from ttc.selectors.exact.plurality import Complex, Frame, Party, contest, frame
from ttc.selectors.exact.subsets import Floats, bounded, hypergeometric

WIDTH = 2e-3  # the widest bracket that is returned
MOST = 1 << 24  # numbers in all the laws of one problem
GRIDS = (64, 256, 1024, 4096, 16384)  # steps that the heaviest weight is divided into
SURE = 38.0  # −log of the probability of a sum beyond the levels counted


class Ballots(NamedTuple):
    """The votes of n draws, of which `abstaining` have no answer.

    `weights` has for each answer the (weight, copies) of its distinct draws; copies count once
    however many are drawn. `shares` has for each answer the share of its draws that are correct,
    or their mean worth. `exact` says that all weights are whole numbers, `mixed` that draws with
    one answer differ in worth.
    """

    n: int
    abstaining: int
    weights: Sequence[Sequence[tuple[float, int]]]
    shares: Sequence[float]
    exact: bool
    mixed: bool = False


def weighted_at_k(ballots: Ballots, k: int, *, strict: bool) -> tuple[float, float] | None:
    """Return bounds of the mean worth of the weighted majority of k draws.

    That is the probability that it is correct, unless draws are graded.

    They are equal where the weights are whole numbers. Otherwise weights are rounded to a grid of
    step δ, which changes each of k weights by δ/2 at most, and so the lead of one answer over
    another by kδ/2: an answer that leads by more than ⌈k/2⌉ steps on the grid leads. None if the
    bracket is wider than `WIDTH` on the finest grid that fits in `MOST`, or the exact vote does
    not fit. `strict` makes ties wrong.
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
        surely, leading = won
        none = 0.0
        if k <= ballots.abstaining:
            none = float(hypergeometric(ballots.n, ballots.abstaining, k)[k])
        # Where no answer surely leads, one of them does, or with `strict` perhaps none.
        unsure = max(0.0, 1 - none - leading)
        worths = (*ballots.shares, 0.0) if strict else ballots.shares
        least, most = min(worths), max(worths)
        if unsure * (most - least) <= WIDTH * max(1.0, most - least):
            return surely + unsure * least, surely + unsure * most
    return None


def _of_all(ballots: Ballots, strict: bool) -> tuple[float, float]:
    sums = [sum(weight for weight, _ in votes) for votes in ballots.weights]
    leaders = [i for i, total in enumerate(sums) if total == max(sums)]
    won = fsum(ballots.shares[i] for i in leaders) / len(leaders) if leaders else 0.0
    value = 0.0 if strict and len(leaders) > 1 else won
    return value, value


def _won(
    ballots: Ballots, k: int, *, strict: bool, slack: int | None
) -> tuple[float, float] | None:
    """Return the mean worth of the answer that leads by more than `slack` steps, 0 where none does,
    and the probability that one does.

    The second is 0 without `slack`. None if the laws do not fit in `MOST`.
    """
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

    def led(shares: Sequence[float]) -> float:
        parties = [
            Party(law, below, 1, share)
            for (_, law), below, share in zip(laws, belows, shares, strict=True)
        ]
        if not any(shares):
            return 0.0
        lead = contest(parties, leaders, strict=strict or slack is not None)
        return bounded(float(np.sum((lead * free).real)), shares)

    surely = led(ballots.shares)
    return surely, 0.0 if slack is None else led([1.0] * len(ballots.shares))


def _highest(votes: Sequence[tuple[float, int]], q: float) -> int:
    """Return a sum that the drawn weights exceed with probability below e^−SURE (Bernstein's
    inequality)."""
    chances = [(weight, 1 - (1 - q) ** copies) for weight, copies in votes]
    mean = sum(weight * chance for weight, chance in chances)
    variance = sum(weight**2 * chance * (1 - chance) for weight, chance in chances)
    third = max(weight for weight, _ in votes) / 3
    beyond = SURE * third + sqrt((SURE * third) ** 2 + 2 * SURE * variance)
    return int(min(sum(weight for weight, _ in votes), ceil(mean + beyond)))


def _law(
    at: Frame, votes: Sequence[tuple[float, int]], levels: int
) -> tuple[complex | Floats, Complex]:
    """Return P(no vote is drawn), and the law of the sum of the votes drawn, if any is.

    The law is (R, levels). A draw with d copies of weight w multiplies the generating function by
    (1−q)^d + v^w·((1−q+qz)^d − (1−q)^d), where v counts weight; the coefficients of v are read off
    at roots of unity.
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
