"""What every test has: a home of its own, and the command line in process and out of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from commands import Ran as Ran
from commands import Ttc, in_its_own_process, in_this_process

from ttc.testing.signals import hear_signals

ROOT = Path(__file__).resolve().parents[1]


# Processes that the tests start would compile every module again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Return how many workers `-n auto` starts: some tests wait for others' processes."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cpus or 1) + max(1, (cpus or 1) // 4)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker neighbours, so that what a file sets up is set up once, and let it take from
    others when it has none left."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture(scope="session", autouse=True)
def signals_arrive() -> None:
    hear_signals()


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point store, cache, settings and working folder away from the user's."""
    for variable in ("TTC_HOME", "TTC_CACHE", "TTC_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    for variable in ("TTC_DB", "TTC_MODEL", "TTC_CONFIG", "TTC_NO_PLUGINS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ttc(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ttc:
    """Run a command line in this process: `ttc("ls", "--json", stdin="…")`."""
    return in_this_process(capsys, monkeypatch)


@pytest.fixture
def ttc_process() -> Ttc:
    """Run a command line in a process of its own."""
    return in_its_own_process


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """A file of six problems with numbers for answers."""
    path = tmp_path / "sums.jsonl"
    rows = ({"id": f"s{i}", "question": f"{i} + 1?", "answer": str(i + 1)} for i in range(6))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
