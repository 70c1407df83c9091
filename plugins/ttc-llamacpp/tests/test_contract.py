"""The contract of backends, held by llama.cpp: draw by draw, and several in a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ttc.backends import Backend
from ttc.testing.contract import BackendContract
from ttc_llamacpp import open_llamacpp

pytest.importorskip("llama_cpp")


@pytest.fixture(scope="module", params=[1, 4])
def slots(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def backend(slots: int, shallow: str) -> Iterator[Backend]:
    """What an earlier test computed may be held, which the contract allows."""
    backend = open_llamacpp(shallow, {"slots": slots, "threads": 1})
    yield backend
    backend.close()


class TestLlamaCpp(BackendContract):
    rounds = 2

    @pytest.fixture
    def spare(self, slots: int, fresh: Callable[..., Backend]) -> Backend:
        return fresh(slots=slots)

    def test_seeds(self, backend: Backend, slots: int) -> None:
        # The company in a batch changes the order of sums.
        self.deterministic = slots == 1
        super().test_seeds(backend)
