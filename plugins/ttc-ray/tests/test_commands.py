"""The command line over Ray: what is printed, what is stored, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Sample = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """Start `ttc sample` over six problems in a process group of its own."""
    pytest.importorskip("ray", reason="Ray is not here: pip install -e ./plugins/ttc-ray")
    monkeypatch.chdir(tmp_path)
    rows = ({"id": f"s{i}", "question": f"{i} + 1?", "answer": str(i + 1)} for i in range(6))
    Path("sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    def sample(model: str, *more: str, **env: str) -> subprocess.Popen[str]:
        command = ["sample", "sums.jsonl", "--pool", "demo", "--db", "s.db", "-m", model, *more]
        return subprocess.Popen(
            [sys.executable, "-m", "ttc.cli.main", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **env},
            start_new_session=True,
        )

    return sample


def marked(mark: str) -> list[str]:
    """Return the processes that have a mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if mark in (entry / "environ").read_text("utf-8", "replace"):
                    found.append((entry / "cmdline").read_text("utf-8", "replace"))
            except OSError:
                continue
    return [each for each in found if each]


def test_a_cluster_of_this_machine_from_beginning_to_end(start: Sample) -> None:
    mark = uuid.uuid4().hex
    over_ray = start("ray:scripted:tick=0.001", "-n", "4", TTC_RAY_REPLICAS="2", MARK=mark)
    out, err = over_ray.communicate(timeout=300)
    assert over_ray.returncode == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert len({(line["problem"], line["index"]) for line in lines}) == len(lines) == 24
    # Nothing of Ray's: what was read, what was drawn, how the replicas fared.
    told = err.splitlines()
    assert len(told) == 3
    assert told[1].startswith("demo: replicas ")
    assert "24 new" in told[2]
    if sys.platform == "linux":
        assert marked(mark) == []
    # A session's folder bears the number of the process that began it.
    assert list(Path("/tmp").glob(f"ttc-ray-*/session_*_{over_ray.pid}")) == []
    # Drawn here, the same draws: there is nothing to do but for the fifth of each.
    here = start("scripted:tick=0.001", "-n", "5")
    out, err = here.communicate(timeout=60)
    assert "6 new" in err
    assert "24 kept" in err
    again = {(line["problem"], line["index"]): line for line in map(json.loads, out.splitlines())}
    for line in lines:
        assert again[line["problem"], line["index"]]["text"] == line["text"]
        assert again[line["problem"], line["index"]]["seed"] == line["seed"]


def test_a_cluster_that_is_there_is_joined_and_left_as_it_was(ray: Any, start: Sample) -> None:
    address = ray.get_runtime_context().gcs_address
    environment = {"TTC_RAY_ADDRESS": address, "TTC_RAY_REPLICAS": "1", "TTC_RAY_CPUS": "1"}
    joined = start("ray:scripted:", "-n", "2", **environment)
    out, err = joined.communicate(timeout=300)
    assert joined.returncode == 0, err
    assert len(out.splitlines()) == 12
    assert ray.is_initialized()
    assert ray.get(ray.remote(lambda: 7).remote()) == 7


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_an_interrupt_keeps_what_is_finished_and_leaves_nothing_behind(start: Sample) -> None:
    mark = uuid.uuid4().hex
    running = start("ray:scripted:tick=0.02,slots=2", "-n", "500", TTC_RAY_REPLICAS="2", MARK=mark)
    assert running.stdout is not None
    assert running.stderr is not None
    json.loads(running.stdout.readline())
    # As a terminal does: the whole group hears it.
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "to resume: ttc sample sums.jsonl" in err
    assert "Traceback" not in err
    assert all(json.loads(line) for line in out.splitlines())
    deadline = time.monotonic() + 30
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert marked(mark) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_replicas_that_die_make_a_partial_run(ray: Any, start: Sample) -> None:
    raylet = ray.get(ray.remote(lambda: os.getppid()).remote())
    running = start(
        "ray:scripted:tick=0.005,slots=2",
        "-n",
        "300",
        TTC_RAY_ADDRESS=ray.get_runtime_context().gcs_address,
        TTC_RAY_REPLICAS="1",
        TTC_RAY_CPUS="1",
    )
    assert running.stdout is not None
    json.loads(running.stdout.readline())
    deadline = time.monotonic() + 240
    while running.poll() is None and time.monotonic() < deadline:
        for pid in children(raylet):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    err = running.communicate(timeout=60)[1]
    assert running.returncode == 4, err
    assert "died 3 times in a row without finishing a draw" in err
    assert "to resume: ttc sample sums.jsonl" in err
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("server", "told"), [("raylet", "its raylet ended"), ("gcs_server", "is gone")]
)
def test_a_cluster_that_dies_ends_the_run_within_a_minute(
    start: Sample, server: str, told: str
) -> None:
    """Without its raylet nothing comes any more, and Ray says nothing of it."""
    running = start("ray:scripted:tick=0.02,slots=2", "-n", "3000", TTC_RAY_REPLICAS="1")
    assert running.stdout is not None
    json.loads(running.stdout.readline())
    (victim,) = servers(running.pid, server)
    os.kill(victim, signal.SIGKILL)
    began = time.monotonic()
    err = running.communicate(timeout=120)[1]
    assert running.returncode == 4, err
    assert time.monotonic() - began < 60
    assert told in err
    assert "to resume: ttc sample sums.jsonl" in err
    assert "Traceback" not in err


def servers(parent: int, name: str) -> list[int]:
    """Return the servers of Ray of that name that a process, which is ours, has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                program = (entry / "cmdline").read_text("utf-8", "replace").split("\0")[0]
                above = int((entry / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            except OSError:
                continue
            if above == parent and Path(program).name == name:
                found.append(int(entry.name))
    return found


def children(raylet: int) -> list[int]:
    """Return the replicas that a raylet, which is ours, has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                name = (entry / "cmdline").read_text("utf-8", "replace")
                parent = int((entry / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == raylet and name.startswith("ray::Replica"):
                found.append(int(entry.name))
    return found
