"""Jackknife variances of one problem's value: against leaving each draw out, and on average."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.curves.intervals.draw_variance import MOST_KINDS, draw_variances, leave_out
from ttc.records import Outcome
from ttc.selectors import spec
from ttc.selectors.coverage import Coverage, PassAll
from ttc.selectors.majority import Majority

RULES = (
    "coverage",
    "pass^k",
    "mean",
    "majority",
    "majority:ties=strict",
    "majority:invalid=wrong",
    "best-of-n",
    "perplexity",
    "first-finish",
    "first-valid",
    "last-finish",
)
DRAW = st.tuples(
    st.sampled_from([None, "0", "0", "1", "2"]),
    st.sampled_from([0.1, 0.5, 0.9, float("nan")]),
    st.integers(1, 4),
    st.sampled_from(["stop", "stop", "length"]),
)


def drawn(rows: list[tuple[str | None, float, int, str]]) -> list[Outcome]:
    return [
        Outcome(
            i,
            answer=answer,
            correct=answer == "0",
            score=score,
            logprob=-score if score == score else -2.0,
            completion_tokens=tokens,
            finish_reason=finish,
        )
        for i, (answer, score, tokens, finish) in enumerate(rows)
    ]


def counted(n: int, right: int) -> list[Outcome]:
    return [Outcome(i, answer=str(int(i >= right)), correct=i < right) for i in range(n)]


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=40, deadline=None)
@given(rows=st.lists(DRAW, min_size=2, max_size=9))
def test_leaving_each_draw_out(name: str, rows: list[tuple[str | None, float, int, str]]) -> None:
    rule, outcomes = spec.build(name), drawn(rows)
    n = len(outcomes)
    ks = range(1, n + 1)
    left = leave_out(rule, outcomes, ks)
    assert left is not None
    assert left.size == 1
    at = [min(k, n - 1) for k in ks]
    others = [rule.expected(outcomes[:i] + outcomes[i + 1 :], at) for i in range(n)]
    ours = np.repeat(left.values, left.counts.astype(int), axis=0)
    assert np.allclose(np.sort(ours, axis=0), np.sort(others, axis=0), atol=1e-9)
    # The mean over subsets without a draw, over all draws, is the mean over all subsets.
    assert np.allclose(ours.mean(axis=0)[:-1], rule.expected(outcomes, ks)[:-1], atol=1e-9)


@pytest.mark.parametrize("right", range(9))
def test_variances_of_counts(right: int) -> None:
    found = draw_variances(Coverage(), counted(8, right), [1, 8])
    assert found == pytest.approx([right * (8 - right) / 8 / 8 / 7, float(right == 1)])
    found = draw_variances(PassAll(), counted(8, right), [1, 8])
    assert found == pytest.approx([right * (8 - right) / 8 / 8 / 7, float(right == 7)])


@pytest.mark.parametrize("rule", [Coverage(), PassAll(), Majority()], ids=lambda rule: rule.name)
@pytest.mark.parametrize("n", [2, 5, 16])
def test_variances_are_never_too_small_on_average(rule: Majority, n: int) -> None:
    ks = list(range(1, n + 1))
    values = np.array([rule.expected(counted(n, c), ks) for c in range(n + 1)])
    variances = np.array([draw_variances(rule, counted(n, c), ks) for c in range(n + 1)])
    for p in np.linspace(0.02, 0.98, 13):
        law = np.array([comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)])
        truth = law @ values**2 - (law @ values) ** 2
        assert (law @ variances >= truth * (1 - 1e-9)).all()


def test_blocks_of_many_different_draws() -> None:
    random = np.random.default_rng(3)
    lengths = random.permutation(20 * MOST_KINDS)
    right = random.random(len(lengths)) < 0.4
    outcomes = [
        Outcome(
            i, answer=str(int(r)), correct=bool(r), completion_tokens=int(t), finish_reason="stop"
        )
        for i, (r, t) in enumerate(zip(right, lengths, strict=True))
    ]
    rule, n = spec.build("short-3"), len(outcomes)
    left = leave_out(rule, outcomes, [1, 8, n])
    assert left is not None
    assert left.ks == (1, 8, n - n // 16)
    assert len(left.values) == 16
    # At k = 1 the variance is that of a mean, which blocks estimate with 15 degrees of freedom.
    (one, _, whole) = draw_variances(rule, outcomes, [1, 8, n]) or ()
    assert one == pytest.approx(right.mean() * (1 - right.mean()) / n, rel=0.8)
    assert whole == 0  # the three shortest are in most blocks' complements, and agree
    assert draw_variances(rule, outcomes[::-1], [8]) == draw_variances(rule, outcomes, [8])


def test_prefixes_and_replacement() -> None:
    outcomes = counted(6, 1)
    assert draw_variances(Coverage(), outcomes[::-1], [2, 6], "prefix") == [1.0, 1.0]
    assert draw_variances(Coverage(), outcomes, [1, 2], "prefix") is None
    (found,) = draw_variances(Coverage(), outcomes, [9], "with") or ()
    without = [1 - (4 / 5) ** 9] * 5 + [0.0]
    assert found == pytest.approx(6 * 5 / 6 * np.var(without))


def test_unknown_variances() -> None:
    assert draw_variances(Coverage(), counted(1, 1), [1]) is None
    assert draw_variances(spec.build("weighted"), drawn([("0", 0.1, 1, "stop")] * 3), [1]) is None
