"""The contract that every backend must pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ttc_dice import open_dice

from ttc.backends import Backend
from ttc.testing.contract import BackendContract


class TestDice(BackendContract):
    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        backend = open_dice("fox,river,eel", {})
        yield backend
        backend.close()
