"""llama-cpp-python's server, a real one: its probe, and the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ttc.backends import Backend
from ttc.testing.contract import BackendContract
from ttc_openai import open_openai


@pytest.fixture(scope="module")
def backend(llama_server: str, probed: Callable[[str], Backend]) -> Iterator[Backend]:
    backend = probed(llama_server)
    yield backend
    backend.close()


class TestContract(BackendContract):
    """It draws one after the other."""

    rounds = 1
    requests = 8

    @pytest.fixture
    def spare(self, llama_server: str) -> Iterator[Backend]:
        backend = open_openai(llama_server, {})
        yield backend
        backend.close()
