"""Votes among k of n draws, exact for any k: the answers compete at every number of votes.

Take each draw independently with probability q = k/n. Then the votes of the answers are
independent, and given that k draws were taken, these are a uniform k-subset. So with z counting the
draws taken, the probability that an answer wins at level x (its votes, or the sum of their weights)
and is correct has the generating function

    Σ_a share_a · g_a(x, z) · ∫₀¹ Π_{b≠a} ( below_b(x, z) + τ·g_b(x, z) ) dτ

where g_b(x, z) is the probability that b has level x and below_b(x, z) that it has a lower one. The
integral over τ gives each of t leaders 1/t, since ∫ τ^(t−1) dτ = 1/t; Gauss-Legendre quadrature is
exact for it. τ = 0 alone makes a tie count as wrong. The coefficient of z^k is read off at M roots
of unity (a discrete Fourier transform). All terms are positive and at most 1. The error comes from
the coefficients that M roots fold onto k and from the levels left out, whose probability is below
1e-16; it is below 1e-12 for any n.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ttc.selectors.exact.subsets import (
    Floats,
    binomial_law,
    bounded,
    check_budgets,
    hypergeometric,
    poisson_law,
)

NEVER = 1e-16  # a probability that counts as 0
ROOM = 1 << 15  # numbers in an array, so that it stays in the processor's cache
Complex: TypeAlias = NDArray[np.complex128]


class Frame(NamedTuple):
    """The roots of unity at which the coefficient of z^k is read, for a budget k of n draws.

    `q` is the probability k/n of a draw. With replacement the draws of each answer are Poisson
    rather than binomial. Conjugate roots give conjugate values, so that only half of the M roots,
    R = M // 2 + 1, are used.
    """

    n: int
    k: int
    q: float
    replaced: bool
    roots: Complex  # (M,): all, by exponent
    taken: Complex  # (R,): 1 − q + q·z
    reading: Complex  # (R,): weights; the real part of the weighted sum is the mean given k

    def law(self, votes: int) -> Floats:
        """Return the law of the number of an answer's votes that are drawn."""
        return poisson_law(self.q * votes) if self.replaced else binomial_law(votes, self.q)

    def free(self, draws: int) -> Complex:
        """Return the generating function of draws that take no part in the contest, shape (R,)."""
        z = self.roots[: len(self.taken)]
        return np.exp(self.q * draws * (z - 1)) if self.replaced else self.taken**draws

    def powers(self, exponents: NDArray[np.int64]) -> Complex:
        """Return z^y, shape (R, exponents)."""
        half = np.arange(len(self.taken))
        return self.roots[np.outer(half, exponents) % len(self.roots)]


