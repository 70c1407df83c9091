"""llama.cpp's own server, where it is on PATH: its probe, and the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ttc.backends import Backend
from ttc.testing.contract import BackendContract
from ttc_openai import open_openai, server_traits
from ttc_openai.address import Address


@pytest.fixture(scope="module")
def backend(native_server: str, probed: Callable[[str], Backend]) -> Iterator[Backend]:
    backend = probed(native_server)
    yield backend
    backend.close()


class TestContract(BackendContract):
    """It draws side by side, and batches change the order of sums."""

    rounds = 2
    requests = 8
    deterministic = False

    @pytest.fixture
    def spare(self, native_server: str) -> Iterator[Backend]:
        backend = open_openai(native_server, {})
        yield backend
        backend.close()


def test_what_this_server_does_is_found_out(backend: Backend, native_server: str) -> None:
    found = server_traits.read(Address(native_server, "smollm2"))
    assert (found.seed, found.top_k, found.min_p, found.logprobs) == (True, True, True, True)
    assert (found.usage, found.chunks, found.raw, found.frees) == (True, True, True, True)
    assert found.weights["n_params"] == 134515008
    assert {"seed", "logprobs", "prefix", "stop-kept"} <= backend.capabilities
