"""The contract that every format must pass, and what this one reads."""

from __future__ import annotations

import pytest
from ttc_riddles import Riddles

from ttc.testing import FormatContract


class TestRiddles(FormatContract):
    records = (
        {"lines": ["What has keys", "and opens no door?"], "solution": "a piano"},
        {"lines": ["What gets wetter as it dries?"], "solution": "a towel", "number": 7},
        {"lines": ["What am I?"], "solution": None},
    )
    broken = (
        {"lines": [], "solution": "a piano"},
        {"lines": ["What has keys?", 1], "solution": "a piano"},
        {"lines": "What has keys?", "solution": "a piano"},
    )

    @pytest.fixture
    def format_(self) -> Riddles:
        return Riddles()


def test_the_lines_are_asked_together() -> None:
    riddle = Riddles().problem({"lines": ["a", "b"], "solution": "c", "number": 7}, "file:1")
    assert riddle.messages[0].content == "a\nb"
    assert riddle.reference == {"answer": "c"}
    assert riddle.id == "7"
