"""The contract that every verifier must pass, and what this one accepts."""

from __future__ import annotations

import pytest
from ttc_contains import Contains

from ttc.testing import VerifierContract


class TestContains(VerifierContract):
    cases = (
        ("I think it is PARIS, France.", {"answer": "Paris"}, True),
        ("Parisians", {"answer": "Paris"}, False),
        ("between 140 and 42", {"answer": 42}, True),
        ("C++ (of course)", {"answer": "C++"}, True),
        ("Paris", {"answer": None}, None),
    )

    @pytest.fixture
    def verifier(self) -> Contains:
        return Contains()


class TestCase(VerifierContract):
    cases = (
        ("Paris", {"answer": "Paris"}, True),
        ("PARIS", {"answer": "Paris"}, False),
    )

    @pytest.fixture
    def verifier(self) -> Contains:
        return Contains(case="keep")


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match="it has: case"):
        Contains(zeal="1")
    with pytest.raises(ValueError, match="fold or keep"):
        Contains(case="x")
