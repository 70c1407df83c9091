"""One Ray for all these tests: it takes seconds to start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ttc.testing.signals import hear_signals
from ttc_ray import open_ray
from ttc_ray.backend import RayBackend
from ttc_ray.cluster import Cluster
from ttc_ray.options import Options

pytest.register_assert_rewrite("ttc.testing")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep stores, digests and profiles away from the user's, in replicas too."""
    hear_signals()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTC_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("TTC_CACHE", str(tmp_path_factory.mktemp("cache")))
        for name in ("TTC_RAY_ADDRESS", "RAY_ADDRESS"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def ray(own_home: None) -> Iterator[Any]:
    """A real Ray on this machine, with room for four replicas."""
    module = pytest.importorskip("ray", reason="Ray is not here: pip install -e ./plugins/ttc-ray")
    cluster = Cluster.open(Options(ray_replicas=4, ray_cpus=1))
    yield module
    cluster.close()


@pytest.fixture
def replicated(ray: Any) -> Iterator[Callable[..., RayBackend]]:
    """Open replicas of a backend with options; closed after the test."""
    opened: list[RayBackend] = []

    def make(model: str, **options: Any) -> RayBackend:
        backend = open_ray(model, {"ray_replicas": 2, "ray_cpus": 1, **options})
        assert isinstance(backend, RayBackend)
        opened.append(backend)
        return backend

    yield make
    for backend in opened:
        backend.close()
