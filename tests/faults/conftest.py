"""What the fault tests share: a home of their own, ttc that runs on, the store's rows."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import TIMEOUT, TTC

TIMINGS = ("id", "seconds", "first_token_seconds", "created")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh home, cache, settings and working folder; returns the folder of the store."""
    for name in [name for name in os.environ if name.startswith("TTC_")]:
        monkeypatch.delenv(name)
    for name, folder in (("HOME", "home"), ("CACHE", "cache"), ("CONFIG_HOME", "config")):
        monkeypatch.setenv(f"TTC_{name}", str(tmp_path / folder))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path / "home"


@pytest.fixture
def database(home: Path) -> Path:
    """Where the default store is, or will be."""
    return home / "ttc.db"


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `ttc ARGS…` and leave it running, with text pipes; whatever is left is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*args: str | Path, **how: Any) -> subprocess.Popen[str]:
        env = {**os.environ, **how.pop("env", {})}
        for stream in ("stdout", "stderr"):
            how.setdefault(stream, subprocess.PIPE)
        how.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([*TTC, *args], env=env, text=True, **how)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        with contextlib.suppress(ValueError):
            process.communicate(timeout=TIMEOUT)


@pytest.fixture
def shell() -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run a bash script in which `ttc` is a function, with pipefail."""

    def run(script: str) -> subprocess.CompletedProcess[str]:
        define = f'ttc() {{ {shlex.join(TTC)} "$@"; }}\n'
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", define + script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    return run


@pytest.fixture
def problems() -> Callable[..., Path]:
    """Write a file of problems and return its path."""

    def write(count: int = 4, name: str = "data.jsonl") -> Path:
        path = Path(name).absolute()
        lines = (
            json.dumps({"id": f"p{at}", "question": f"What is {at} + {at}?", "answer": str(2 * at)})
            for at in range(count)
        )
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def refused() -> Callable[..., str]:
    """Assert that a command failed as it should: code, one line on stderr that holds every word,
    nothing on stdout. Returns the line."""

    def check(done: subprocess.CompletedProcess[str], code: int, *words: str) -> str:
        told = done.stderr.splitlines()
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert len(told) == 1, told
        assert told[0].startswith("ttc: ")
        assert done.stdout == ""
        for word in words:
            assert word in told[0]
        return told[0]

    return check


def _samples(path: Path) -> list[dict[str, Any]]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    with contextlib.closing(connection):
        found = connection.execute(
            "SELECT problems.name AS problem, requests.key, requests.identity, requests.model, "
            "prompts.content AS prompt, samples.* FROM problems "
            "JOIN samples USING (request_id) JOIN requests ON requests.id = request_id "
            "JOIN prompts ON prompts.id = requests.prompt_id ORDER BY problems.id, draw"
        ).fetchall()
    left_out = (*TIMINGS, "request_id")
    return [{name: row[name] for name in row.keys() if name not in left_out} for row in found]  # noqa: SIM118


@pytest.fixture
def samples(database: Path) -> Callable[..., list[dict[str, Any]]]:
    """Return the samples of a store (the default one) in order, without ids and timings."""
    return lambda path=None: _samples(path or database)


@pytest.fixture
def held(samples: Callable[..., list[dict[str, Any]]]) -> Callable[..., set[tuple[Any, ...]]]:
    """Return problem, draw, text, tokens and seed of all that a store has."""

    def found(path: Path | None = None) -> set[tuple[Any, ...]]:
        fields = ("problem", "draw", "text", "completion_tokens", "seed")
        return {tuple(row[field] for field in fields) for row in samples(path)}

    return found


@pytest.fixture
def printed() -> Callable[[str], set[tuple[Any, ...]]]:
    """Return the same of the whole lines that were printed."""

    def found(text: str) -> set[tuple[Any, ...]]:
        fields = ("problem", "index", "text", "completion_tokens", "seed")
        whole = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
        records = [json.loads(line) for line in whole]
        return {tuple(record[field] for field in fields) for record in records}

    return found
