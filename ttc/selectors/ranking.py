"""Best of k by a key: shared by first-finish, best-of-n and other rules that rank draws."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from math import isnan
from typing import Any

import numpy as np

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.subsets import as_list, within

LAST = (True, 0.0)


def best_of_k(
    levels: Sequence[tuple[int, float]], ks: Sequence[int], *, replaced: bool = False
) -> list[float]:
    """Return the probability, for each k, that the best-ranked of k draws is correct.

    `levels` lists (draws, correct draws) for each distinct key, best first; graded draws count
    with their worth, and the result is the mean worth of the best. With g_j draws at level j, c_j
    of them correct, and N_j draws at level j or below it,

        BoN@k = Σ_j (c_j / g_j) · [C(N_j, k) − C(N_{j+1}, k)] / C(n, k)

    The bracket counts the k-subsets whose best draw is at level j; by symmetry that draw is any
    of the level's g_j, so equal keys share their credit. Without ties this is
    Σ_i correct_i · C(n − i, k − 1) / C(n, k) over ranks i = 1..n, the estimator of Hilton and
    Gao 2022, "Measuring Goodhart's law". `replaced`: draws are taken with replacement, and
    C(N, k)/C(n, k) is (N/n)^k.
    """
    if not levels:
        return as_list(within(0, tuple(ks), replaced)[:, 0])
    sizes = np.array([size for size, _ in levels], dtype=np.int64)
    correct = np.array([worth for _, worth in levels], dtype=np.float64)
    n = int(sizes.sum())
    below = within(n, tuple(ks), replaced)[:, n - np.concatenate(([0], np.cumsum(sizes)))]
    return as_list((below[:, :-1] - below[:, 1:]) @ (correct / sizes))


def best_without_each(
    levels: Sequence[tuple[int, float]], removed: Sequence[tuple[int, float]], ks: Sequence[int]
) -> list[list[float]]:
    """Return `best_of_k` of all draws but one, for each of `removed` at each k.

    A draw to remove is given as the position of its level and its worth.

    Without a draw of level l, N_j is one less for the levels j ≤ l, and the share of level l is
    that of its other draws. So the sum of `best_of_k` is one over the levels above l, one over
    those below it, and the term of l.
    """
    sizes = np.asarray([size for size, _ in levels])
    worths = np.asarray([worth for _, worth in levels], dtype=np.float64)
    n = int(sizes.sum())
    weights = within(n - 1, tuple(ks)).T  # (draws left, ks)
    left = n - np.concatenate(([0], np.cumsum(sizes)))  # N_j
    shares = (worths / sizes)[:, None]
    less, same = weights[np.maximum(left - 1, 0)], weights[np.minimum(left, n - 1)]
    less[left == 0] = 0.0
    above = np.cumsum(shares * (less[:-1] - less[1:]), axis=0)
    above = np.concatenate((np.zeros((1, len(ks))), above[:-1]))
    below = np.cumsum((shares * (same[:-1] - same[1:]))[::-1], axis=0)[::-1]
    below = np.concatenate((below[1:], np.zeros((1, len(ks)))))
    own = less[:-1] - same[1:]  # 0 where the level has no other draw
    at = np.asarray([place for place, _ in removed])
    gone = np.asarray([worth for _, worth in removed])
    rest = (worths[at] - gone) / np.maximum(sizes[at] - 1, 1)
    values: list[list[float]] = (above[at] + below[at] + rest[:, None] * own[at]).tolist()
    return values


def levels(keys: Sequence[Any], worths: Sequence[float]) -> list[tuple[int, float]]:
    """Return (draws, the sum of their worths) for each distinct key, smallest key first."""
    sizes = Counter(keys)
    sums: dict[Any, float] = defaultdict(float)
    for key, worth in zip(keys, worths, strict=True):
        sums[key] += worth
    return [(sizes[key], sums[key]) for key in sorted(sizes)]


def highest_first(number: float) -> tuple[bool, float]:
    """Return a key that ranks the highest number first and NaN last."""
    return LAST if isnan(number) else (False, -number)


def finish_key(outcome: Outcome) -> tuple[bool, float]:
    """Rank a draw by when it finished: fewest completion tokens first, truncated draws last.

    Truncated draws have not finished, so their lengths do not count: all share the last rank.
    """
    if outcome.truncated:
        return LAST
    if outcome.completion_tokens is None:
        raise ValueError(f"draw {outcome.index} has no completion_tokens")
    return (False, outcome.completion_tokens)


def thinking_key(outcome: Outcome) -> tuple[bool, float]:
    """Rank a draw by when its thought ended: fewest thinking tokens first, truncated draws last."""
    if outcome.truncated:
        return LAST
    if outcome.think_tokens is None:
        raise ValueError(f"draw {outcome.index} has no think_tokens")
    return (False, outcome.think_tokens)


def longest_key(outcome: Outcome) -> tuple[bool, float]:
    """Rank a draw by its length, most completion tokens first, truncated draws last."""
    truncated, tokens = finish_key(outcome)
    return (truncated, -tokens)


def valid_key(outcome: Outcome) -> tuple[bool, float]:
    """Rank as `finish_key` does, but draws without an answer with the truncated ones."""
    return LAST if outcome.answer is None else finish_key(outcome)


def score_key(outcome: Outcome) -> tuple[bool, float]:
    """Rank a draw by its verdict's score, highest first, NaN last."""
    return highest_first(score_by("", outcome))


