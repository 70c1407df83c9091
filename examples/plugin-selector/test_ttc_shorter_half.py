"""The contract that every selection rule must pass, and what this one picks."""

from __future__ import annotations

import pytest
from ttc_shorter_half import ShorterHalf

from ttc.records import Outcome
from ttc.testing import SelectorContract


@pytest.mark.parametrize("share", ["0.5", "0.25", "1"])
class TestShorterHalf(SelectorContract):
    @pytest.fixture
    def rule(self, share: str) -> ShorterHalf:
        return ShorterHalf(share=share)


def test_the_long_draws_have_no_vote() -> None:
    answers = {"18": 3, "20": 5, "7": 90, "8": 91}
    draws = [
        Outcome(at, answer, completion_tokens=tokens)
        for at, (answer, tokens) in enumerate(answers.items())
    ]
    assert ShorterHalf().pick(draws) == (0, 1)


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match="it takes: share"):
        ShorterHalf(part="0.5")
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        ShorterHalf(share="2")
