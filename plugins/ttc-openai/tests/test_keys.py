"""A key is shown nowhere: not by a server that repeats it in every way, not by faults of ours."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest

from ttc.backends import Backend
from ttc.cli.main import run
from ttc.errors import UsageError
from ttc.messages import secrets
from ttc.testing.http_server import ScriptedServer
from ttc_openai import open_openai
from ttc_openai.address import Address, is_loopback, key_for, normalize_url
from ttc_openai.backend import OpenAI

Serve = Callable[..., ScriptedServer]
KEY = "sk-Hunter2/ab+cd&ef=Gh\"ij'kl"


def spellings() -> list[str]:
    """Return the key as a server may repeat it."""
    user = base64.b64encode(f"user:{KEY}".encode()).decode()
    found = [KEY, repr(KEY), json.dumps(KEY), quote(KEY, safe=""), user, KEY.upper()]
    return [*found, base64.b64encode(KEY.encode()).decode(), repr(f"Bearer {KEY}".encode())]


def shown(text: str) -> list[str]:
    """Return what of the key a text shows."""
    pieces = [KEY[at : at + 8] for at in range(3, len(KEY) - 8)]
    encoded = [base64.b64encode(f"{'x' * n}{KEY}".encode()).decode()[8:24] for n in range(3)]
    escaped = [quote(KEY, safe="")[3:15], json.dumps(KEY)[4:14]]
    return [each for each in (*pieces, *encoded, *escaped) if each.lower() in text.lower()]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTC_DB", str(tmp_path / "ttc.db"))
    monkeypatch.setenv("TTC_HOME", str(tmp_path / "home"))
    yield
    secrets._known.clear()


class Parrot(BaseHTTPRequestHandler):
    """Repeats the key wherever a server can say something."""

    mode: ClassVar[str] = ""
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """List the models."""
        if self.mode == "models 401":
            self.answer(401, {"error": {"message": " ".join(spellings())}})
        elif self.mode == "models html":
            self.answer(200, f"<html>{KEY}</html>".encode())
        elif self.mode == "models text":
            self.answer(200, f"{KEY} is your key".encode())
        elif self.mode == "models named":
            rows = [{"id": f"m-{said}", "root": said} for said in spellings()]
            self.answer(200, {"data": rows})
        elif self.mode == "only model":
            self.answer(200, {"data": [{"id": f"m {KEY}", "root": KEY, "meta": {"size": KEY}}]})
        elif self.mode == "redirect":
            self.answer(302, b"", {"Location": f"https://else.example/{quote(KEY, safe='')}/v1"})
        else:
            self.answer(200, {"data": [{"id": "m", "root": KEY}]})

    def do_POST(self) -> None:
        """Complete, more or less."""
        self.rfile.read(int(self.headers["Content-Length"]))
        said = " ".join(spellings())
        if self.mode.isdecimal():
            self.answer(int(self.mode), {"error": {"message": said, "param": KEY}})
        elif self.mode == "malformed":
            self.answer(200, f'{{"{KEY}'.encode())
        elif self.mode == "page":
            self.answer(200, f"<html>{said}</html>".encode(), {"X-Key": KEY})
        elif self.mode == "status line":
            self.send_response(400, f"no {KEY}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.mode == "told":
            self.answer(200, {"error": {"message": said, "code": 500}})
        elif self.mode == "finish":
            self.choice("hello", KEY)
        else:
            self.choice(f"The answer is 24, {said}", "stop")

    def choice(self, text: str, finish: str) -> None:
        """Answer with a completion."""
        choice = {"index": 0, "message": {"content": text}, "finish_reason": finish}
        self.answer(200, {"choices": [choice], "usage": {"completion_tokens": 3}})

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Send an answer that repeats the key in a header as well."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"X-Echo": f"Bearer {KEY}", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(scope="module")
def parrot() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Parrot) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def everything(folder: Path) -> str:
    """Return all bytes of all files below a folder, and their names."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    texts = [path.read_bytes().decode("latin-1") for path in files]
    return "\n".join([*map(str, files), *texts])


