"""The mean of a rule that only picks: exact where subsets are few, else seeded, with an error."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from random import Random
from typing import Any

import pytest

from ttc.records import Outcome
from ttc.selectors.exact.by_picks import MOST, with_means
from ttc.selectors.exact.estimates import Estimating, estimates_of
from ttc.selectors.majority import Majority


class Only:
    """Majority without a formula."""

    name, needs, finishes = "only", frozenset({"answer"}), None

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return Majority().pick(outcomes)


def pool(n: int, seed: int = 0) -> list[Outcome]:
    chance = Random(seed)
    answers = [chance.choice(["a", "a", "b", "c", None]) for _ in range(n)]
    return [Outcome(i, answer, answer == "a") for i, answer in enumerate(answers)]


def test_few_subsets_are_all_taken() -> None:
    rule: Any = with_means(Only())
    assert isinstance(rule, Estimating)
    for n in (1, 5, 9, 11):
        ks = [k for k in range(1, n + 1) if comb(n, k) <= MOST]
        found = estimates_of(rule, pool(n), ks)
        assert {each.kind for each in found} == {"exact"}
        exact = Majority().expected(pool(n), ks)
        assert [each.value for each in found] == pytest.approx(exact, abs=1e-12)


def test_of_many_some_are_with_an_honest_error() -> None:
    """Of 60 pools, about 95 % are within two errors of the truth."""
    rule = with_means(Only())
    within = 0
    for seed in range(60):
        draws = pool(24, seed)
        (found,) = estimates_of(rule, draws, [5])
        assert found.kind == "mc"
        within += abs(found.value - Majority().expected(draws, [5])[0]) <= 2 * found.error
    assert 52 <= within <= 60


def test_it_is_the_same_in_every_run_and_order() -> None:
    rule, draws = with_means(Only()), pool(30)
    shuffled = Random(1).sample(draws, len(draws))
    assert rule.expected(shuffled, [7, 30]) == rule.expected(draws, [7, 30])


def test_one_that_has_its_mean_keeps_it() -> None:
    rule = Majority()
    assert with_means(rule) is rule
    with pytest.raises(AttributeError):
        with_means(Only()).estimate  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ValueError, match="between 1 and"):
        with_means(Only()).expected(pool(3), [4])
