"""What each of a problem's draws adds to a rule's value: the scores that draws are permuted by."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np

from ttc.curves.holm import Floats
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import value_of
from ttc.selectors.majority import Majority
from ttc.selectors.ranking import BestByKey

PICKS = 128  # of a slow rule, for each budget
SEED = 19
# What rules look at without naming it as a need.
ALWAYS = frozenset({"answer", "correct", "finish_reason"})


def of_counts(rule: Selector) -> bool:
    """Return whether a rule's value depends only on how many draws are correct."""
    return rule.needs <= {"correct"}


def fields_of(rule: Selector) -> frozenset[str]:
    """Return the fields of a draw that a rule may look at."""
    return rule.needs | (frozenset({"correct"}) if of_counts(rule) else ALWAYS)


def pooled(*parts: Sequence[Outcome]) -> list[Outcome]:
    """Return draws of several pools as draws of one: numbered afresh, since rules may go by it."""
    listed = (outcome for part in parts for outcome in part)
    return [replace(outcome, index=at) for at, outcome in enumerate(listed)]


def scores(rule: Selector, draws: Sequence[Outcome], ks: Sequence[int]) -> Floats:
    """Return the score of each draw (rows) at each k < len(draws) (columns).

    It is k · A, with A the mean value of the rule over the k-subsets of the draws that hold this
    draw: the first-order part of the rule's value (Hájek's projection; Hoeffding 1948), so that the
    difference of two pools' values is about the difference of their mean scores. Draws that look
    the same to the rule have the same score. For rules that are quick to compute
    k · A = N · U − (N − k) · U₋, with U the mean value over all N draws and U₋ that without this
    one; for others A is a mean over seeded subsets. Any score serves a permutation test, which is
    valid as long as the score does not depend on the pool that a draw came from.
    """
    kinds = _kinds(rule, draws)
    if of_counts(rule) or isinstance(rule, BestByKey) or type(rule) is Majority:
        return _left_out(rule, draws, ks, kinds)
    columns = [_sampled(rule, draws, k) for k in ks]
    table = np.stack(columns, axis=1) * np.asarray(ks)
    for kind in set(kinds):
        same = [at for at, each in enumerate(kinds) if each == kind]
        table[same] = table[same].mean(axis=0)
    return np.asarray(table)


def _kinds(rule: Selector, draws: Sequence[Outcome]) -> list[Hashable]:
    """Return for each draw what the rule sees of it."""
    fields = sorted(fields_of(rule) | {"value"})
    return [tuple(_plain(getattr(draw, field, None)) for field in fields) for draw in draws]


def _plain(value: Any) -> Hashable:
    if isinstance(value, float) and value != value:
        return "nan"
    return repr(sorted(value.items())) if isinstance(value, dict) else value


def _left_out(
    rule: Selector, draws: Sequence[Outcome], ks: Sequence[int], kinds: Sequence[Hashable]
) -> Floats:
    n, budgets = len(draws), np.asarray(ks)
    whole = np.asarray(rule.expected(draws, ks))
    found: dict[Hashable, Floats] = {}
    for at, kind in enumerate(kinds):
        if kind not in found:
            rest = [*draws[:at], *draws[at + 1 :]]
            without = np.asarray(rule.expected(rest, ks))
            found[kind] = n * whole - (n - budgets) * without
    return np.stack([found[kind] for kind in kinds])


def _sampled(rule: Selector, draws: Sequence[Outcome], k: int) -> Floats:
    """Return the mean value of the picks from seeded k-subsets that hold each draw.

    The subsets are consecutive parts of random orders, so that each draw is in as many.
    """
    n, random = len(draws), Random(SEED)
    order = list(range(n))
    totals, counts = np.zeros(n), np.zeros(n)
    picks = 0
    while picks < (1 if k == 1 else PICKS):
        random.shuffle(order)
        for start in range(0, n - k + 1, k):
            part = order[start : start + k]
            drawn = [draws[at] for at in part]
            totals[part] += value_of(drawn, rule.pick(drawn))
            counts[part] += 1
            picks += 1
    # A draw that was in no subset is worth what the others are.
    usual = totals.sum() / counts.sum()
    return np.where(counts > 0, totals / np.maximum(counts, 1), usual)
