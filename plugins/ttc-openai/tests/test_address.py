"""Where a model is, which key goes there and to nobody else, and what a fingerprint is made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ttc.backends import Backend, Request
from ttc.cli.main import run
from ttc.errors import UsageError
from ttc.records import Message
from ttc.testing.http_server import ScriptedServer
from ttc_openai import open_openai, server_traits
from ttc_openai.address import Address, is_private, key_for, normalize_url, origin, parse
from ttc_openai.backend import describe
from ttc_openai.server_traits import ServerTraits

Serve = Callable[..., ScriptedServer]
SECRET = "sk-secret"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
        ("HTTPS://API.Example.com:443/openai/v1", "https://api.example.com/openai/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_base_urls_have_one_form(given: str, meant: str) -> None:
    assert normalize_url(given) == meant


@pytest.mark.parametrize(
    "given", ["localhost:8000", "ftp://x/v1", "http:///v1", "http://x:0", "http://x:y", "http://["]
)
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(UsageError):
        normalize_url(given)


@pytest.mark.parametrize("url", [f"http://me:{SECRET}@x/v1", f"https://x/v1?key={SECRET}"])
def test_secrets_in_an_address_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        normalize_url(url)
    assert SECRET not in str(refused.value)


def test_what_names_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://gpu:8000/v1"
    assert parse(f"{url}#org/model:7b", None) == Address(url, "org/model:7b")
    assert parse(url, None) == Address(url, "")
    assert parse("m", url) == Address(url, "m")
    assert parse("m", None) == Address("https://api.openai.com/v1", "m")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://one:1/v1")
    assert parse("m", None).base_url == "http://one:1/v1"
    monkeypatch.setenv("TTC_OPENAI_BASE_URL", "http://two:2")
    assert parse("m", None).base_url == "http://two:2/v1"
    for spec, alias in (("", None), (url, url)):
        with pytest.raises(UsageError):
            parse(spec, alias)


# Keys.


def key(url: str) -> str | None:
    return key_for(Address(normalize_url(url), "m"))


def test_a_key_is_for_one_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert key("https://api.openai.com/v1") == SECRET
    others = ["http://api.openai.com", "https://api.openai.com.evil.example", "http://localhost"]
    assert [key(url) for url in [*others, "https://api.openai.com:8443"]] == [None] * 4
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    assert key("http://localhost:8000/other") == SECRET
    assert key("https://api.openai.com/v1") is None
    assert key("http://localhost:8001") is None


def test_keys_of_several_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = "https://a-b.example=one==, http://gpu:8000=two"
    monkeypatch.setenv("TTC_OPENAI_KEYS", pairs)
    assert key("https://a-b.example/v1") == "one=="
    assert key("http://gpu:8000") == "two"
    assert key("https://a.b.example") is None
    monkeypatch.setenv("TTC_OPENAI_KEYS", "justakey")
    with pytest.raises(UsageError) as refused:
        key("http://gpu:8000")
    assert "justakey" not in str(refused.value)


def test_the_keyring_is_asked_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ring, errors = ModuleType("keyring"), ModuleType("keyring.errors")

    class KeyringError(Exception):
        pass

    def get(service: str, user: str) -> str | None:
        if user == "https://broken.example":
            raise KeyringError("locked")
        return SECRET if (service, user) == ("ttc", "https://kept.example") else None

    class NoKeyringError(KeyringError):
        pass

    ring.get_password, errors.KeyringError = get, KeyringError  # type: ignore[attr-defined]
    errors.NoKeyringError = NoKeyringError  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "keyring", ring)
    monkeypatch.setitem(__import__("sys").modules, "keyring.errors", errors)
    assert key("https://kept.example") == SECRET
    assert key("https://other.example") is None
    assert key("https://broken.example") is None
    assert "https://broken.example is asked without a key" in caplog.text
    assert "locked" in caplog.text


def ask(backend: Backend) -> None:
    backend.submit(Request("a", (Message("user", "Hello"),)))
    backend.wait()
    backend.close()


def test_a_key_is_sent_to_its_server_and_to_no_other(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = serve(), serve()
    monkeypatch.setenv("TTC_OPENAI_KEYS", f"{origin(own.url)}={SECRET}")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: sk-openai")
    for server in (own, other):
        ask(open_openai(f"{server.url}#scripted", {}))
    assert {headers["authorization"] for _, headers, _ in own.asked} == {f"Bearer {SECRET}"}
    sent = " ".join(value for _, headers, _ in other.asked for value in headers.values())
    assert "authorization" not in other.asked[-1][1]
    assert not [secret for secret in (SECRET, "sk-openai", "org-mine") if secret in sent]


def test_a_project_file_gets_no_key(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A cloned repository names a server of its own, which is to receive the user's key."""
    evil = serve()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    Path("ttc.toml").write_text(
        f'model = "it"\n[models.it]\nmodel = "openai:scripted"\nbase_url = "{evil.url}"\n'
    )
    assert run(["solve", "What is 1 + 1?", "-n", "2", "-q"]) == 0
    assert evil.bodies
    assert not any("authorization" in headers for _, headers, _ in evil.asked)
    Path("ttc.toml").write_text(f'[models.it]\nmodel = "openai:m"\napi_key = "{SECRET}"\n')
    capsys.readouterr()
    assert run(["solve", "What is 1 + 1?", "-m", "it"]) == 2
    told = capsys.readouterr().err
    assert "api_key may not be in a settings file" in told
    assert SECRET not in told


