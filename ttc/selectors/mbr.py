"""Minimum Bayes risk: the draw whose text agrees most with the others. For open questions.

The similarity of two texts is the F1 score of their character n-grams, n = 1..6, white space
left out: chrF (Popović 2015) with precision and recall weighing the same, which makes it
symmetric, and with the orders pooled rather than averaged:

    sim(a, b) = 2·|A ∩ B| / (|A| + |B|)

where A and B are the multisets of n-grams; 1 for two empty texts. It is in [0, 1] and needs no
tokenizer, so it works for prose in any script and for code. All comparisons are between integers.

Thoughts are left out. A draw that is only a thought is never picked, and no draw is compared with
it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, combinations_with_replacement, count
from math import comb, lcm
from typing import NamedTuple, TypeAlias

from ttc.answers.thinking import said
from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.subsets import check_budgets

ORDERS = range(1, 7)
MOST_SUBSETS = 20_000

_Member: TypeAlias = "str | tuple[str, int]"


def similarity(a: str, b: str) -> float:
    """Return the similarity of two texts, as above."""
    matrix = _similarities((a, b))
    return matrix.shared[0][1] / matrix.unit


class MinimumBayesRisk:
    """Picks the draw most similar to the others (minimum Bayes risk, Kumar and Byrne 2004).

    "Minimum Bayes-Risk Decoding", with the draws both as evidence and as hypotheses. Of a single
    draw, that draw is picked.
    """

    name = "mbr"
    graded = True
    needs = frozenset({"text"})
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        OptionReader(self.name, options).end()

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        texts = _texts(outcomes)
        return _most_central(_similarities(texts).shared, _speaking(texts))

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Enumerate the k-subsets; ValueError where there are more than `MOST_SUBSETS`."""
        n = len(outcomes)
        check_budgets(ks, n)
        for k in ks:
            if comb(n, k) > MOST_SUBSETS:
                raise ValueError(
                    f"k = {k} of {n} draws has {comb(n, k)} subsets, more than the "
                    f"{MOST_SUBSETS} that are enumerated; there is no closed form"
                )
        texts = _texts(outcomes)
        shared, speaking = _similarities(texts).shared, set(_speaking(texts))
        return [float(_mean_over_subsets(outcomes, shared, speaking, k)) for k in ks]


def agreement(outcomes: Sequence[Outcome], position: int) -> float | None:
    """Return the mean similarity of one draw to the others with a text; None if there are none."""
    texts = _texts(outcomes)
    others = [at for at in _speaking(texts) if at != position]
    if not others:
        return None
    matrix = _similarities(texts)
    return sum(matrix.shared[position][at] for at in others) / (matrix.unit * len(others))


class _Similarities(NamedTuple):
    """The similarities of all pairs as integers over one denominator, so that ties are exact.

    `shared` is (texts, texts), over `unit`. The similarity of a text to itself is 0 here, so that
    it is no evidence for it.
    """

    shared: tuple[tuple[int, ...], ...]
    unit: int


@lru_cache(maxsize=8)
def _similarities(texts: tuple[str, ...]) -> _Similarities:
    bits: dict[_Member, int] = defaultdict(count().__next__)
    masks = [_mask(_ngrams(text), bits) for text in texts]
    sizes = [mask.bit_count() for mask in masks]
    unit = lcm(*({a + b for a, b in combinations_with_replacement(set(sizes), 2)} - {0}))
    shared = [[0] * len(texts) for _ in texts]
    for i, j in combinations(range(len(texts)), 2):
        both = sizes[i] + sizes[j]
        overlap = (masks[i] & masks[j]).bit_count()
        shared[i][j] = shared[j][i] = 2 * overlap * (unit // both) if both else unit
    return _Similarities(tuple(map(tuple, shared)), unit)


def _ngrams(text: str) -> list[str]:
    solid = "".join(text.split())
    return [solid[i : i + n] for n in ORDERS for i in range(len(solid) - n + 1)]


def _mask(ngrams: Sequence[str], bits: dict[_Member, int]) -> int:
    """Return a multiset as a bit set: the r-th repetition of an n-gram has a bit of its own."""
    counts = Counter(ngrams)
    members = [bits[ngram] for ngram in counts]
    members += [bits[ngram, r] for ngram, c in counts.items() if c > 1 for r in range(1, c)]
    mask = bytearray(len(bits) // 8 + 1)
    for member in members:
        mask[member >> 3] |= 1 << (member & 7)
    return int.from_bytes(mask, "little")


def _most_central(shared: Sequence[Sequence[int]], members: Sequence[int]) -> tuple[int, ...]:
    sums = [sum(map(shared[i].__getitem__, members)) for i in members]
    most = max(sums, default=0)
    return tuple(i for i, total in zip(members, sums, strict=True) if total == most)


def _mean_over_subsets(
    outcomes: Sequence[Outcome], shared: Sequence[Sequence[int]], speaking: set[int], k: int
) -> Fraction:
    value = Fraction(0)
    for members in combinations(range(len(outcomes)), k):
        picked = _most_central(shared, [member for member in members if member in speaking])
        if picked:
            worths = (Fraction(outcomes[i].worth) for i in picked)
            value += sum(worths, Fraction(0)) / len(picked)
    return value / comb(len(outcomes), k)


def _texts(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    texts = tuple(said(outcome.text) for outcome in outcomes if outcome.text is not None)
    if len(texts) < len(outcomes):
        raise ValueError(f"{len(outcomes) - len(texts)} of {len(outcomes)} draws have no text")
    return texts


def _speaking(texts: Sequence[str]) -> list[int]:
    return [at for at, text in enumerate(texts) if text.strip()]
