"""Votes that stop early, by seeded random orders of the draws, all orders at once.

It is what follows where `exact.partitions` has no more states: the orders that have not stopped
after a known number of votes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from ttc.selectors.exact.estimates import SEED

ORDERS = 1000


class Beyond(NamedTuple):
    """The mean of an order's value and of its further draws, each 0 for an order that has stopped
    or does not get that far, and the standard error of the value."""

    value: float
    error: float
    drawn: float


def simulate(
    classes: Sequence[tuple[int, float]],
    abstaining: int,
    ks: Sequence[int],
    least: Sequence[int],
    known: int,
    *,
    strict: bool,
) -> list[Beyond]:
    """Return what happens after `known` votes, for caps `ks` on the draws.

    `classes` are (votes, the sum of their worths); the rule stops when the leader has at least
    `least[b]` votes and the next answer b. Tied leaders share the value; with `strict` they have
    none.
    """
    shares = np.array([worth / votes for votes, worth in classes])
    labels = np.repeat(np.arange(-1, len(classes)), [abstaining, *(v for v, _ in classes)])
    orders = np.random.default_rng(SEED).permuted(np.tile(labels, (ORDERS, 1)), axis=1)
    bounds, rows = np.asarray(least), np.arange(ORDERS)
    counts = np.zeros((ORDERS, len(classes)), dtype=np.int64)
    most, second, tied, votes, extra = np.zeros((5, ORDERS), dtype=np.int64)
    worth, stopped, gone = np.zeros(ORDERS), np.zeros(ORDERS), np.zeros(ORDERS, dtype=bool)
    found = {}
    for taken in range(1, max(ks) + 1):
        extra += ~gone & (votes > known)
        label = orders[:, taken - 1]
        here = rows[label >= 0]
        answer = label[here]
        counts[here, answer] += 1
        count, share = counts[here, answer], shares[answer]
        top, level = count > most[here], count == most[here]
        # An answer that takes the lead was a leader; if it was not the only one, another is next.
        behind = np.where(tied[here] > 1, most[here], second[here])
        next_best = np.where(top, behind, np.maximum(second[here], count))
        second[here] = next_best
        tied[here] = np.where(top, 1, tied[here] + level)
        worth[here] = np.where(top, share, worth[here] + np.where(level, share, 0.0))
        most[here] = np.maximum(most[here], count)
        votes[here] += 1
        now = ~gone & (most >= bounds[second])
        stopped[now & (votes > known)] = worth[now & (votes > known)]
        gone |= now
        if taken in ks:
            cut = np.where(tied > 1, 0.0, worth) if strict else worth / np.maximum(tied, 1)
            value = np.where(gone, stopped, np.where(votes > known, cut, 0.0))
            # Orders that all agree leave room for those that were not seen.
            unseen = float(np.ptp([0.0, *shares])) / ORDERS
            error = max(float(value.std(ddof=1)) / sqrt(ORDERS), unseen)
            found[taken] = Beyond(float(value.mean()), error, float(extra.mean()))
    return [found[k] for k in ks]
