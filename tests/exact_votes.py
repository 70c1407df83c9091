"""The majority over k-subsets in whole numbers: what the floats of the selectors must equal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import comb, lcm


def exact_majority(
    classes: Sequence[tuple[int, int]], abstaining: int, ks: Sequence[int], *, strict: bool = False
) -> list[float]:
    """Return maj@k by generating functions; one rounding, at the end.

    Answer a wins with x votes when every rival has fewer, or ties with t − 1 of them:

        maj@k = Σ_a Σ_x (c_a/n_a) C(n_a, x) Σ_t (1/t) [z^(k−x) w^(t−1)] R(z) / C(n, k)
        R     = (1 + z)^abstaining · Π_{b≠a} ( Σ_{y<x} C(n_b, y) z^y + w·C(n_b, x) z^x )
    """
    table = _majority_table(tuple(sorted(classes)), abstaining, max(ks), strict)
    return [table[k] for k in ks]


def _majority_table(
    classes: tuple[tuple[int, int], ...], abstaining: int, limit: int, strict: bool
) -> tuple[float, ...]:
    """Return maj@0 … maj@limit; problems with the same counts share one entry.

    Polynomials in z are packed into integers, a coefficient every `width` bits (Kronecker
    substitution), and cut at the degree that can still matter. No coefficient exceeds
    2^n · n², which `width` leaves room for.
    """
    n = abstaining + sum(votes for votes, _ in classes)
    width = 8 * ((n + 2 * n.bit_length()) // 8 + 1)
    by_share = [0] * (limit + 1)  # at x·t: x·t times the credit, without the factor z^(x·t)
    for x in range(1, min(limit, max((votes for votes, c in classes if c), default=0)) + 1):
        contenders = [(votes, correct) for votes, correct in classes if votes >= x]
        most_tied = 1 if strict else min(len(contenders), limit // x)
        won = _wins(contenders, x, [limit - x * t for t in range(most_tied + 1)], width)
        others = n - sum(votes for votes, _ in contenders)
        free = _pack((comb(others, y) for y in range(min(others, limit) + 1)), width)
        for t in range(1, most_tied + 1):
            by_share[x * t] += won[t] * free & _mask(limit - x * t, width)
    unit = lcm(*range(1, limit + 1))
    credit = [0] * (limit + 1)
    for share, packed in enumerate(by_share[1:], start=1):
        for degree, coefficient in enumerate(_unpack(packed, width)):
            credit[share + degree] += coefficient * (unit // share)
    return tuple(credit[k] / (unit * comb(n, k)) for k in range(limit + 1))


def _wins(
    contenders: Sequence[tuple[int, int]], x: int, degrees: Sequence[int], width: int
) -> list[int]:
    """Return, for t winners with x votes each, x times their correct shares over all ways to vote.

    One pass over the classes: `even[t]` counts the ways in which t of them so far have x votes
    and the others fewer, `won[t]` weighs each way with the sum of the winners' x·c/n. The factor
    z^(x·t) is left out; `degrees[t]` is the highest degree kept beside it.
    """
    masks = [_mask(degree, width) for degree in degrees]
    even = [1] + [0] * (len(degrees) - 1)
    won = [0] * len(degrees)
    for votes, correct in contenders:
        fewer = _pack((comb(votes, y) for y in range(x)), width)
        exactly = comb(votes, x)
        share = correct * comb(votes - 1, x - 1)  # x · (correct/votes) · C(votes, x)
        for t in range(len(degrees) - 1, 0, -1):
            gained = won[t - 1] * exactly + even[t - 1] * share
            won[t] = (won[t] * fewer + gained) & masks[t]
            even[t] = (even[t] * fewer + even[t - 1] * exactly) & masks[t]
        even[0] = even[0] * fewer & masks[0]
    return won


def _pack(coefficients: Iterable[int], width: int) -> int:
    size = width // 8
    return int.from_bytes(b"".join(c.to_bytes(size, "little") for c in coefficients), "little")


def _unpack(packed: int, width: int) -> list[int]:
    size = width // 8
    raw = packed.to_bytes((packed.bit_length() + 7) // 8, "little")
    return [int.from_bytes(raw[i : i + size], "little") for i in range(0, len(raw), size)]


def _mask(degree: int, width: int) -> int:
    return (1 << width * (degree + 1)) - 1