@pytest.mark.parametrize(
    "options",
    [{"slots": 3}, {"concurrency": 0}, {"concurrency": "many"}, {"timeout": -1}, {"base_url": 3}],
)
def test_options_that_are_wrong(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="openai: "):
        open_openai("m", options)


# What a model is.


def fingerprint(
    url: str, model: str = "m", traits: ServerTraits | None = None, rev: str = ""
) -> str:
    return describe(Address(normalize_url(url), model), traits or ServerTraits(), rev).fingerprint


def test_own_servers_are_told_by_their_model_alone() -> None:
    own = ["http://localhost:8000", "http://127.0.0.1:9", "http://[::1]:9", "http://gpu:8000/x/v1"]
    own += ["http://192.168.1.7", "http://10.0.0.1", "http://box.local", "https://a.internal"]
    assert len({fingerprint(url) for url in own}) == 1
    public = ["https://api.openai.com", "https://a.example", "https://8.8.8.8"]
    assert len({fingerprint(url) for url in [*public, own[0]]}) == 4
    assert fingerprint("https://a.example/v1") == fingerprint("https://a.example:444/other/v1")
    assert is_private("localhost")
    assert not is_private("example.com")


def test_what_else_tells_models_apart() -> None:
    url = "http://gpu:8000"
    weighed = ServerTraits(weights={"n_params": 7})
    prints = [fingerprint(url, "n"), fingerprint(url, rev="2"), fingerprint(url, traits=weighed)]
    assert len({fingerprint(url), *prints}) == 4
    # What a server does is no part of it.
    assert fingerprint(url, traits=ServerTraits(seed=True, probed=True)) == fingerprint(url)
    assert describe(Address(url, "/models/a.gguf"), ServerTraits(), "").name == "a.gguf"
    assert fingerprint(url, "/models/a.gguf") == fingerprint(url, "/else/where/a.gguf")


def test_traits_are_kept_and_nonsense_is_not_believed() -> None:
    address = Address("http://kept:1/v1", "m")
    assert server_traits.read(address) == ServerTraits()
    traits = replace(
        ServerTraits(), seed=True, prefix="trailing turn", weights={"size": 3}, probed=True
    )
    path = server_traits.write(address, traits)
    assert server_traits.read(address) == traits
    assert server_traits.read(replace(address, model="n")) == ServerTraits()
    told = json.loads(path.read_text())
    assert (told["server"], told["model"]) == ("http://kept:1/v1", "m")
    for text in ("", "[]", '{"schema": 9}', '{"schema": 1, "traits": 3}'):
        path.write_text(text)
        assert server_traits.read(address) == ServerTraits()
