"""What every test has: a home of its own, and the command line in process and out of it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ttc.testing.signals import hear_signals

ROOT = Path(__file__).resolve().parents[1]


# Files whose tests start many processes, and tell nothing about a version of Python.
SLOW = ("faults/", "test_benchmarks", "test_doctor", "test_gate_pools", "test_sandbox")
SLOW += ("test_readme", "test_visible")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the second Python of CI leaves out."""
    tests = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(tests):
            name = item.path.relative_to(tests).as_posix()
            if name.startswith(SLOW):
                item.add_marker(pytest.mark.slow)


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


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def document(self) -> Any:
        """The JSON document of stdout."""
        return json.loads(self.out)


Ttc = Callable[..., Ran]


@pytest.fixture
def ttc(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ttc:
    """Run a command line in this process: `ttc("ls", "--json", stdin="…")`."""
    from ttc.cli.main import run

    def call(*args: object, stdin: str | bytes | None = None) -> Ran:
        data = stdin.encode() if isinstance(stdin, str) else stdin or b""
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        capsys.readouterr()
        code = run([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture
def ttc_process() -> Ttc:
    """Run a command line in a process of its own."""

    def call(*args: object, stdin: str | None = None, timeout: float = 60) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "ttc.cli.main", *map(str, args)],
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """A file of six problems with numbers for answers."""
    path = tmp_path / "sums.jsonl"
    rows = ({"id": f"s{i}", "question": f"{i} + 1?", "answer": str(i + 1)} for i in range(6))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
