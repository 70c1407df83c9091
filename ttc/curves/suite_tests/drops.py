"""Drops of means below a baseline, where problems are a sample of others like them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from random import Random

import numpy as np
from numpy.typing import NDArray

from ttc.curves.compare import Terms, terms_of
from ttc.curves.holm import Floats
from ttc.curves.table import Problems, tabulate
from ttc.records import Outcome
from ttc.selectors import Selector

ENUMERATED = 13  # problems of which all sign patterns are gone through
FLIPS = 9_999
BLOCK = 1_000
SEED = 17
HALVINGS = 14  # of the range in which a bound is looked for


@dataclass(frozen=True, slots=True)
class Drop:
    """A rule at a budget that fell below its baseline.

    `value` and `baseline` are means over the `problems` that both have; `highest` is the upper
    confidence bound of their difference, and `p` the p-value that holds for all terms together.
    """

    rule: str
    k: int
    value: float
    baseline: float
    highest: float
    problems: int
    p: float


def one_sided(level: float) -> float:
    """Return the chance of a false alarm at a confidence level in per cent: that of missing the
    two-sided interval on one side, 0.025 at 95."""
    return (1 - level / 100) / 2


def drops(
    new: Terms,
    old: Terms,
    *,
    margin: float,
    level: float = 95,
    seed: int = 0,
    tested: tuple[Terms, Terms] | None = None,
) -> tuple[list[Drop], int]:
    """Return the terms that fell by more than `margin`, and how many were compared.

    All terms are judged together, so that asking for many does not raise false alarms. The test
    flips the signs of the problems' differences d + margin, those of all terms of a problem at
    once (Fisher 1935); the statistic is the smallest Σ e / √(Σ e²) of a term, e = ±(d + margin)
    (Westfall and Young 1993). A term fell if at most (1 − level/100)/2 of the patterns give one as
    small as its own: all patterns of few problems, seeded ones and the observed one of many.
    `highest` is minus the largest margin that the term fell by, so that it agrees with the test.
    `tested` are the values of as many draws on both sides (`matched`), new and old, that the test
    goes by in place of the values that are reported.
    """
    compared = [term for term in new if term in old and new[term].keys() & old[term].keys()]
    test = SignTest(differences(*(tested or (new, old)), compared), seed)
    by_term = test.p_values(margin)
    found = []
    for at, (rule, k) in enumerate(compared):
        if (p := float(by_term[at])) <= one_sided(level):
            shared = sorted(new[rule, k].keys() & old[rule, k].keys())
            value, baseline = (
                fsum(values[rule, k][problem] for problem in shared) / len(shared)
                for values in (new, old)
            )
            highest = -test.bound(at, margin, 1.0, one_sided(level))
            found.append(Drop(rule, k, value, baseline, highest, len(shared), p))
    return found, len(compared)


def differences(new: Terms, old: Terms, terms: Sequence[tuple[str, int]]) -> list[dict[str, float]]:
    """Return for each of `terms` the new value less the old one by problem."""
    return [
        {
            problem: new[term][problem] - old[term][problem]
            for problem in sorted(new[term].keys() & old[term].keys())
        }
        for term in terms
    ]


def matched(
    new: Problems, old: Problems, rules: Mapping[str, Selector], ks: Sequence[int], draw: str
) -> tuple[Terms, Terms] | None:
    """Return the values of both sides over as many draws of each problem; None if they are so.

    The difference of two means of different accuracy leans to one side where successes or
    failures are rare: 16 draws find a failure of 3 % more often than 4. Its sign then is no toss of
    a coin, however equal the pools. The surplus is left out at random, by a fixed seed.
    """
    shared = sorted(new.keys() & old.keys())
    if all(len(new[problem]) == len(old[problem]) for problem in shared):
        return None
    sides: list[Terms] = []
    for at, pool in enumerate((new, old)):
        random = Random(SEED + at)
        kept = {
            problem: _some(pool[problem], min(len(new[problem]), len(old[problem])), random)
            for problem in shared
        }
        sides.append(terms_of(tabulate(kept, rules, ks, source="", draw=draw)))
    return sides[0], sides[1]


def _some(draws: Sequence[Outcome], count: int, random: Random) -> list[Outcome]:
    chosen = sorted(random.sample(range(len(draws)), count))
    return [draws[at] for at in chosen]


class SignTest:
    """The joint test that the mean of a term fell by more than a margin.

    `columns` are the differences of each term by problem. One set of patterns serves all margins.
    """

    def __init__(self, columns: Sequence[dict[str, float]], seed: int) -> None:
        problems = sorted({problem for column in columns for problem in column})
        count = len(problems)
        self._there = np.array([[p in column for column in columns] for p in problems])
        self._differences = np.array(
            [[column.get(p, 0.0) for column in columns] for p in problems]
        ).reshape(count, len(columns))
        self._signs = _signs(count, seed)
        self._by_margin: dict[float, Floats] = {}

    def p_values(self, margin: float) -> Floats:
        """Return for each term the p-value of a drop of no more than `margin`."""
        if margin not in self._by_margin:
            self._by_margin[margin] = self._tested(margin)
        return self._by_margin[margin]

    def bound(self, term: int, low: float, high: float, alpha: float) -> float:
        """Return the largest margin between `low`, which the term fell by, and `high` that it
        fell by: to the precision of HALVINGS."""
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            fell = self._tested(middle)[term] <= alpha
            low, high = (middle, high) if fell else (low, middle)
        return low

    def _tested(self, margin: float) -> Floats:
        # What is left of differences that equal the margin is rounding.
        e = np.where(self._there, self._differences + margin, 0.0)
        e[np.abs(e) < 1e-12] = 0.0
        norms = np.sqrt((e**2).sum(axis=0))
        scaled = e / np.where(norms > 0, norms, 1.0)
        seen = scaled.sum(axis=0)
        as_low = np.zeros(e.shape[1])
        for start in range(0, len(self._signs), BLOCK):
            least = (self._signs[start : start + BLOCK] @ scaled).min(axis=1, initial=0.0)
            as_low += (least[:, None] <= seen + 1e-9).sum(axis=0)
        return np.where(norms > 0, as_low / len(self._signs), 1.0)


def _signs(n: int, seed: int) -> NDArray[np.int8]:
    """Return patterns of n signs, the first one without a flip."""
    if n <= ENUMERATED:
        bits = (np.arange(1 << n)[:, None] >> np.arange(n)) & 1
    else:
        random, width = Random(seed), (n + 7) // 8
        raw = b"".join(random.getrandbits(n).to_bytes(width, "little") for _ in range(FLIPS))
        packed = np.frombuffer(raw, dtype=np.uint8).reshape(FLIPS, width)
        drawn = np.unpackbits(packed, axis=1, count=n, bitorder="little")
        bits = np.concatenate([np.zeros((1, n), dtype=np.uint8), drawn])
    return (1 - 2 * bits.astype(np.int8)).astype(np.int8)