MODES = ["models 401", "models html", "models text", "models named", "redirect", "only model"]
MODES += ["400", "401", "403", "404", "407", "418", "422", "500"]
MODES += ["malformed", "page", "status line", "told", "finish", "text"]


@pytest.mark.parametrize("mode", MODES)
def test_a_server_that_repeats_the_key(
    parrot: str,
    mode: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Parrot, "mode", mode)
    monkeypatch.setenv("OPENAI_BASE_URL", parrot)
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\r\n")
    unnamed = mode.startswith(("models", "redirect", "only"))
    spec = parrot if unnamed else f"{parrot}#m"
    options = f'[models.it]\nmodel = "openai:{spec}"\nretries = 0\n'
    (tmp_path / "ttc.toml").write_text(options)
    (tmp_path / "data.jsonl").write_text('{"id": "a", "question": "What is 6 times 4?"}\n')
    args = ["sample", "data.jsonl", "-n", "2", "-m", "it", "--pool", "p", "-o", "out.jsonl", "-vv"]
    code = run(args)
    told = capsys.readouterr()
    assert code == (0 if mode in ("text", "only model") else 3), told.err
    assert run(["show", "p", "a", "--json"]) in (0, 2, 6)
    run(["models", "it"])
    more = capsys.readouterr()
    assert not shown(told.out + told.err + more.out + more.err), told.err
    assert not shown(everything(tmp_path))
    if mode in ("text", "only model"):
        assert "a draw's text contained a key" in told.err
    elif mode not in ("models html", "page", "status line"):
        assert secrets.MASK in told.err


def test_logs_and_tracebacks_of_libraries(
    parrot: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data.jsonl").write_text('{"id": "a", "question": "What is 6 times 4?"}\n')
    name = parrot.removesuffix("/v1")
    env = {"OPENAI_LOG": "debug", "TTC_OPENAI_KEYS": f"{name}={KEY}", "PYTHONFAULTHANDLER": "1"}
    for mode, code in (("text", 0), ("401", 3)):
        monkeypatch.setattr(Parrot, "mode", mode)
        args = [
            "sample",
            "data.jsonl",
            "-n",
            "1",
            "-m",
            f"{parrot}#m",
            "--pool",
            mode,
            "-vv",
            "--seed",
            str(code),
        ]
        done = subprocess.run(
            [sys.executable, "-m", "ttc.cli.main", *args],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **env},
        )
        assert done.returncode == code, done.stderr
        assert "HTTP" in done.stderr
        assert not shown(done.stdout + done.stderr)


# What is a key.


def key(url: str = "https://api.openai.com/v1") -> str | None:
    return key_for(Address(normalize_url(url), "m"))


@pytest.mark.parametrize("around", ["{}\r\n", "\n{}", " {}\t", "\r{}\r", "{}\u00a0"])
def test_white_space_around_a_key_is_taken_off(
    around: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", around.format(KEY))
    assert key() == KEY


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ("\r", "a carriage return"),
        ("\n", "a line break"),
        (" ", "a blank"),
        ("\t", "a tab"),
        ("\x1b", "the character U+001B"),
        ("\x7f", "the character U+007F"),
        ("é", "the character U+00E9"),
        ("\u200b", "the character U+200B"),
        ("\ufeff", "the character U+FEFF"),
        ("\udcff", "the character U+DCFF"),
    ],
)
def test_a_key_that_no_header_holds_is_refused_unseen(
    inside: str,
    kind: str,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = serve()
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}{inside}{KEY}")
    assert run(["solve", "Hello?", "-m", f"{server.url}#scripted", "-vv"]) == 2
    told = capsys.readouterr().err
    assert f"OPENAI_API_KEY contains {kind}, which no key does; set it again" in told
    assert not shown(told)
    assert not server.asked


def test_other_places_of_keys_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTC_OPENAI_KEYS", f"https://a.example={KEY}\x00".replace("\x00", "\x1b"))
    with pytest.raises(
        UsageError, match=r"the key of https://a\.example in TTC_OPENAI_KEYS contains"
    ):
        key("https://a.example/v1")
    for pairs in ("http://[=k", "http://h:port=k", "https://a.example=", "=k"):
        monkeypatch.setenv("TTC_OPENAI_KEYS", pairs)
        with pytest.raises(UsageError, match="TTC_OPENAI_KEYS: write"):
            key("https://a.example/v1")
    monkeypatch.setenv("TTC_OPENAI_KEYS", "")
    monkeypatch.setenv("OPENAI_API_KEY", " \n")
    assert key() is None


