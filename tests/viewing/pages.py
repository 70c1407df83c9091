"""What the tests of the page share: a running `ttc view`, and documents without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx

from ttc.view.documents import DOCUMENTS
from ttc.view.library import Library


class Server(NamedTuple):
    """A running `ttc view`: the address that it printed, and a client that has its cookie."""

    process: subprocess.Popen[str]
    url: str
    base: str
    token: str
    client: httpx.Client

    def get(self, name: str, **given: object) -> httpx.Response:
        return self.client.get(f"api/{name}", params={k: str(v) for k, v in given.items()})

    def document(self, name: str, **given: object) -> Any:
        response = self.get(name, **given)
        assert response.status_code == 200, response.text
        return response.json()


@contextmanager
def serving(store: Path, *args: str) -> Iterator[Server]:
    """Start `ttc view` over a store, and end it."""
    command = [sys.executable, "-m", "ttc.cli.main", "view", *args]
    process = subprocess.Popen(
        [*command, "--no-open", "--json", "--db", str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert process.stdout is not None
    try:
        said = ""
        while not said.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            said += line
        url = json.loads(said)["url"]
        parts = urlsplit(url)
        base, token = f"http://{parts.netloc}/", parse_qs(parts.query)["token"][0]
        with httpx.Client(base_url=base, trust_env=False, timeout=30) as client:
            client.get(url, follow_redirects=True)
            yield Server(process, url, base, token, client)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def document(library: Library, name: str, **given: object) -> dict[str, Any]:
    """Return a document of a library."""
    return DOCUMENTS[name](library, {key: str(value) for key, value in given.items()})
