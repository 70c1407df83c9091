"""A server that answers as the Hugging Face Hub does for one dataset, `owner/name`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

REVISION = "0123456789abcdef0123456789abcdef01234567"
CARD = b"""---
configs:
- config_name: main
  data_files:
  - split: train
    path: main/train.jsonl
  - split: test
    path: main/test.jsonl
- config_name: other
  data_files:
  - split: train
    path: other/train.jsonl
  - split: dev
    path: other/dev.jsonl
---
"""
FILES = {
    "README.md": CARD,
    "main/train.jsonl": b'{"question": "Three?", "answer": "3"}\n',
    "main/test.jsonl": b'{"question": "One?", "answer": "1"}\n'
    b'{"question": "Two?", "answer": "2"}\n',
    "other/train.jsonl": b'{"question": "x?", "answer": "1"}\n',
    "other/dev.jsonl": b'{"question": "y?", "answer": "1"}\n',
}


class Handler(BaseHTTPRequestHandler):
    """Answers what the packages datasets and huggingface_hub ask for."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _send(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer with the dataset, its files, or 404."""
        path = self.path.partition("?")[0]
        about, files = "/api/datasets/owner/name", "/datasets/owner/name/resolve/"
        if path.startswith(f"{about}/tree/"):
            inside = "/".join(path.removeprefix(f"{about}/tree/").split("/")[1:])
            found = [_entry(name) for name in FILES if name.startswith(f"{inside}/")]
            self._send(200, json.dumps(found).encode(), Content_Type="application/json")
        elif path.startswith(about):
            self._send(200, json.dumps(_about()).encode(), Content_Type="application/json")
        elif path.startswith(files):
            self._file("/".join(path.removeprefix(files).split("/")[1:]))
        else:
            self._send(404, b'{"error": "Repository not found"}', X_Error_Code="RepoNotFound")

    def _file(self, name: str) -> None:
        if name not in FILES:
            self._send(404, X_Error_Code="EntryNotFound", X_Repo_Commit=REVISION)
        else:
            etag = f'"{_digest(name)}"'
            self._send(200, FILES[name], ETag=etag, X_Repo_Commit=REVISION, Accept_Ranges="bytes")


def _digest(name: str) -> str:
    return hashlib.sha1(FILES[name]).hexdigest()


def _entry(name: str) -> dict[str, Any]:
    return {"type": "file", "path": name, "size": len(FILES[name]), "oid": _digest(name)}


def _about() -> dict[str, Any]:
    return {
        "_id": "1",
        "id": "owner/name",
        "sha": REVISION,
        "private": False,
        "disabled": False,
        "gated": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "createdAt": "2024-01-01T00:00:00.000Z",
        "siblings": [{"rfilename": name} for name in FILES],
    }


@contextmanager
def serving() -> Iterator[str]:
    """Run the server; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
