"""Exchangeability: whether the draws of a problem are alike, whatever their index.

Every mean over k-subsets assumes it. A server that changed, or a batch drawn at another temperature
or with another prompt, shows as draws that are correct more often, or longer, than the other draws
of the same problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np

from ttc.curves.uncertainty import chi_squared_tail
from ttc.records import Outcome
from ttc.selectors.exact.subsets import Floats

SUSPECT = 0.001  # p-value below which the draws count as not exchangeable


@dataclass(frozen=True, slots=True)
class Dependence:
    """A property of the draws that depends on their index.

    `of` is `accuracy` (share of correct draws), `value` (mean score of graded draws) or `length`
    (mean number of tokens), `test` the
    test that rejects that all draws are alike, and `p` its p-value. `draws` maps the index of each
    draw that stands out to its mean over problems, the furthest from the others first; `usual` is
    the median of the draws' means.
    """

    of: Literal["accuracy", "value", "length"]
    test: str
    p: float
    draws: Mapping[int, float]
    usual: float


def cochran_q(right: Floats) -> float:
    """Return the p-value of Cochran's Q (1950), under which all draws are correct equally often.

    `right` is 0 or 1 by problem (rows) and draw (columns). With G the columns' and L the rows'
    sums of k columns, Q = (k − 1)·(k Σ G² − (Σ G)²) / (k Σ L − Σ L²), chi-squared with k − 1
    degrees of freedom. 1 where nothing varies within a problem.
    """
    k = right.shape[1]
    columns, rows = right.sum(axis=0), right.sum(axis=1)
    spread = float(k * rows.sum() - (rows**2).sum())
    if k < 2 or not spread:
        return 1.0
    q = (k - 1) * (k * (columns**2).sum() - columns.sum() ** 2) / spread
    return chi_squared_tail(float(q), k - 1)


def friedman(values: Floats) -> float:
    """Return the p-value of Friedman's test (1937), under which all draws have equal mean ranks.

    `values` by problem (rows) and draw (columns); ties share their mean rank, and the statistic
    is corrected for them. 1 where all values of each problem are equal.
    """
    ranks = within_rows(values)
    b, k = ranks.shape
    variance = float(((ranks - (k + 1) / 2) ** 2).sum())
    if k < 2 or not variance:
        return 1.0
    between = float(((ranks.sum(axis=0) - b * (k + 1) / 2) ** 2).sum())
    return chi_squared_tail((k - 1) * between / variance, k - 1)


def within_rows(values: Floats) -> Floats:
    """Return ranks from 1 within each row, ties sharing their mean."""
    ranks = np.empty(values.shape)
    for row, out in zip(values, ranks, strict=True):
        _, place, counts = np.unique(row, return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        out[:] = ((2 * last - counts + 1) / 2)[place]
    return ranks


def dependences(problems: Mapping[str, Sequence[Outcome]]) -> list[Dependence]:
    """Return what depends on the draw index with p < SUSPECT: accuracy, length, both or neither.

    Accuracy is tested by Cochran's Q, graded values and length by Friedman's test, on the largest
    set of problems that have the same draws. Length is not tested where token counts are missing.
    """
    block = _block(problems)
    if block is None:
        return []
    indices, rows = block
    found = []
    worth = np.array([[o.worth for o in row] for row in rows])
    if rows[0][0].value is not None:
        if (p := friedman(worth)) < SUSPECT:
            ranks = within_rows(worth)
            found.append(_dependence("value", "Friedman", p, indices, ranks, worth))
    elif (p := cochran_q(worth)) < SUSPECT:
        found.append(_dependence("accuracy", "Cochran's Q", p, indices, worth, worth))
    if all(o.completion_tokens is not None for row in rows for o in row):
        tokens = np.array([[float(o.completion_tokens or 0) for o in row] for row in rows])
        if (p := friedman(tokens)) < SUSPECT:
            ranks = within_rows(tokens)
            found.append(_dependence("length", "Friedman", p, indices, ranks, tokens))
    return found


def _block(
    problems: Mapping[str, Sequence[Outcome]],
) -> tuple[list[int], list[list[Outcome]]] | None:
    """Return the draws that most problems have, and those problems' rows of them."""
    by_draws: dict[tuple[int, ...], list[list[Outcome]]] = {}
    for outcomes in problems.values():
        ordered = sorted(outcomes, key=lambda outcome: outcome.index)
        by_draws.setdefault(tuple(o.index for o in ordered), []).append(ordered)
    if not by_draws:
        return None
    indices, rows = max(by_draws.items(), key=lambda item: len(item[0]) * len(item[1]))
    return (list(indices), rows) if len(indices) > 1 and len(rows) > 1 else None


def _dependence(
    of: Literal["accuracy", "value", "length"],
    test: str,
    p: float,
    indices: Sequence[int],
    scores: Floats,
    values: Floats,
) -> Dependence:
    """Return a dependence with the draws whose scores are further off than chance allows.

    `scores` and `values` are by problem (rows) and draw (columns). A draw stands out if the sum of
    its scores is beyond the normal quantile 1 − 0.005/draws from the median of the sums.
    """
    sums = scores.sum(axis=0)
    sums = sums - np.median(sums)  # a few odd draws would pull the mean away from the others
    spread = sqrt(float(scores.var(axis=1).sum()))
    limit = NormalDist().inv_cdf(1 - 0.005 / len(indices))
    odd = [i for i in np.argsort(-np.abs(sums)).tolist() if abs(sums[i]) > limit * spread]
    means = values.mean(axis=0)
    draws = {indices[i]: float(means[i]) for i in odd}
    return Dependence(of, test, p, draws, float(np.median(means)))
