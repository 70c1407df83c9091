"""How far a rule's value on one problem moves with its draws: jackknife variances.

Another n draws of the same problem would give another value. By the inequality of Efron and Stein
(1981, "The jackknife estimate of variance") the variance of a symmetric function f of n independent
draws is at most

    E Σ_i (f(X) − g(X without X_i))²

for any g. With the values of the rule on n − 1 draws for g it can be computed from one set of
draws. On average the result is too large rather than too small.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from random import Random
from typing import NamedTuple

import numpy as np

from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import Estimating
from ttc.selectors.exact.subsets import Floats
from ttc.selectors.extras import LeavingOut, Replacing

MOST_KINDS = 32  # distinct draws of a problem that are left out one by one
BLOCKS = 16  # parts of the draws that are left out instead where more draws differ
SEED = 21


class LeftOut(NamedTuple):
    """The means of a rule without some of the n draws of a problem.

    Each time `size` draws are left out: one draw, or one block of a division of the draws.
    `counts` says how many of these parts are alike, shape (kinds,); they add up to n // size.
    `values` has the mean over the k-subsets of the other draws at each k of `ks`, shape
    (kinds, ks).
    """

    size: int
    ks: tuple[int, ...]
    counts: Floats
    values: Floats


def leave_out(
    rule: Selector, outcomes: Sequence[Outcome], ks: Sequence[int], draw: str = "without"
) -> LeftOut | None:
    """Return the means of a rule without each of the n draws of one problem, at each of `ks`.

    Draws that are alike in all that the rule reads count once. Where more than MOST_KINDS differ
    and the rule has no `without_each`, BLOCKS blocks of draws are left out in turn. A k for which
    too few draws are left is taken as all that are left; `LeftOut.ks` says so. `draw` is
    `without` or `with` replacement. None if there is only one draw, or the rule's means have an
    error or take long (`Estimating`).
    """
    n = len(outcomes)
    if n < 2 or isinstance(rule, Estimating):
        return None
    if draw == "with":
        return _each_kind(rule, outcomes, tuple(ks), draw) if isinstance(rule, Replacing) else None
    at = tuple(min(k, n - 1) for k in ks)
    if isinstance(rule, LeavingOut) and (found := rule.without_each(outcomes, at)) is not None:
        counts, values = found
        return LeftOut(1, at, np.asarray(counts, float), np.asarray(values, float))
    return _each_kind(rule, outcomes, tuple(ks), draw)


def draw_variances(
    rule: Selector, outcomes: Sequence[Outcome], ks: Sequence[int], draw: str = "without"
) -> list[float] | None:
    """Return the variance, over fresh draws of one problem, of the rule's value at each of `ks`.

    `outcomes` are the n draws of the problem, in any order; each k is in 1..n (any k ≥ 1 with
    replacement); `draw` is the convention of the sweep: `without`, `with` or `prefix`. The
    variance at k, in the unit of the value squared, is that of the jackknife,

        (n − 1)/n · Σ_i (U_{−i} − mean of U_{−i})²,   U_{−i}: the mean over k-subsets without draw i

    whose expectation is at least the variance of U, a U-statistic (Efron and Stein 1981). At
    k = n, where no k-subset is left, it is Σ_i (U − f_{−i})² with the value f_{−i} of the rule on
    the n − 1 others; for coverage that counts the problems with exactly one correct draw. None
    where it is unknown (see `leave_out`).
    """
    if draw == "prefix":
        ordered = sorted(outcomes, key=lambda outcome: outcome.index)
        found = [draw_variances(rule, ordered[:k], [k]) for k in ks]
        return None if None in found else [each[0] for each in found if each]
    left = leave_out(rule, outcomes, ks, draw)
    if left is None:
        return None
    parts = left.counts.sum()
    means = left.counts @ left.values / parts
    variances = (parts - 1) / parts * (left.counts @ (left.values - means) ** 2)
    if beyond := [at for at, (k, left_k) in enumerate(zip(ks, left.ks, strict=True)) if k > left_k]:
        whole = rule.expected(outcomes, [ks[at] for at in beyond])
        variances[beyond] = left.counts @ (left.values[:, beyond] - whole) ** 2
    return [float(variance) for variance in variances]


def _each_kind(
    rule: Selector, outcomes: Sequence[Outcome], ks: tuple[int, ...], draw: str
) -> LeftOut:
    """Leave out one draw of each kind, or blocks where there are too many kinds."""
    kinds: dict[Hashable, list[int]] = {}
    for at, outcome in enumerate(outcomes):
        kinds.setdefault(_read(rule, outcome), []).append(at)
    size, parts = 1, [(len(alike), alike[:1]) for alike in kinds.values()]
    if len(parts) > MOST_KINDS:
        # In draw order and then shuffled, so that the blocks do not depend on the order of input.
        order = sorted(range(len(outcomes)), key=lambda at: outcomes[at].index)
        Random(SEED).shuffle(order)
        size = len(order) // BLOCKS
        parts = [(1, order[at * size : (at + 1) * size]) for at in range(BLOCKS)]
    n = len(outcomes) - size
    at_k = ks if draw == "with" else tuple(min(k, n) for k in ks)
    rows = []
    for _, gone in parts:
        missing = set(gone)
        rest = [outcome for at, outcome in enumerate(outcomes) if at not in missing]
        if draw == "with":
            assert isinstance(rule, Replacing)
            rows.append(rule.replaced(rest, at_k))
        else:
            rows.append(rule.expected(rest, at_k))
    return LeftOut(size, at_k, np.array([count for count, _ in parts], float), np.array(rows))


def _read(rule: Selector, outcome: Outcome) -> Hashable:
    """Return what a rule reads of a draw; not its index, by which some rules break ties."""
    fields = sorted((rule.needs - {"correct"}) | {"worth", "truncated"})
    values = (getattr(outcome, name, None) for name in fields)
    return tuple(
        tuple(sorted(value.items())) if isinstance(value, Mapping) else value for value in values
    )
