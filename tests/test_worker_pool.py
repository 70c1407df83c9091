"""Workers with limits: bombs cost their own call, nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from ttc.errors import BackendError
from ttc.verifiers.workers.pool import CallLimits, Workers, _parsed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")

TASKS = """
import ctypes, os, resource, signal, sys, time

def work(call):
    what, *rest = call
    if what == "echo":
        return rest[0]
    if what == "loop":
        while True:
            pass
    if what == "deaf":
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        pow(7, 10**9)
    if what == "eat":
        return len("x" * (4 << 30))
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "sleep":
        time.sleep(3600)
    if what == "print":
        print("forged", flush=True)
        os.write(1, b'{"value": "forged"}')
        os.write(2, b"noise")
        return "mine"
    if what == "raise":
        raise ZeroDivisionError("no")
    if what == "environment":
        return sorted(os.environ)
    if what == "write":
        with open(rest[0], "w") as file:
            file.write("x")
"""
LIMITS = CallLimits(0.3, 512 << 20)


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "limited_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "limited_tasks:work"


def children() -> set[str]:
    """The processes that this one has started, zombies too."""
    found = Path(f"/proc/self/task/{os.getpid()}/children")
    return set(found.read_text().split())


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_replies_come_in_order(task: str) -> None:
    with Workers(task, LIMITS, 2) as workers:
        assert [r.value for r in workers.map([["echo", i] for i in range(50)])] == list(range(50))
        assert workers.map([]) == []
        long = "x" * 1_000_000
        assert workers.map([["echo", long]])[0].value == long


@pytest.mark.parametrize(
    ("call", "status", "says"),
    [
        (["loop"], "timeout", "0.3 s of processor time"),
        (["deaf"], "timeout", "0.3 s"),
        (["eat"], "oom", ""),
        (["die"], "error", "code -9"),
        (["raise"], "error", "ZeroDivisionError: no"),
    ],
)
def test_a_bomb_costs_its_own_call(task: str, call: list[str], status: str, says: str) -> None:
    with Workers(task, LIMITS, 2) as workers:
        replies = workers.map([["echo", 1], call, ["echo", 2], call, ["echo", 3]])
    assert [reply.status for reply in replies] == ["ok", status, "ok", status, "ok"]
    assert [reply.value for reply in replies] == [1, None, 2, None, 3]
    assert says in replies[1].detail


def test_what_waits_is_ended_by_the_wall(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc.verifiers.workers.pool._PATIENCE", 1.0)
    monkeypatch.setattr("ttc.verifiers.workers.pool._START_SECONDS", 1.0)
    with Workers(task, LIMITS, 1) as workers:
        reply, other = workers.map([["sleep"], ["echo", 1]])
    assert (reply.status, other.value) == ("error", 1)
    assert "no reply within" in reply.detail


def test_what_a_library_prints_is_no_reply(task: str, capfd: pytest.CaptureFixture[str]) -> None:
    with Workers(task, LIMITS, 1) as workers:
        assert [reply.value for reply in workers.map([["print"], ["echo", 1]])] == ["mine", 1]
    assert tuple(capfd.readouterr()) == ("", "")


def test_a_worker_sees_no_environment_and_writes_no_file(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "x")
    with Workers(task, LIMITS, 1) as workers:
        (names,) = workers.map([["environment"]])
        workers.map([["write", str(tmp_path / "written")]])
    assert set(names.value) <= {"LANG", "LC_CTYPE"}
    written = tmp_path / "written"
    assert not written.exists() or not written.read_text()


def test_nothing_is_left_behind(task: str) -> None:
    before, open_before = children(), descriptors()
    workers = Workers(task, LIMITS, 2)
    workers.map([["echo", 1], ["loop"], ["echo", 2], ["die"], ["echo", 3]])
    assert children() - before
    workers.close()
    assert (children(), descriptors()) == (before, open_before)


def test_an_idle_worker_that_was_killed_is_replaced(task: str) -> None:
    with Workers(task, LIMITS, 1) as workers:
        before = children()
        workers.map([["echo", 1]])
        (pid,) = children() - before
        os.kill(int(pid), signal.SIGKILL)
        assert workers.map([["echo", 2]])[0].value == 2


def test_a_dead_worker_is_no_dead_reader(task: str) -> None:
    """Within a command SIGPIPE means that nobody reads stdout any more."""
    raised: list[int] = []
    handler = signal.signal(signal.SIGPIPE, lambda signum, frame: raised.append(signum))
    try:
        test_an_idle_worker_that_was_killed_is_replaced(task)
    finally:
        signal.signal(signal.SIGPIPE, handler)
    assert not raised


def test_what_cannot_start_is_told() -> None:
    with (
        Workers("no_such_module:work", LIMITS, 1) as workers,
        pytest.raises(BackendError, match="cannot start: ModuleNotFoundError"),
    ):
        workers.map([1])


def test_workers_do_not_outlive_a_killed_tool(task: str, tmp_path: Path) -> None:
    code = f"""
        import sys; sys.path.insert(0, {str(tmp_path)!r})
        from ttc.verifiers.workers.pool import CallLimits, Workers, _Worker
        workers = Workers({task!r}, CallLimits(60.0, 1 << 29), 1)
        workers.map([["echo", 1]])
        print(workers._idle[0]._process.pid, flush=True)
        sys.stdin.read()
    """
    tool = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with tool:
        assert tool.stdout is not None
        pid = int(tool.stdout.readline())
        tool.kill()
    end = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("line", [b"[]", b"{", b"\xff", b'{"status": "fine"}', b"3", b"null"])
def test_no_reply_is_taken_for_granted(line: bytes) -> None:
    assert _parsed(line).status == "error"
