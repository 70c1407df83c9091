"""Rules that stop by themselves: their means over all orders of the draws, and known vectors."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from fractions import Fraction
from itertools import permutations, product
from math import comb
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_selectors import close, draws, value

from ttc.records import Outcome
from ttc.selectors import adaptive_consistency
from ttc.selectors.adaptive_consistency import AdaptiveConsistency, _sure
from ttc.selectors.early_stopping import EarlyStopping
from ttc.selectors.exact.estimates import Estimate, replayed
from ttc.selectors.exact.partitions import Partitions, count_partitions
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


@given(
    a=st.integers(0, 60), b=st.integers(0, 60), c=st.sampled_from(["0.51", "0.7", "0.95", "0.9999"])
)
def test_sure_is_the_beta_probability(a: int, b: int, c: str) -> None:
    n = a + b + 1
    chance = Fraction(sum(comb(n, i) for i in range(a + 1)), 2**n)
    assert _sure(a, b, Fraction(c)) == (chance >= Fraction(c))


def walked(
    letters: str, c: str, k: int, invalid: str = "abstain", ties: str = "split"
) -> tuple[float, float]:
    """Accuracy (x is correct) and draws of Adaptive-Consistency, by walking over the vote counts
    draw by draw, in fractions."""
    left = Counter(letters)
    if invalid == "class":
        left["!"] = left.pop("-", 0)
    if invalid == "wrong":
        left.update({f"!{i}": 1 for i in range(left.pop("-", 0))})
    names = [name for name in left if name != "-"]
    states = {(0, *[0] * len(names)): Fraction(1)}
    value, drawn = Fraction(0), Fraction(0)
    for taken in range(k):
        drawn += sum(states.values())
        after: dict[tuple[int, ...], Fraction] = defaultdict(Fraction)
        for counts, chance in states.items():
            for at, name in enumerate(["-", *names]):
                step = chance * Fraction(left[name] - counts[at], len(letters) - taken)
                votes = (*counts[:at], counts[at] + 1, *counts[at + 1 :])
                rivals = max((v for i, v in enumerate(votes[1:], 1) if i != at), default=0)
                if at and _sure(votes[at], rivals, Fraction(c)):
                    value += step * (name == "x")
                elif step:
                    after[votes] += step
        states = after
    for counts, chance in states.items():
        leaders = [n for n, v in zip(names, counts[1:], strict=True) if v and v == max(counts[1:])]
        if "x" in leaders and (ties == "split" or len(leaders) == 1):
            value += chance / len(leaders)
    return float(value), float(drawn)


@settings(deadline=None, max_examples=60)
@given(
    letters=st.text(alphabet="xxxyyzw-", min_size=9, max_size=18),
    c=st.sampled_from(["0.6", "0.75", "0.95"]),
    invalid=st.sampled_from(["abstain", "class", "wrong"]),
    ties=st.sampled_from(["split", "strict"]),
)
def test_adaptive_consistency_is_a_walk_over_vote_counts(
    letters: str, c: str, invalid: str, ties: str
) -> None:
    if invalid == "wrong":  # the walk tells them apart
        letters = letters[:9]
    rule, outcomes = AdaptiveConsistency(c=c, invalid=invalid, ties=ties), draws(letters, "x")
    for k in (1, 4, len(letters)):
        (found,) = rule.estimates(outcomes, [k])
        assert [found.value, found.drawn] == close(walked(letters, c, k, invalid, ties))
        assert found.kind == "exact"


@pytest.mark.parametrize("answers", [2, 5, 20])
def test_adaptive_consistency_is_exact_at_40_of_100_draws(answers: int) -> None:
    random = Random(answers)
    weights = [random.gammavariate(1, 1) for _ in range(answers)]
    names = [chr(ord("a") + i) for i in range(answers)]
    rule, outcomes = (
        AdaptiveConsistency(),
        draws("".join(random.choices(names, weights, k=100)), "a"),
    )
    (found,) = rule.estimates(outcomes, [40])
    assert (found.kind, found.error) == ("exact", 0.0)
    (simulated,) = replayed(outcomes, [40], rule.run, 2000)
    assert abs(found.value - simulated.value) < 5 * simulated.error + 1e-9
    assert found.drawn == pytest.approx(simulated.drawn, abs=1.0)


@pytest.mark.parametrize("letters", ["xyzw" * 5, "x" * 9 + "yyyzzw" + "-" * 4])
@pytest.mark.parametrize("most", [10, 40, 200])
def test_votes_beyond_the_states_are_simulated_or_bracketed(
    letters: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes, ks = draws(letters, "x"), range(1, len(letters) + 1)
    exact = AdaptiveConsistency(c="0.9").estimates(outcomes, ks)
    assert {found.kind for found in exact} == {"exact"}
    monkeypatch.setattr(adaptive_consistency, "MOST_STATES", most)
    adaptive_consistency._caps.cache_clear()
    for known, found in zip(
        exact, AdaptiveConsistency(c="0.9").estimates(outcomes, ks), strict=True
    ):
        if found.kind != "mc":
            assert abs(found.value - known.value) <= found.error + 1e-12
        else:
            assert abs(found.value - known.value) <= 5 * found.error + 1e-12
        assert found.drawn == pytest.approx(known.drawn, abs=0.5)
    adaptive_consistency._caps.cache_clear()


def test_a_rare_end_beyond_the_states_is_a_bracket(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = draws("x" * 400 + "yy", "x")
    (exact,) = AdaptiveConsistency().estimates(outcomes, [402])
    monkeypatch.setattr(adaptive_consistency, "MOST_STATES", 25)  # eight votes
    adaptive_consistency._caps.cache_clear()
    (found,) = AdaptiveConsistency().estimates(outcomes, [402])
    adaptive_consistency._caps.cache_clear()
    assert found.kind == "bracket"
    assert abs(found.value - exact.value) <= found.error <= 0.5 / 1000
    assert found.drawn == pytest.approx(exact.drawn, abs=0.1)


def test_large_pools_are_computed_as_far_as_the_states_go() -> None:
    outcomes = draws("".join(letter * (3 + i) for i, letter in enumerate("abcdefghijklmx")), "x")
    first, last = AdaptiveConsistency().estimates(outcomes, [1, 60])
    assert (first.kind, first.value) == ("exact", pytest.approx(16 / 133))
    assert last.kind == "mc"
    assert last.drawn is not None
    assert 10 < last.drawn <= 60
    two = draws("x" * 600 + "y" * 600, "x")
    (tied,) = AdaptiveConsistency(c="0.999").estimates(two, [900])
    assert (tied.kind, tied.value) == ("exact", pytest.approx(0.5, abs=1e-12))


@pytest.mark.parametrize(("votes", "parts"), [(1, 1), (7, 1), (6, 3), (9, 9), (12, 4)])
def test_partitions_are_listed_once_each(votes: int, parts: int) -> None:
    known = (
        {
            tuple(sorted((part for part in each if part), reverse=True))
            for each in product(range(votes + 1), repeat=parts)
            if sum(each) <= votes
        }
        if parts < 9
        else None
    )
    states = Partitions(votes, parts, [votes + 1] * (votes // 2 + 1))
    assert len(states.total) == count_partitions(votes, parts)
    assert known is None or len(states.total) == len(known)
    # Without stops, every order of the votes is reached.
    assert states.reached == close([1.0] * len(states.total))


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
