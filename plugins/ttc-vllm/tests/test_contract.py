"""The contract of backends, held by vLLM."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ttc.backends import Backend
from ttc.testing.contract import BackendContract


class TestVllm(BackendContract):
    rounds = 2
    # The company in a batch changes the order of sums.
    deterministic = False

    @pytest.fixture
    def backend(self, shared: Backend) -> Iterator[Backend]:
        return shared
