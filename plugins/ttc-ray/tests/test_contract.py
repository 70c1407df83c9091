"""The contract of backends, held over Ray: by the scripted backend and by llama.cpp."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ttc.backends import Backend
from ttc.testing.contract import BackendContract
from ttc_ray import open_ray


def over_ray(model: str, **options: Any) -> Backend:
    return open_ray(model, {"ray_replicas": 2, "ray_cpus": 1, **options})


class TestScripted(BackendContract):
    chats = ()
    raw = ("one two three", "four five")
    prefix = "never"

    @pytest.fixture(scope="class")
    def backend(self, ray: Any) -> Iterator[Backend]:
        backend = over_ray("scripted:tokens=60-80,tick=0.001")
        yield backend
        backend.close()

    @pytest.fixture
    def spare(self, replicated: Callable[..., Backend]) -> Backend:
        return replicated("scripted:tokens=60-80")


class TestLlamaCpp(BackendContract):
    rounds = 1

    @pytest.fixture(scope="class")
    def backend(self, ray: Any) -> Iterator[Backend]:
        pytest.importorskip("llama_cpp")
        backend = over_ray("llamacpp:smollm2", slots=1, threads=1)
        yield backend
        backend.close()

    @pytest.fixture
    def spare(self, replicated: Callable[..., Backend]) -> Backend:
        return replicated("llamacpp:smollm2", slots=1, threads=1)
