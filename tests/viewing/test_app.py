"""Who may ask the server, and what it answers."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from commands import TTC, Ttc
from viewing.demo_store import HARD, HOSTILE
from viewing.pages import Server, document, serving

from ttc.view.library import Library

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}


def bare(server: Server, path: str, **how: object) -> httpx.Response:
    """Ask without a cookie."""
    with httpx.Client(base_url=server.base, trust_env=False) as client:
        return client.get(path, **how)  # type: ignore[arg-type]


def test_the_address_sets_the_cookie_and_is_cleaned(server: Server) -> None:
    answer = bare(server, server.url)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    kept = bare(server, f"{server.base}api/pools?token={server.token}&x=1")
    assert kept.headers["location"] == "/api/pools?x=1"
    # A path with two slashes would name another host.
    away = bare(server, f"{server.base}/evil.example/?token={server.token}")
    assert away.headers["location"] == "/evil.example/"


@pytest.mark.parametrize("path", ["", "api/pools", "js/app.js", "api/draw?pool=demo", "?token=x"])
def test_nobody_else_is_answered(server: Server, path: str) -> None:
    answer = bare(server, path)
    assert answer.status_code == 403
    assert "the whole address that ttc view printed" in answer.text
    assert "set-cookie" not in answer.headers
    wrong = bare(server, path, headers={"Authorization": "Bearer nonsense", "Cookie": "a=b; =;c"})
    assert wrong.status_code == 403
    half = bare(server, path, params={"token": server.token[:-1]})
    assert half.status_code == 403


def test_a_script_may_send_the_token_in_a_header(server: Server) -> None:
    answer = bare(server, "api/pools", headers={"Authorization": f"Bearer {server.token}"})
    assert answer.json()["pools"][0]["pool"] == "demo"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:80", "localhost.", "", "x:1"]
)
def test_another_name_for_this_machine_is_refused(server: Server, host: str) -> None:
    answer = server.client.get("api/pools", headers={"Host": host})
    assert answer.status_code in (400, 403)
    assert "pools" not in answer.text


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1", "[::1]:80", "LOCALHOST"])
def test_the_names_of_this_machine_are_not(server: Server, host: str) -> None:
    assert server.client.get("api/pools", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_it_only_reads(server: Server, method: str) -> None:
    answer = server.client.request(method, "api/pools")
    assert answer.status_code == 405
    head = server.client.head("api/pools")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("path", ["api/pools", "api/none", "", "nothing"])
def test_every_answer_has_the_headers(server: Server, path: str) -> None:
    for answer in (server.client.get(path), bare(server, path)):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["../app.py", "%2e%2e/app.py", "js/../../app.py", "..%2f..%2fsession.py", "\\..\\app.py"],
)
def test_only_the_files_of_the_page_are_served(server: Server, path: str) -> None:
    with socket.create_connection(("127.0.0.1", int(server.base.split(":")[2].strip("/")))) as raw:
        cookie = f"Authorization: Bearer {server.token}"
        raw.sendall(f"GET /{path} HTTP/1.0\r\nHost: localhost\r\n{cookie}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert b" 404 " in answer.splitlines()[0]
    assert b"def make" not in answer


def test_documents_are_those_of_the_library(server: Server, library: Library) -> None:
    for name, given in (
        ("pools", {}),
        ("overview", {"pool": "demo"}),
        ("problems", {"pool": "demo", "filter": "vote-wrong", "sort": "-accuracy"}),
        ("draws", {"pool": "demo", "filter": "group:level=Level%201,wrong", "search": "answer"}),
        ("problem", {"pool": "demo", "problem": HARD.id}),
        ("draw", {"pool": "demo", "problem": "sum/1", "index": 2}),
        ("tree", {"pool": "beams", "problem": "sum/1"}),
        ("curves", {"pool": "other"}),
        ("compare", {"a": "demo", "b": "other"}),
    ):
        assert server.document(name, **given) == document(library, name, **given)


@pytest.mark.parametrize(
    ("name", "given", "status", "line"),
    [
        ("overview", {"pool": "oter"}, 404, "did you mean other?"),
        ("nothing", {}, 404, "there is no document 'nothing'"),
        ("problem", {"pool": "demo", "problem": "x\ny\x1b[31m"}, 404, "ttc show demo lists them"),
        ("draws", {"pool": "demo", "page": "-1"}, 400, "whole number"),
        ("curves", {"pool": "beams"}, 400, "ttc verify beams"),
        ("overview", {"pool": "x" * 9000}, 414, "at most 8192"),
    ],
)
def test_errors_are_json_with_the_remedy(
    server: Server, name: str, given: dict[str, str], status: int, line: str
) -> None:
    answer = server.get(name, **given)
    assert answer.status_code == status
    assert line in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_a_hostile_sample_arrives_as_it_is(server: Server) -> None:
    for index, text in enumerate(HOSTILE):
        answer = server.get("draw", pool="demo", problem=HARD.id, index=index)
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["text"] == text.replace("\ud800", "\ufffd")[:1_000_000]


def test_ctrl_c_ends_it_with_one_line(demo: Path) -> None:
    for signum, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with serving(demo) as server:
            server.process.send_signal(signum)
            _, said = server.process.communicate(timeout=20)
            assert server.process.returncode == code
            assert said.splitlines()[-1] == "ttc view has ended"
            assert "Traceback" not in said
            assert server.token not in said


def test_a_port_that_is_taken_is_said(ttc: Ttc, demo: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = ttc("view", "--no-open", "--port", port, "--db", demo)
    assert done.code == 2
    assert "another program listens there" in done.err


@pytest.mark.parametrize(
    ("args", "code", "line"),
    [
        (("nope",), 2, "no pool 'nope'"),
        (("demo", "-V", "regex"), 2, "no verdicts by regex"),
        (("--db", "missing.db"), 6, "no store there yet; ttc sample creates one"),
        (("demo", "--db", "missing.db"), 2, "no store yet"),
        (("--port", "99999"), 2, "65535"),
    ],
)
def test_errors_of_the_command(
    ttc: Ttc, demo: Path, args: tuple[str, ...], code: int, line: str
) -> None:
    where = () if "--db" in args else ("--db", demo)
    done = ttc("view", "--no-open", *args, *where)
    assert done.code == code
    assert line in done.err
    assert len(done.err.splitlines()) == 1


def test_without_the_extra_one_line_says_how_to_install_it(demo: Path, tmp_path: Path) -> None:
    hide = tmp_path / "sitecustomize.py"
    hide.write_text(
        "import importlib.util as u\n_find, _hidden = u.find_spec, ('starlette', 'uvicorn')\n"
        "u.find_spec = lambda name, *a: None if name in _hidden else _find(name, *a)\n"
    )
    env = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*TTC, "view", "--db", str(demo)], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "ttc view needs starlette and uvicorn" in done.stderr
    assert "[view]" in done.stderr
    exported = subprocess.run(
        [*TTC, "view", "other", "--export", str(tmp_path / "out"), "--db", str(demo)],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert exported.returncode == 0, exported.stderr


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys; import ttc.cli.commands.view; "
        "print([m for m in ('starlette', 'uvicorn', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_many_ask_at_once(server: Server) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def ask(at: int) -> int:
        name = ("draws", "problems", "overview", "curves")[at % 4]
        return server.get(name, pool=("demo", "other")[at % 2]).status_code

    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(64))) == {200}
    assert time.monotonic() - began < 30
