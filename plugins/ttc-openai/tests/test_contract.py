"""The contract of backends, held over scripted servers of several kinds, each probed before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ttc.backends import Backend
from ttc.testing.contract import BackendContract
from ttc.testing.http_answers import Behaviour
from ttc.testing.http_server import ScriptedServer
from ttc_openai import open_openai

FULL = {"n", "seed", "stop", "stop-told", "usage", "logprobs", "raw", "filters", "prefix"}
KINDS = {
    "vllm": FULL,
    "llama-server": (FULL - {"stop-told"}) | {"repeats"},
    "llama-cpp-python": {"stop", "raw", "seed", "filters"},  # no counts in its streams
    "n instead of seeds": {"n", "stop", "usage", "raw"},
    "ignores everything": {"usage", "raw"},
}


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[ScriptedServer]:
    behaviour = Behaviour(able=frozenset(KINDS[request.param]), tokens=60, pace=0.002)
    with ScriptedServer(behaviour) as server:
        yield server


@pytest.fixture(scope="module")
def backend(server: ScriptedServer, probed: Callable[[str], Backend]) -> Iterator[Backend]:
    backend = probed(server.url)
    able = server.behaviour.able
    for claim in ("seed", "logprobs"):
        assert (claim in backend.capabilities) == (claim in able)
    assert "stop-kept" in backend.capabilities
    yield backend
    backend.close()
    assert server.idle()


class TestOpenAI(BackendContract):
    rounds = 3

    @pytest.fixture
    def spare(self, server: ScriptedServer) -> Backend:
        return open_openai(server.url, {})