def score_by(name: str, outcome: Outcome) -> float:
    """Return the score of the verifier of that name; that of the verdict for an empty name.

    ValueError if the draw has none.
    """
    found = (outcome.scores or {}).get(name) if name else outcome.score
    if found is None:
        raise ValueError(f"draw {outcome.index} has no score" + (f" by {name}" if name else ""))
    return found


def logprob_key(outcome: Outcome) -> tuple[bool, float]:
    """Rank a draw by the mean log-probability of its tokens, highest first; none comes last.

    The sum would prefer short texts, and underflow as a probability.
    """
    if outcome.logprob is None or outcome.completion_tokens is None:
        raise ValueError(f"draw {outcome.index} has no logprob or no completion_tokens")
    if not outcome.completion_tokens:
        return LAST
    return highest_first(outcome.logprob / outcome.completion_tokens)


# By name: the key that draws are ranked by, and the fields that it needs.
KEYS: dict[str, tuple[Callable[[Outcome], tuple[bool, float]], frozenset[str]]] = {
    "score": (score_key, frozenset({"score"})),
    "logprob": (logprob_key, frozenset({"logprob", "completion_tokens"})),
    "tokens": (finish_key, frozenset({"completion_tokens"})),
    "thinking": (thinking_key, frozenset({"think_tokens"})),
    "longest": (longest_key, frozenset({"completion_tokens"})),
    "valid": (valid_key, frozenset({"completion_tokens"})),
}


class BestByKey:
    """Picks the draw with the smallest key; draws with equal keys are tied."""

    name: str
    by: str
    graded = True
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self.parse(read)
        read.end()

    def parse(self, read: OptionReader) -> None:
        """Read the options. OptionError."""
        self._key, needs = KEYS[self.by]
        self.needs = needs | {"correct"}

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        keys = [self._key(outcome) for outcome in outcomes]
        best = min(keys, default=None)
        return tuple(i for i, key in enumerate(keys) if key == best)

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return best_of_k(self._levels(outcomes), ks)

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k draws with replacement."""
        return best_of_k(self._levels(outcomes), ks, replaced=True)

    def without_each(
        self, outcomes: Sequence[Outcome], ks: Sequence[int]
    ) -> tuple[list[int], list[list[float]]] | None:
        """Return the mean over the k-subsets of all draws but one, for each of them."""
        if type(self).expected is not BestByKey.expected:
            return None  # a rule that builds on this one has other means
        keys = [self._key(outcome) for outcome in outcomes]
        place = {key: at for at, key in enumerate(sorted(set(keys)))}
        # Draws of one level and one worth are alike.
        alike = Counter((place[key], o.worth) for key, o in zip(keys, outcomes, strict=True))
        values = best_without_each(self._levels(outcomes), list(alike), ks)
        return list(alike.values()), values

    def _levels(self, outcomes: Sequence[Outcome]) -> list[tuple[int, float]]:
        keys = [self._key(outcome) for outcome in outcomes]
        return levels(keys, [outcome.worth for outcome in outcomes])
