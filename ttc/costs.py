"""What k draws cost: samples, completion tokens, and latency counted in tokens.

The k draws are a race run side by side, a token each per step. A rule that waits for m finishes
ends it there and cancels the rest; otherwise it runs until the last draw ends. A draw pays for
the tokens it made until then, so a cancelled one pays as much as the race was long.

A truncated draw stops at its limit without finishing. As in the ranking of first-finish it comes
after all that finish, whatever its length: it never ends a race, and one in which fewer than m
draws finish lasts until the last of all has stopped.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import comb
from typing import NamedTuple

from ttc.records import Outcome
from ttc.selectors.checks import check_budgets
from ttc.selectors.ranking import binomial

AXES = ("samples", "tokens", "latency_tokens")


def order_statistic(values: Sequence[int], j: int, k: int) -> float:
    """Return the expected j-th smallest of k of the n values, drawn without replacement.

        E x_(j:k) = Σ_r C(r − 1, j − 1) · C(n − r, k − j) / C(n, k) · x_(r),   r = 1..n

    where x_(r) is the r-th smallest of all: j − 1 of the others come from below it and k − j from
    above (David and Nagaraja 2003, "Order Statistics", on finite populations). With j = k it
    is the latency of k draws that all run to their end; with j = 1, that of first-finish.
    """
    n = len(values)
    check_budgets([k], n)
    if not 1 <= j <= k:
        raise ValueError(f"j must be between 1 and k = {k}, not {j}")
    ranked = enumerate(sorted(values), start=1)
    total = sum(comb(r - 1, j - 1) * comb(n - r, k - j) * value for r, value in ranked)
    return total / comb(n, k)


def expected_cost(
    outcomes: Sequence[Outcome], ks: Sequence[int], finishes: int | None
) -> list[dict[str, float | None]]:
    """Return the expected cost of k draws on each axis, for each k in 1..len(outcomes).

    `finishes` is m, the number of draws that the rule waits for before it cancels the others, or
    None if it waits for all. `tokens` and `latency_tokens` are None where a draw has no count.

    Summed over time: when F of the n draws have finished, D are truncated and R still run, the
    race of a k-subset is on if fewer than m of it have finished and some of it still run. Hence

        E tokens  = Σ_t R · Σ_{j<m} C(F, j) · C(n − 1 − F, k − 1 − j) / C(n, k)
        E latency = Σ_t Σ_{j<m} C(F, j) · [C(n − F, k − j) − C(D, k − j)] / C(n, k)

    over the steps t. Without truncation this is Σ_{j≤m} E L_(j:k) + (k − m) · E L_(m:k) tokens
    and E L_(m:k) steps; where all run to their end, k · mean L and E L_(k:k).
    """
    n = len(outcomes)
    check_budgets(ks, n)
    if any(outcome.completion_tokens is None for outcome in outcomes):
        return [{"samples": k, "tokens": None, "latency_tokens": None} for k in ks]
    phases = _phases(outcomes)
    costs: list[dict[str, float | None]] = []
    for k in ks:
        tokens = steps = 0
        for phase in phases:
            payers, races = _under_way(phase, n, k, k if finishes is None else finishes)
            tokens += phase.steps * (n - phase.finished - phase.truncated) * payers
            steps += phase.steps * races
        subsets = comb(n, k)
        costs.append({"samples": k, "tokens": tokens / subsets, "latency_tokens": steps / subsets})
    return costs


class _Phase(NamedTuple):
    """Steps between two ends, and how many of the n draws had ended before them."""

    steps: int
    finished: int
    truncated: int


def _phases(outcomes: Sequence[Outcome]) -> list[_Phase]:
    lengths = [(outcome.completion_tokens or 0, outcome.truncated) for outcome in outcomes]
    finished = sorted(length for length, truncated in lengths if not truncated)
    truncated = sorted(length for length, truncated in lengths if truncated)
    ends = sorted({0, *finished, *truncated})
    return [
        _Phase(until - since, bisect_right(finished, since), bisect_right(truncated, since))
        for since, until in pairwise(ends)
    ]


def _under_way(phase: _Phase, n: int, k: int, m: int) -> tuple[int, int]:
    """Count the k-subsets whose race is on: those with a given running draw, and all of them."""
    _, done, stopped = phase
    if m >= k:  # nobody is cancelled, and the sums over j collapse (Vandermonde)
        return binomial(n - 1, k - 1), binomial(n, k) - binomial(done + stopped, k)
    payers = races = 0
    for j in range(m):
        ways = binomial(done, j)
        payers += ways * binomial(n - 1 - done, k - 1 - j)
        races += ways * (binomial(n - done, k - j) - binomial(stopped, k - j))
    return payers, races
