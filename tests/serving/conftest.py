"""A server as a user starts it, in a process of its own, and one of this process to look into."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="uvicorn is not here: pip install -e '.[serve]'")
pytest.importorskip("starlette", reason="starlette is not here: pip install -e '.[serve]'")

import httpx

# One for all: a client of its own for each request reads the system's certificates each time.
HTTP = httpx.Client(timeout=60, verify=False, trust_env=False)
SCRIPTED = "scripted:answers=18*3/20*1,tokens=5-20"
COMMAND = [sys.executable, "-m", "ttc.cli.main", "serve"]


@dataclass
class Server:
    """A running `ttc serve`."""

    process: subprocess.Popen[str]
    url: str
    folder: Path
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        def read() -> None:
            assert self.process.stderr is not None
            for line in self.process.stderr:
                self.lines.append(line.rstrip("\n"))

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()

    @property
    def database(self) -> Path:
        """The store."""
        return self.folder / "store.db"

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """End it, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        code = self.process.wait(20)
        self._reader.join(5)
        return code

    def ask(self, text: str = "How many?", **more: Any) -> httpx.Response:
        """Ask a question."""
        return self.post({"messages": [{"role": "user", "content": text}], **more})

    def post(self, body: Any, path: str = "/chat/completions", **how: Any) -> httpx.Response:
        """Post a body."""
        return HTTP.post(self.url + path, json=body, **how)


def start(folder: Path, *args: str, env: dict[str, str] | None = None) -> Server:
    """Start `ttc serve` on a free port with everything of its own under a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"TTC_HOME": "home", "TTC_CACHE": "cache", "TTC_CONFIG_HOME": "config"}
    places = {name: str(folder / place) for name, place in names.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TTC_")}
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *args],
        cwd=folder,
        env={**kept, **places, "TTC_DB": str(folder / "store.db"), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    server = Server(process, url, folder)
    if not url:
        code = server.stop()
        pytest.fail(f"ttc serve ended with {code}: {server.lines}")
    return server


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a scripted model that votes over 8 draws, and of some presets."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "ttc.toml").write_text(
        f'[models.quick]\nmodel = "{SCRIPTED}"\n'
        '[serve.models.careful]\nmethod = "ac:c=0.95"\nn = 16\ntemperature = 0.7\n'
    )
    server = start(folder, "-m", SCRIPTED, "--method", "majority", "-n", "8")
    yield server
    server.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers that end with the test."""
    with ExitStack() as stack:
        numbers = iter(range(100))

        def begin(*args: str, folder: Path | None = None, **how: Any) -> Server:
            server = start(folder or tmp_path / f"server-{next(numbers)}", *args, **how)
            stack.callback(server.stop)
            return server

        yield begin


@contextmanager
def in_process(options: Any, config: Path | None = None) -> Iterator[tuple[str, Any]]:
    """Serve in a thread of this process; give the address and the service."""
    import uvicorn

    from ttc import loopback
    from ttc.serving.app import Endpoint
    from ttc.serving.asking import presets
    from ttc.serving.asking.catalog import Catalog
    from ttc.serving.log import Log
    from ttc.serving.service import Service
    from ttc.session import load

    session = load(config, None, lambda line: None, "")
    catalog = Catalog(session.config, options, presets.read(config, options.solve))
    listening = loopback.listen()
    with closing(Service(session, options, catalog)) as service:
        application = Endpoint(service, Log(str, str)).application()
        server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"{loopback.url_of(listening)}/v1", service
        finally:
            server.should_exit = True
            thread.join(20)
