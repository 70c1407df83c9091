"""The contract that every strategy must pass, and when this one stops."""

from __future__ import annotations

from pathlib import Path

import pytest
from ttc_agree import Agree

from ttc.backends import Backend
from ttc.store import Store
from ttc.testing import StrategyContract
from ttc.testing.scripted import open_scripted


class TestAgree(StrategyContract):
    @pytest.fixture
    def strategy(self) -> Agree:
        return Agree(n="6", votes="3")

    def backend(self) -> Backend:
        """A model whose texts end in "the answer is 18", or 20, or 7."""
        return open_scripted("answers=18*2/20/7,tokens=10-30", {})

    def test_it_stops_as_soon_as_draws_agree(self, tmp_path: Path) -> None:
        with Store.writing(tmp_path / "sure.db") as store:
            sure = open_scripted("answers=18", {})
            run = self.solve(Agree(n="6", votes="3"), store, backend=sure)
        assert run.usage.calls == 3
        assert run.decision.note == "3 of 3 draws agree"


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match="it takes: n, votes"):
        Agree(m="2")
    with pytest.raises(ValueError, match="from 1"):
        Agree(n="0")
