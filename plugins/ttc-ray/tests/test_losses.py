"""Replicas that are lost: nothing is lost with them, nothing comes twice."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Backend, Completion, ModelInfo, Request, resolve
from ttc.errors import BackendError
from ttc.records import Message, Problem, SamplingParams
from ttc.samples.drawing import Drawing
from ttc.samples.plan import Recipe, make_plan
from ttc.samples.tally import Tally
from ttc.store import Store, samples
from ttc_ray.backend import RayBackend
from ttc_ray.options import Options
from ttc_ray.replica import InnerBackend
from ttc_ray.replicas import DEATHS, Replicas

SCRIPT = "scripted:tokens=10-30,slots=4,tick=0.002"
PROBLEMS = [Problem(f"p{i}", (Message("user", f"What is {i} + 1?"),)) for i in range(4)]
Rows = dict[tuple[str | None, int], tuple[str, int | None]]


def drawn(
    path: Path, backend: Backend, name: str, n: int, each: Callable[[Tally], object] = id
) -> Rows:
    """Draw n of each problem into a store, and return what it holds by key and index."""
    recipe = Recipe(name, backend.model, SamplingParams(max_tokens=24))
    with Store.writing(path) as store:
        plan = make_plan(store, "demo", recipe, PROBLEMS, n)
        for tally in Drawing(store, backend, plan, lambda sample: None).run():
            each(tally)
        found = [sample for _, sample in samples.of_pool(store.reader, plan.pool)]
        assert store.reader.execute("SELECT count(*) FROM attempts").fetchone() == (0,)
    assert len(found) == n * len(PROBLEMS)
    return {(sample.key, sample.index): (sample.text, sample.seed) for sample in found}


def kill(backend: RayBackend, chance: random.Random, killed: set[int]) -> bool:
    """Kill the process of one replica that is there; False if none is.

    One that was killed again and again before it finished a draw would rightly end the run.
    """
    there = [m for m in backend.replicas if m.pid and m.deaths < DEATHS - 1]
    alive = [member.pid for member in there if member.pid not in killed]
    if alive:
        victim = chance.choice(alive)
        killed.add(victim)
        os.kill(victim, signal.SIGKILL)
    return bool(alive)


def test_twenty_kills_at_random_moments(
    tmp_path: Path, replicated: Callable[..., RayBackend], capfd: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(20)
    n = 250
    moments = sorted(chance.sample(range(1, n * len(PROBLEMS) - 50), 20))
    backend = replicated(SCRIPT, ray_replicas=4)
    killed: set[int] = set()

    def strike(tally: Tally) -> None:
        while moments and tally.drawn >= moments[0] and kill(backend, chance, killed):
            moments.pop(0)

    over_ray = drawn(tmp_path / "ray.db", backend, "ray", n, strike)
    assert len(killed) == 20
    assert capfd.readouterr() == ("", "")
    assert backend.status().endswith(", 20 lost")
    here = resolve.open_backend(resolve.ModelChoice(*resolve.split(SCRIPT)), tmp_path)
    assert drawn(tmp_path / "here.db", here, "scripted", n) == over_ray


def test_the_bundled_model_loses_one_of_two_in_the_middle(
    tmp_path: Path, replicated: Callable[..., RayBackend]
) -> None:
    pytest.importorskip("llama_cpp")
    backend = replicated("llamacpp:smollm2", threads=1, slots=2)
    killed: list[int] = []

    def strike(tally: Tally) -> None:
        both = [member for member in backend.replicas if member.finished]
        if len(both) == 2 and not killed:
            killed.append(both[0].pid)
            assert both[0].under_way
            os.kill(both[0].pid, signal.SIGKILL)

    rows = drawn(tmp_path / "ray.db", backend, "ray", 6, strike)
    assert len(killed) == 1
    assert backend.status().endswith(", 1 lost")
    assert all(member.pid not in killed for member in backend.replicas)
    assert len({seed for _, seed in rows.values()}) == len(rows)


def test_what_was_cancelled_when_its_replica_died_comes_back_cancelled(
    replicated: Callable[..., RayBackend],
) -> None:
    backend = replicated("scripted:tokens=100000,tick=0.01", ray_replicas=1)
    begun(backend, 3)
    (member,) = backend.replicas
    os.kill(member.pid, signal.SIGKILL)
    for name in "01":
        backend.cancel(name)
    back = [backend.wait(), backend.wait()]
    assert {(done.request_id, done.finish_reason) for done in back} == {
        ("0", "cancelled"),
        ("1", "cancelled"),
    }
    # What they had generated is not known, and no number is made up for it.
    assert {done.completion_tokens for done in back} == {None}
    # The third is under way again.
    begun(backend, 0)
    backend.cancel("2")
    assert backend.wait().finish_reason == "cancelled"
    with pytest.raises(LookupError):
        backend.wait()


def begun(backend: RayBackend, count: int) -> None:
    """Submit draws that never end by themselves, and return once a replica holds what waits."""
    for name in range(count):
        params = SamplingParams(max_tokens=100_000)
        backend.submit(Request(str(name), prompt="x", params=params))
    fleet = backend._replicas
    assert fleet is not None
    while not any(member.under_way for member in fleet.handles):
        assert fleet.receive() == []


def test_a_cancelled_draw_ends_at_once_and_is_charged(
    replicated: Callable[..., RayBackend],
) -> None:
    backend = replicated("scripted:tokens=100000,tick=0.01", ray_replicas=1)
    begun(backend, 2)
    backend.cancel("1")
    done = backend.wait()
    assert (done.request_id, done.finish_reason) == ("1", "cancelled")
    assert done.completion_tokens is not None
    assert 0 <= done.completion_tokens < 50_000
    assert len(backend.replicas[0].under_way) == 1


# Defined in functions, so that Ray carries them to replicas, which cannot import this file.


def stand_in(poison: str | None = None, failure: type[Exception] | None = None) -> Any:
    """Return a backend that dies on a prompt (None: when it is opened) or raises on any."""

    class StandIn:
        backend, model, fingerprint = "stand-in", "", "f"

        def open(self) -> Any:
            if poison is None and failure is None:
                os._exit(1)
            return Engine()

    class Engine:
        model = ModelInfo("stand-in", "f")
        capabilities = frozenset({"seed"})

        def __init__(self) -> None:
            self.queue: list[Request] = []

        def submit(self, request: Request) -> None:
            if request.prompt == poison:
                os._exit(1)
            self.queue.append(request)

        def wait(self) -> Completion:
            if failure is not None:
                raise failure("the engine broke")
            return Completion(self.queue.pop(0).id, "done", "stop", completion_tokens=1)

    return StandIn()


@pytest.fixture
def fleet(ray: Any) -> Iterator[Callable[..., Replicas]]:
    """Make a fleet of replicas of a stand-in."""
    from ttc_ray.cluster import Cluster

    made: list[Replicas] = []

    def make(inner: Any, replicas: int = 1) -> Replicas:
        options = Options(ray_replicas=replicas, ray_cpus=1)
        made.append(Replicas(Cluster(ray, begun=False, folder=None), inner, options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def received(fleet: Replicas) -> list[Completion]:
    """Return everything that comes back before the fleet gives up or has nothing left."""
    back: list[Completion] = []
    try:
        while fleet.busy:
            back += fleet.receive()
    except BackendError as error:
        back.append(Completion("", "", "error", error=str(error)))
    return back


def test_a_replica_that_dies_again_and_again_ends_the_run(fleet: Callable[..., Replicas]) -> None:
    made = fleet(stand_in())
    made.add(Request("0", prompt="x"))
    (last,) = received(made)
    assert last.error is not None
    assert last.error.startswith("ray: a replica died 3 times in a row without finishing a draw")


def test_one_request_that_kills_replicas_lets_the_others_finish_first(
    fleet: Callable[..., Replicas],
) -> None:
    made = fleet(stand_in(poison="poison"), replicas=2)
    for name in range(60):
        made.add(Request(str(name), prompt="poison" if name == 5 else "x"))
    *back, last = received(made)
    assert sorted(int(done.request_id) for done in back) == [n for n in range(60) if n != 5]
    assert "died 3 times in a row" in (last.error or "")


def test_an_engine_that_raises_is_as_good_as_dead(fleet: Callable[..., Replicas]) -> None:
    made = fleet(stand_in(failure=RuntimeError))
    made.add(Request("0", prompt="x"))
    (last,) = received(made)
    assert "died 3 times in a row" in (last.error or "")
    assert "RuntimeError: the engine broke" in (last.error or "")


def test_what_would_fail_everywhere_is_not_tried_again(fleet: Callable[..., Replicas]) -> None:
    made = fleet(stand_in(failure=BackendError))
    made.add(Request("0", prompt="x"))
    (last,) = received(made)
    assert (last.error or "").endswith(": the engine broke")
    assert made.lost == 0
    other = fleet(InnerBackend("scripted", "", {}, "sha256:another"))
    other.add(Request("0", prompt="x"))
    (last,) = received(other)
    assert "but sha256:another where the run was started" in (last.error or "")
