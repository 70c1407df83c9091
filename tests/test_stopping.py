"""Rules that stop by themselves: their means over all orders of the draws, and known vectors."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_selectors import close, draws, value

from ttc.records import Outcome
from ttc.selectors.adaptive_consistency import AdaptiveConsistency, _sure
from ttc.selectors.early_stopping import EarlyStopping
from ttc.selectors.exact.estimates import Estimate, replayed
from ttc.selectors.threshold import Threshold


def over_orders(
    rule: Any, stop: Callable[[Any], int], outcomes: Any, k: int
) -> tuple[float, float]:
    """The mean value and number of draws over all orders of k of the draws."""
    orders = list(permutations(outcomes, k))
    values = sum((value(rule, order) for order in orders), Fraction(0))
    return float(values / len(orders)), sum(stop(order) for order in orders) / len(orders)


answers = st.text(alphabet="xxyz-", min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(letters=answers, c=st.sampled_from(["0.6", "0.75", "0.9"]))
def test_adaptive_consistency_is_the_mean_over_all_orders(letters: str, c: str) -> None:
    rule, outcomes = AdaptiveConsistency(c=c), draws(letters, "x")
    ks = range(1, len(outcomes) + 1)
    for k, found in zip(ks, rule.estimates(outcomes, ks), strict=True):
        exact, drawn = over_orders(rule, rule.stop, outcomes, k)
        assert (found.kind, found.error) == ("exact", 0.0)
        assert [found.value, found.drawn] == close([exact, drawn])


@settings(deadline=None, max_examples=60)
@given(letters=answers, w=st.sampled_from(["1", "2", "3"]))
def test_early_stopping_is_the_mean_over_all_orders(letters: str, w: str) -> None:
    rule, outcomes = EarlyStopping(w=w), draws(letters, "x")
    ks = range(1, len(outcomes) + 1)
    for k, found in zip(ks, rule.estimates(outcomes, ks), strict=True):
        exact, drawn = over_orders(rule, rule.stop, outcomes, k)
        assert [found.drawn] == close([drawn])
        assert abs(found.value - exact) <= 6 * found.error + 1e-12
        assert found.kind == "exact" or k < len(outcomes)


@settings(deadline=None, max_examples=60)
@given(
    scored=st.lists(
        st.tuples(st.sampled_from([0.1, 0.5, 0.7, float("nan")]), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    at=st.sampled_from(["0", "0.5", "0.6", "2"]),
    batch=st.sampled_from(["1", "2", "1+2"]),
)
def test_threshold_stopping_is_the_mean_over_all_orders(
    scored: list[tuple[float, bool]], at: str, batch: str
) -> None:
    rule = Threshold(at=at, batch=batch)
    outcomes = [Outcome(i, correct=right, score=s) for i, (s, right) in enumerate(scored)]

    def stop(order: Any) -> int:
        for _, end in rule._batches(len(order)):
            if any(outcome.score >= float(at) for outcome in order[:end]):
                return end
        return len(order)

    ks = range(1, len(outcomes) + 1)
    for k, found in zip(ks, rule.estimates(outcomes, ks), strict=True):
        exact, drawn = over_orders(rule, stop, outcomes, k)
        assert [found.value, found.drawn] == close([exact, drawn])


def test_known_stops() -> None:
    outcomes = draws("xxxxxyyz", "x")
    (found,) = AdaptiveConsistency(c="0.95").estimates(outcomes, [8])
    assert [found.value, found.drawn] == close([1.0, 54 / 7])
    (found,) = EarlyStopping(w="2").estimates(outcomes, [8])
    assert [found.value, found.drawn] == close([20 / 21, 25 / 6])


def test_the_table_of_adaptive_consistency() -> None:
    known = [4, 6, 8, 9, 11, 12, 14, 15, 17, 18, 19, 21, 22, 23, 25]
    c = Fraction("0.95")
    least = [next(a for a in range(99) if _sure(a, b, c)) for b in range(len(known))]
    assert least == known


def test_a_pool_with_too_many_states_is_simulated() -> None:
    outcomes = draws("".join(letter * (3 + i) for i, letter in enumerate("abcdefghijklmx")), "x")
    found = AdaptiveConsistency().estimates(outcomes, [1, 60])
    assert {estimate.kind for estimate in found} == {"mc"}
    assert found[1].drawn is not None
    assert 10 < found[1].drawn <= 60


def test_simulations_repeat_themselves() -> None:
    outcomes = draws("xxyyz", "x")
    rule = EarlyStopping(w="2")
    once, again = (replayed(outcomes, [3, 5], rule.run) for _ in range(2))
    assert once == again
    assert replayed(outcomes[::-1], [3, 5], rule.run) == once
    assert isinstance(once[0], Estimate)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EarlyStopping(w="0"), "esc: w must be a whole number from 1, not '0'"),
        (lambda: AdaptiveConsistency(c="0.4"), "ac: c must be a probability above 0.5"),
        (lambda: AdaptiveConsistency(c="x"), "ac: c must be a probability above 0.5"),
        (lambda: Threshold(), "write threshold:at=SCORE"),
        (lambda: Threshold(at="0.5", batch="0"), "threshold: batch must be numbers as in"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
