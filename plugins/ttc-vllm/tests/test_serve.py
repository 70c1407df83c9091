"""`vllm serve`, a real server, behind ttc-openai: its probe, and the contract."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Backend
from ttc.testing.contract import BackendContract

openai = pytest.importorskip("ttc_openai", reason="ttc-openai is not installed")

PATIENCE = 240.0  # seconds until it answers: loading, on a machine that may be shared


@pytest.fixture(scope="module")
def url(
    smollm2: Path, small: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The base URL of `vllm serve` with the small model."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    options = {"model": smollm2, "served_model_name": "smollm2", "host": "127.0.0.1", "port": port}
    args = [
        text
        for name, value in {**small, **options}.items()
        for text in (f"--{name.replace('_', '-')}", *([] if value is True else [str(value)]))
    ]
    # Its engine is a process of its own, as served.
    environment = {**os.environ, "VLLM_ENABLE_V1_MULTIPROCESSING": "1", "GOMP_SPINCOUNT": "1000"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *args],
            env={**environment, "VLLM_NO_USAGE_STATS": "1"},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        until_it_answers(f"http://127.0.0.1:{port}/v1", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with direct.open(f"{url}/models", timeout=5):
                return
        except OSError:
            said = log.read_text(errors="replace")[-2000:]
            assert process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.5)


@pytest.fixture(scope="module")
def backend(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """The server, probed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTC_HOME", str(tmp_path_factory.mktemp("probed")))
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        first = openai.open_openai(url, {})
        found = first.probe(tell=lambda line: None)
        first.close()
        for row in found.rows:
            print(row)
        backend = openai.open_openai(url, {})
        yield backend
        backend.close()


class TestServed(BackendContract):
    rounds = 1
    deterministic = False

    @pytest.fixture
    def spare(self, url: str) -> Iterator[Backend]:
        backend = openai.open_openai(url, {})
        yield backend
        backend.close()

    def test_the_probe_found_what_vllm_can_do(self, backend: Backend) -> None:
        assert {"seed", "prefix", "cancel", "stop-kept"} <= backend.capabilities
