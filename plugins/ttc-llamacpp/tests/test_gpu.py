"""What is different on a GPU. The other tests run there too, by default with all layers on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.records import SamplingParams

api = pytest.importorskip("llama_cpp.llama_cpp")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not api.llama_supports_gpu_offload(), reason="needs a GPU build of llama-cpp-python"
    ),
]

Complete = Callable[..., list[Completion]]


@pytest.fixture
def offloaded(weights: Path) -> Any:
    from ttc_llamacpp import open_llamacpp

    backend = open_llamacpp("smollm2", {"gpu_layers": -1, "profile": "off"})
    yield backend
    backend.close()


def test_many_places_and_fused_attention(offloaded: Any, complete: Complete) -> None:
    params = SamplingParams(max_tokens=8)
    complete(offloaded, *(Request(str(i), prompt="Hi", params=params, seed=i) for i in range(64)))
    assert offloaded._engine._cache.kv.shape.flash
    assert offloaded._engine._cache.kv.count == 64


def test_greedy_is_that_of_the_cpu(
    offloaded: Backend, fresh: Callable[..., Backend], complete: Complete
) -> None:
    request = Request("a", prompt="2 + 2 =", params=SamplingParams(temperature=0, max_tokens=1))
    (there,) = complete(offloaded, request)
    (here,) = complete(fresh(gpu_layers=0, slots=1), request)
    assert there.text == here.text
    assert there.logprob == pytest.approx(here.logprob, abs=0.1)


def test_tuning_leaves_the_weights_alone(offloaded: Any, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTC_HOME", str(tmp_path))
        found = offloaded.tune(requantise=False, tell=lambda line: None)
    assert found.options["weights"] == "file"
    assert found.after > 0