# Proxies and certificates.


@pytest.fixture
def proxied(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """A proxy that the environment names, and that answers itself."""
    proxy = serve(key="none of yours")
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    url = proxy.url.replace("http://", "http://me:pa55word@").removesuffix("/v1")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, url)
    return proxy


def drawn(model: str) -> int:
    return run(["solve", "Hello?", "-n", "2", "-m", model])


def test_loopback_goes_through_no_proxy(
    serve: Serve, proxied: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    monkeypatch.setenv("TTC_OPENAI_KEYS", f"{server.url.removesuffix('/v1')}={KEY}")
    assert drawn(f"{server.url}#scripted") == 0
    assert drawn(f"{server.url.replace('127.0.0.1', 'localhost')}#scripted") == 0
    assert server.bodies
    assert not proxied.asked


def test_unless_it_is_told_to(
    serve: Serve,
    proxied: ScriptedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = serve()
    own = tmp_path / "own.toml"
    own.write_text(f'[models.it]\nmodel = "openai:{server.url}#scripted"\nproxy = true\n')
    assert run(["solve", "Hello?", "-m", "it", "--config", str(own)]) == 3
    assert proxied.asked
    assert not server.asked
    # A project may not send it there.
    (tmp_path / "ttc.toml").write_text(own.read_text())
    capsys.readouterr()
    assert drawn("it") == 2
    assert "proxy may not be set by a project" in capsys.readouterr().err


def test_other_hosts_go_through_it_and_it_is_named(
    proxied: ScriptedServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = "http://gpu.example:8000/v1#scripted"
    proxied.behaviour.always = "html"
    assert drawn(model) == 3
    assert proxied.asked
    gone = "http://127.0.0.1:9"
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, gone)
    capsys.readouterr()
    assert drawn(model) == 3
    told = capsys.readouterr().err
    assert f"through the proxy {gone} (" in told
    assert "set NO_PROXY=gpu.example to bypass it" in told
    assert "pa55word" not in told


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "127.1", "0"),
        *("0x7f000001", "2130706433", "::1", "::ffff:127.0.0.1", "0.0.0.0"),
    ],
)
def test_this_machine_has_many_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "128.0.0.1", "127.0.0.1.example", "gpu"])
def test_what_is_not_this_machine(host: str) -> None:
    assert not is_loopback(host)


def test_a_certificate_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil
    import ssl

    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not on PATH")
    files = ["-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost"]
    line = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", *files]
    line += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([program, *line], check=True, capture_output=True)
    monkeypatch.setattr(Parrot, "mode", "text")
    with ThreadingHTTPServer(("127.0.0.1", 0), Parrot) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("cert.pem", "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        model = f"https://localhost:{server.server_port}/v1#m"
        assert drawn(model) == 3
        assert "SSL_CERT_FILE=FILE.pem" in capsys.readouterr().err
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert drawn(model) == 0
        server.shutdown()


@pytest.mark.parametrize("held", [None, "", "no certificate"])
def test_certificates_that_cannot_be_read(
    held: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own.pem"
    if held is not None:
        path.write_text(held)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    backend = open_openai("https://localhost:1/v1#m", {})
    assert isinstance(backend, OpenAI)
    (found,) = backend.check()
    assert not found.works
    assert f"SSL_CERT_FILE={path}: no certificates can be read there" in found.detail


def test_a_short_key_leaves_answers_alone(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that want any key get `none`, which is a word."""
    server = serve(models=("scripted",))
    monkeypatch.setenv("TTC_OPENAI_KEYS", f"{server.url.removesuffix('/v1')}=fox")
    backend: Backend = open_openai(f"{server.url}#scripted", {})
    assert "fox" not in secrets.redacted("fox")
    assert secrets.redacted("the fox", said_by_model=True) == "the fox"
    backend.close()