@lru_cache(maxsize=64)
def frame(n: int, k: int, replaced: bool = False) -> Frame:
    """Return the frame of a budget 0 < k < n; with replacement, of any k."""
    q = k / n
    law = poisson_law(float(k)) if replaced else binomial_law(n, q)
    apart = np.zeros(len(law))
    apart[: len(law) - k] += law[k:]
    apart[: k + 1] += law[k::-1]
    near = np.flatnonzero(apart > NEVER * law[k])
    m = int(near[-1]) + 1
    roots = np.exp(2j * np.pi * np.arange(m) / m)
    half = np.arange(m // 2 + 1)
    twice = np.where((half == 0) | (2 * half == m), 1.0, 2.0)
    reading = twice * roots[-half * k % m] / (m * law[k])
    return Frame(n, k, q, replaced, roots, 1 - q + q * roots[half], reading)


class Party(NamedTuple):
    """Answers with the same law of votes."""

    level: Complex  # (R, levels): g
    below: Complex  # (R, levels)
    answers: int  # how many they are
    share: float  # the sum of their shares of correct draws, or of their mean worths


@lru_cache(maxsize=256)
def _gauss(count: int) -> tuple[Floats, Floats]:
    """Return Gauss-Legendre nodes and weights on [0, 1], exact for degrees below 2·count."""
    at, weights = np.polynomial.legendre.leggauss(count)
    return (at + 1) / 2, weights / 2


def contest(parties: Sequence[Party], most_leaders: int, *, strict: bool) -> Complex:
    """Return the generating function of the correct share of the winners over all levels, (R,).

    At most `most_leaders` answers can tie; `strict` makes ties wrong.
    """
    nodes, weights = (np.zeros(1), np.ones(1)) if strict else _gauss((most_leaders - 1) // 2 + 1)
    # Parties with correct draws come first, so that the others are only multiplied in.
    ordered = sorted(parties, key=lambda party: not party.share)
    total = np.zeros(len(parties[0].level), dtype=np.complex128)
    together = max(1, ROOM // parties[0].level.size)
    for start in range(0, len(nodes), together):
        tau = nodes[start : start + together, None, None]
        won: Complex | None = None
        others: Complex | None = None
        for party in ordered:
            beaten = party.below + tau * party.level
            rest = _power(beaten, party.answers - 1)
            whole = beaten if rest is None else rest * beaten
            if won is not None:
                won = won * whole
            if party.share:
                mine = party.share * party.level
                mine = mine if rest is None else mine * rest
                mine = mine if others is None else mine * others
                won = mine if won is None else won + mine
                others = whole if others is None else others * whole
        if won is not None:
            parts = np.broadcast_to(won, (len(tau), *party.level.shape)).sum(axis=2)
            total += weights[start : start + together] @ parts
    return total


def majority_at_k(
    classes: Sequence[tuple[int, float]],
    abstaining: int,
    ks: Sequence[int],
    *,
    strict: bool = False,
    replaced: bool = False,
) -> list[float]:
    """Return, for each k, the probability that the majority of k draws is correct.

    `classes` lists (votes n_a, correct draws or summed worths c_a) for each distinct answer;
    `abstaining` draws have none. The share c_a/n_a is 0 or 1 unless draws with one answer differ
    in being correct. Ties split evenly, or with `strict` are wrong. `replaced`: draws are taken
    with replacement. The rule is self-consistency (Wang et al. 2022). ValueError for k not in 1..n.
    """
    n = abstaining + sum(votes for votes, _ in classes)
    if not replaced:
        check_budgets(ks, n)
    shares: dict[int, float] = defaultdict(float)
    for votes, correct in classes:
        shares[votes] += correct / votes
    answers = Counter(votes for votes, _ in classes)
    sizes = tuple((votes, answers[votes], shares[votes]) for votes in sorted(answers))
    return [_majority(sizes, n, k, strict, replaced) for k in ks]


_Sizes: TypeAlias = "tuple[tuple[int, int, float], ...]"


@lru_cache(maxsize=1 << 14)
def _majority(sizes: _Sizes, n: int, k: int, strict: bool, replaced: bool) -> float:
    """Return the value at k; `sizes` lists (votes, answers with so many, their shares summed)."""
    if not any(share for _, _, share in sizes):
        return 0.0
    if k == n and not replaced:
        _, answers, share = sizes[-1]
        return 0.0 if strict and answers > 1 else share / answers
    if k == 1:
        return sum(votes * share for votes, _, share in sizes) / n
    levels = _levels(sizes, n, k, replaced)
    if levels is None:
        return 0.0
    low, high, contenders = levels
    at = frame(n, k, replaced)
    free = n - sum(votes * answers for votes, answers, _ in contenders)
    total = np.zeros(len(at.taken), dtype=np.complex128)
    laws = [_law(at, votes, low, high) for votes, _, _ in contenders]
    for first, last in _octaves(low, high):
        here = slice(first - low, last - low + 1)
        parties = [
            Party(level[:, here], below[:, here], answers, share)
            for (_, answers, share), (level, below) in zip(contenders, laws, strict=True)
        ]
        most = min(k // first, sum(answers for _, answers, _ in contenders))
        total += contest(parties, max(most, 1), strict=strict)
    value = float(np.sum((total * at.free(free) * at.reading).real))
    return bounded(value, (share / answers for _, answers, share in sizes))


def _levels(sizes: _Sizes, n: int, k: int, replaced: bool) -> tuple[int, int, _Sizes] | None:
    """Return the lowest and highest level to count, and the answers that can reach the lowest."""
    laws = [
        binomial_law(k, votes / n) if replaced else hypergeometric(n, votes, k)
        for votes, _, _ in sizes
    ]
    most = max(map(len, laws))
    # Numbers of votes are negatively associated: P(none above x) ≤ Π P(b not above x).
    none_above = np.ones(most)
    for law, (_, answers, _) in zip(laws, sizes, strict=True):
        none_above[: len(law)] *= np.minimum(np.cumsum(law), 1.0) ** answers
    low = max(1, int(np.argmax(none_above > NEVER)))
    high = 0
    contenders = []
    for law, size in zip(laws, sizes, strict=True):
        if law[low:].sum() * size[1] <= NEVER:
            continue
        contenders.append(size)
        if size[2]:
            high = max(high, int(np.flatnonzero(law > NEVER)[-1]))
    return (low, high, tuple(contenders)) if high >= low else None


def _law(at: Frame, votes: int, low: int, high: int) -> tuple[Complex, Complex]:
    """Return P(an answer has x votes) and P(it has fewer) for x = low..high, each (R, levels)."""
    law = at.law(votes)
    start = min(int(np.argmax(law > NEVER)), low)
    stop = min(high, len(law) - 1)
    terms = law[start : stop + 1] * at.powers(np.arange(start, stop + 1))
    sums = np.zeros((len(terms), high - start + 2), dtype=np.complex128)
    np.cumsum(terms, axis=1, out=sums[:, 1 : stop - start + 2])
    sums[:, stop - start + 2 :] = sums[:, stop - start + 1, None]
    level = np.zeros((len(terms), high - low + 1), dtype=np.complex128)
    level[:, : stop - low + 1] = terms[:, low - start :]
    return level, sums[:, low - start : -1]


def _octaves(low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of levels within which about the same number of answers can tie."""
    while low <= high:
        yield low, min(high, 2 * low - 1)
        low *= 2


def _power(base: Complex, exponent: int) -> Complex | None:
    """Return base to a whole power by squaring; None for the power 0, which is 1."""
    result = None
    while exponent:
        if exponent & 1:
            result = base if result is None else result * base
        exponent >>= 1
        if exponent:
            base = base * base
    return result
