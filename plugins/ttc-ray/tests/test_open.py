"""Opening: what is cheap, what is refused in one line, and what the options mean."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ttc import keys
from ttc.backends import Request, resolve
from ttc.errors import BackendError, UsageError
from ttc.records import SamplingParams
from ttc.samples.plan import Recipe
from ttc_ray import cluster, head, open_ray, replicas
from ttc_ray.backend import RayBackend
from ttc_ray.options import Options, resources
from ttc_ray.replica import InnerBackend

CHEAP = """
import sys
from ttc_ray import open_ray
backend = open_ray("scripted:answers=7*1", {})
print(backend.model.name, sorted(backend.capabilities))
backend.close()
assert "ray" not in sys.modules
"""


def test_opening_tells_the_model_and_imports_no_ray() -> None:
    done = subprocess.run([sys.executable, "-c", CHEAP], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.startswith("scripted ['alternatives', 'cancel', ")


def test_draws_have_the_keys_of_the_inner_backend() -> None:
    inner = resolve.open_backend(resolve.ModelChoice("scripted", "tokens=5"), Path())
    over_ray = open_ray("scripted:tokens=5", {"ray_replicas": 2})
    here = Recipe("scripted", inner.model, SamplingParams())
    there = Recipe("ray", over_ray.model, SamplingParams())
    assert here.key == there.key
    assert here.pool == there.pool
    assert keys.sample_key(here.key, "p") == keys.sample_key(there.key, "p")


@pytest.mark.parametrize(
    ("model", "options", "told"),
    [
        ("", {}, "ray: name the model of the replicas"),
        ("nosuch:x", {}, "-m nosuch:x: no such model"),
        ("ray:scripted:", {}, "ray: ray does not run on other machines"),
        ("replay:pool", {}, "ray: replay does not run on other machines"),
        ("scripted:wrong=1", {}, "unknown option 'wrong'"),
        ("scripted:", {"ray_replicas": 0}, "ray_replicas must be a whole number from 1"),
        ("scripted:", {"ray_replicas": "2.5"}, "ray_replicas must be a whole number from 1"),
        (
            "scripted:",
            {"ray_cpus": "many"},
            "ray_cpus must be a number from 0 to 1000000, not 'many'",
        ),
        ("scripted:", {"ray_gpus": -1}, "ray_gpus must be a number from 0"),
        ("scripted:", {"ray_slots": True}, "ray_slots must be a whole number"),
        (
            "scripted:",
            {"ray_replica": 2},
            "unknown option 'ray_replica'; did you mean ray_replicas?",
        ),
        ("scripted:", {"ray_address": "head"}, "ray_address must be HOST:PORT"),
        ("scripted:", {"ray_address": "ray://head:10001"}, "ray_address must be HOST:PORT"),
    ],
)
def test_what_is_wrong_is_told_before_anything_starts(
    model: str, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError) as raised:
        open_ray(model, options)
    assert told in str(raised.value)


def test_an_inner_backend_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TTC_NO_PLUGINS", "1")
    with pytest.raises(BackendError, match=r"pip install .*ttc-vllm"):
        open_ray("vllm:some-model", {})


def test_options_go_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "one:1")
    assert Options.parse({})[0].ray_address == "one:1"
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    with pytest.raises(UsageError, match="RAY_ADDRESS must be HOST:PORT"):
        Options.parse({})
    monkeypatch.setenv("TTC_RAY_ADDRESS", "two:2")
    monkeypatch.setenv("TTC_RAY_REPLICAS", "3")
    options, others = Options.parse({"ray_replicas": 4, "slots": 8})
    assert (options.ray_address, options.ray_replicas, others) == ("two:2", 4, {"slots": 8})
    monkeypatch.setenv("TTC_RAY_CPUS", "x")
    with pytest.raises(UsageError, match="ray_cpus must be a number from 0"):
        Options.parse({})


def test_without_ray_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    backend = open_ray("scripted:", {})
    with pytest.raises(BackendError, match=r"ray cannot be imported: .*; pip install 'ray"):
        backend.submit(Request("0", prompt="x"))


@pytest.fixture
def listener() -> Iterator[Callable[[bytes | None], str]]:
    """Listen on loopback and answer whoever comes with some bytes; None never answers."""
    opened: list[socket.socket] = []

    def listen(answer: bytes | None) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        opened.append(server)

        def serve() -> None:
            connection, _ = server.accept()
            opened.append(connection)
            if answer is not None:
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield listen
    for each in opened:
        each.close()


def test_a_head_that_does_not_answer_is_not_waited_for(
    listener: Callable[[bytes | None], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "ANSWERS_WITHIN", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = f"127.0.0.1:{taken.getsockname()[1]}"
    for address in (closed, listener(None), "nowhere.invalid:6379", "127.0.0.1:99999"):
        began = time.monotonic()
        with pytest.raises(BackendError, match=f"ray: {address} does not answer"):
            head.check_head(address)
        assert time.monotonic() - began < 30
    with pytest.raises(BackendError, match="answers, but is no Ray head"):
        head.check_head(listener(b"HTTP/1.1 400 Bad Request\r\n\r\n"))


def test_the_command_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("TTC_RAY_ADDRESS", address)
    done = subprocess.run(
        [sys.executable, "-m", "ttc.cli.main", "solve", "x?", "-m", "ray:scripted:"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"ttc: ray: {address} does not answer (")
    assert len(done.stderr.splitlines()) == 1


def test_a_head_that_has_gone_ends_the_run(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    joined = cluster.Cluster(ray, begun=False, folder=None)
    joined.check()
    assert not joined.gone
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    there = SimpleNamespace(gcs_address=address)
    monkeypatch.setattr(ray, "get_runtime_context", lambda: there)
    for _ in range(cluster.MISSED - 1):
        joined.check()
    with pytest.raises(BackendError, match=f"ray: the head {address} is gone"):
        joined.check()
    assert joined.gone


class Nodes:
    """A cluster by the resources of its machines."""

    def __init__(self, *resources: dict[str, float]) -> None:
        self._nodes = [{"Alive": True, "Resources": each} for each in resources]

    def nodes(self) -> list[dict[str, Any]]:
        return [*self._nodes, {"Alive": False, "Resources": {"CPU": 99.0}}]


@pytest.mark.parametrize(
    ("nodes", "options", "count", "cpus", "gpus"),
    [
        (Nodes({"CPU": 8.0}), Options(), 1, 8, 0),
        (Nodes({"CPU": 8.0}), Options(ray_replicas=4), 4, 2, 0),
        (Nodes({"CPU": 2.0}), Options(ray_replicas=4), 4, 1, 0),
        (Nodes({"CPU": 8.0}, {"CPU": 6.0}), Options(), 2, 6, 0),
        (Nodes({"CPU": 64.0, "GPU": 8.0}), Options(), 8, 1, 1),
        (Nodes({"CPU": 64.0, "GPU": 8.0}, {"CPU": 64.0, "GPU": 3.0}), Options(ray_gpus=2), 5, 1, 2),
        (Nodes({"CPU": 64.0, "GPU": 8.0}), Options(ray_gpus=0, ray_cpus=3), 1, 3, 0),
    ],
)
def test_what_replicas_get(
    nodes: Nodes, options: Options, count: int, cpus: float, gpus: float
) -> None:
    assert resources(nodes, options) == (count, {"num_cpus": cpus, "num_gpus": gpus})


def test_a_second_cluster_is_not_joined(ray: Any, replicated: Callable[..., RayBackend]) -> None:
    backend = replicated("scripted:", ray_address="127.0.0.1:1")
    with pytest.raises(BackendError, match=r"and cannot join 127\.0\.0\.1:1 as well"):
        backend.submit(Request("0", prompt="x"))


def test_what_no_machine_has_is_not_waited_for_for_ever(
    ray: Any, replicated: Callable[..., RayBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "1 replica needs 1 CPUs and 64 GPUs each, but the cluster has 4 CPUs and 0 GPUs"
    backend = replicated("scripted:", ray_replicas=1, ray_gpus=64)
    backend.submit(Request("0", prompt="x"))
    monkeypatch.setattr(replicas, "START_TIMEOUT", 0.5)
    with pytest.raises(BackendError, match=f"no replica could be started in 0 s; {told}"):
        backend.wait()
    # Nothing will ever join a cluster of this machine alone.
    own = cluster.Cluster(ray, begun=False, folder="/nowhere")
    with pytest.raises(BackendError, match=f"ray: {told}; lower ray_replicas or ray_gpus"):
        replicas.Replicas(
            own, InnerBackend("scripted", ""), Options(ray_replicas=1, ray_cpus=1, ray_gpus=64)
        )


def test_a_large_fleet_asks_for_more_than_the_usual_window(
    replicated: Callable[..., RayBackend],
) -> None:
    backend = replicated("scripted:", ray_slots=5000)
    assert backend.room() == 0
    backend.submit(Request("0", prompt="x"))
    assert backend.room() == 2 * 2 * 5000
    backend.wait()
