"""Are the draws alike by index? Every mean over k-subsets rests on it.

A server that changed, a batch with another temperature or a run with another prompt shows as
draws that are right more often, or longer, than the other draws of the same problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import NormalDist

import numpy as np

from ttc.curves.uncertainty import chi_squared_tail
from ttc.records import Outcome
from ttc.selectors.exact.subsets import Floats

SUSPECT = 0.001  # the p-value below which a sweep warns
NAMED = 6  # draws at most that a warning names


def cochran_q(right: Floats) -> float:
    """Return the p-value of Cochran's Q (1950): are all draws right equally often?

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
    """Return the p-value of Friedman's test (1937) by draw: do all draws rank alike?

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


def suspicions(problems: Mapping[str, Sequence[Outcome]]) -> list[str]:
    """Return a line for each test that the draws fail, naming the draws that stand out."""
    block = _block(problems)
    if block is None:
        return []
    indices, rows = block
    lines = []
    right = np.array([[float(bool(o.correct)) for o in row] for row in rows])
    if (p := cochran_q(right)) < SUSPECT:
        lines.append(
            _line(
                "accuracy depends on the draw index (Cochran's Q",
                p,
                indices,
                right,
                "right in {:.0%}",
            )
        )
    if all(o.completion_tokens is not None for row in rows for o in row):
        tokens = np.array([[float(o.completion_tokens or 0) for o in row] for row in rows])
        if (p := friedman(tokens)) < SUSPECT:
            ranks = within_rows(tokens)
            lines.append(
                _line(
                    "length depends on the draw index (Friedman",
                    p,
                    indices,
                    ranks,
                    "{:.0f} tokens",
                    tokens,
                )
            )
    return lines


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


def _line(
    what: str,
    p: float,
    indices: Sequence[int],
    scores: Floats,
    form: str,
    shown: Floats | None = None,
) -> str:
    """Name the draws whose mean score is further from the others' than chance would have it."""
    shown = scores if shown is None else shown
    sums = scores.sum(axis=0)
    sums = sums - np.median(sums)  # a few odd draws would pull the mean away from the others
    spread = sqrt(float(scores.var(axis=1).sum()))
    limit = NormalDist().inv_cdf(1 - 0.005 / len(indices))
    odd = [i for i in np.argsort(-np.abs(sums)).tolist() if abs(sums[i]) > limit * spread]
    means = shown.mean(axis=0)
    named = ", ".join(f"{indices[i]} ({form.format(means[i])})" for i in sorted(odd[:NAMED]))
    more = f" and {len(odd) - NAMED} more" if len(odd) > NAMED else ""
    usual = form.format(float(np.median(means)))
    stand_out = f"; draws {named}{more} stand out from {usual}" if odd else ""
    return (
        f"the draws are not exchangeable: their {what}, "
        f"p = {p:.1g}){stand_out}; means over k-subsets mix unlike draws"
    )
