"""Majority (maj@k, self-consistency): the answer that most of the k draws give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import comb, lcm

from ttc.records import Outcome
from ttc.selectors.checks import check_budgets, read_options


def majority_at_k(
    classes: Sequence[tuple[int, int]], abstaining: int, ks: Sequence[int], *, strict: bool = False
) -> list[float]:
    """Return the probability, for each k, that a vote among k of the draws is won correctly.

    `classes` lists (votes n_a, correct draws c_a) for each distinct answer; `abstaining` draws
    have none. Answer a wins with x votes when every rival has fewer, or ties with t − 1 of them:

        maj@k = Σ_a Σ_x (c_a/n_a) C(n_a, x) Σ_t (1/t) [z^(k−x) w^(t−1)] R(z) / C(n, k)
        R     = (1 + z)^abstaining · Π_{b≠a} ( Σ_{y<x} C(n_b, y) z^y + w·C(n_b, x) z^x )

    Every k-subset is counted once for each of its winners, with weight 1/t (ties split evenly);
    `strict` keeps t = 1 only, so that a tie is wrong. The share c_a/n_a is 0 or 1 unless draws
    with one answer disagree about being correct. The rule is that of Wang et al. 2022
    ("Self-Consistency"); the formula is the generating function of its mean over k-subsets.
    """
    n = abstaining + sum(votes for votes, _ in classes)
    check_budgets(ks, n)
    if not ks:
        return []
    table = _majority_table(tuple(sorted(classes)), abstaining, max(ks), strict)
    return [table[k] for k in ks]


class Majority:
    """Picks the draws that give the most frequent answer.

    `ties`: `split` is indifferent among the answers that lead; `first` takes the one drawn first,
    which over random orders has the same mean; `strict` abstains. `invalid`: draws without an
    answer abstain from the vote (`abstain`), or they are one more answer, which can win (`class`).
    """

    name = "majority"
    needs = frozenset({"answer", "correct"})
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        known = {"ties": ("split", "first", "strict"), "invalid": ("abstain", "class")}
        chosen = read_options(self.name, options, known)
        self.ties = chosen["ties"]
        self.invalid = chosen["invalid"]

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        votes = Counter(outcome.answer for outcome in outcomes if self._votes(outcome))
        most = max(votes.values(), default=0)
        # A Counter lists answers in the order in which they were first drawn.
        leaders = [answer for answer, count in votes.items() if count == most]
        if self.ties == "strict" and len(leaders) > 1:
            return ()
        chosen = set(leaders[:1] if self.ties == "first" else leaders)
        return tuple(
            i
            for i, outcome in enumerate(outcomes)
            if self._votes(outcome) and outcome.answer in chosen
        )

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        voters = [outcome for outcome in outcomes if self._votes(outcome)]
        votes = Counter(outcome.answer for outcome in voters)
        right = Counter(outcome.answer for outcome in voters if outcome.correct)
        classes = [(count, right[answer]) for answer, count in votes.items()]
        abstaining = len(outcomes) - len(voters)
        return majority_at_k(classes, abstaining, ks, strict=self.ties == "strict")

    def _votes(self, outcome: Outcome) -> bool:
        return outcome.answer is not None or self.invalid == "class"


@lru_cache(maxsize=2048)
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
