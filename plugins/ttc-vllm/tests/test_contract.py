"""The contract of backends, held by vLLM."""

from __future__ import annotations

import pytest

from ttc.backends import Backend
from ttc.testing.contract import BackendContract


class TestVllm(BackendContract):
    rounds = 2
    # The company in a batch changes the order of sums.
    deterministic = False

    @pytest.fixture
    def backend(self, shared: Backend) -> Backend:
        return shared

    @pytest.fixture
    def spare(self, shared: Backend) -> Backend:
        """The same: once closed, it is loaded anew by the next request."""
        return shared
