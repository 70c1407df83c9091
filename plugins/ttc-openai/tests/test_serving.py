"""Which model answers: what lists of models say and do not say, and servers that share a name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ttc.cli.main import run
from ttc.errors import BackendError
from ttc.messages import notes
from ttc.testing.http_server import ScriptedServer
from ttc_openai.address import Address
from ttc_openai.model_list import ModelList
from ttc_openai.serving import check_same_weights, find_difference, same_weights

Serve = Callable[..., ScriptedServer]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTC_DB", str(tmp_path / "ttc.db"))
    monkeypatch.setenv("TTC_HOME", str(tmp_path / "home"))
    notes.hush(False)


def ask(spec: str, *args: str) -> int:
    return run(["solve", "What is 1 + 1?", "-n", "2", "-m", spec, *args])


# Lists.


@pytest.mark.parametrize(
    ("listing", "told"),
    [
        ([{"id": "scripted"}], ""),
        ({"models": [{"id": "scripted"}]}, ""),
        ({"data": [{"id": "*"}]}, ""),
        ({"data": [{"id": "openai/*"}, {"id": "scri*"}]}, ""),
        ({"data": [{"id": "models/scripted"}]}, ""),
        ({"data": [{"id": "scripted:latest"}]}, ""),
        ({"data": [{"id": "script"}]}, "lacks 'scripted' (did you mean script?); using it"),
        ({"data": [{"id": "other/*"}]}, "lacks 'scripted' (it has other/*); using it"),
        ({"data": []}, "lacks 'scripted' (it has none); using it"),
        ({"data": None}, "JSON that holds no list of models; using 'scripted' anyway"),
        ({"detail": "nothing"}, "JSON that holds no list of models; using"),
        ("later", "JSON that holds no list of models; using"),
        (403, "does not list its models without a key (403 no list for you); using"),
        (404, "has no list of its models (404); using"),
        (405, "has no list of its models (405); using"),
        (500, "does not list its models (500 no list for you); using"),
        (418, "does not list its models (418 no list for you); using"),
    ],
)
def test_a_model_that_is_named_is_asked_for(
    serve: Serve, capsys: pytest.CaptureFixture[str], listing: Any, told: str
) -> None:
    server = serve(listing=listing)
    assert ask(f"{server.url}#scripted") == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == (2 if told else 1), lines
    assert told in lines[0]
    assert ask(f"{server.url}#scripted", "-q", "--seed", "2") == 0
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("listing", "told"),
    [
        (403, "does not list its models without a key"),
        (404, "has no list of its models (404)"),
        (500, "does not list its models (500"),
        ({"data": []}, "lists no models"),
        ({"data": None}, "JSON that holds no list of models"),
        ({"data": [{"id": "a"}, {"id": "b"}]}, "has a, b"),
    ],
)
def test_a_model_that_is_not_named(
    serve: Serve, capsys: pytest.CaptureFixture[str], listing: Any, told: str
) -> None:
    server = serve(listing=listing)
    assert ask(server.url) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert line.endswith(f"; name one, -m {server.url}#MODEL")


def test_a_key_that_is_refused_is_not_a_missing_list(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(listing=401)
    assert ask(f"{server.url}#scripted") == 3
    assert "needs a key; set TTC_OPENAI_KEYS=" in capsys.readouterr().err
    assert not server.bodies


def test_the_one_model_of_a_bare_list_is_found(serve: Serve) -> None:
    assert ask(serve(listing=[{"id": "scripted"}]).url) == 0


@pytest.mark.parametrize("model", ["", "#scripted"])
def test_a_path_without_v1(serve: Serve, capsys: pytest.CaptureFixture[str], model: str) -> None:
    server = serve(base="/llm/v1")
    root = server.url.removesuffix("/v1")
    assert ask(f"{root}/llm{model}") == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"the API is below /v1 of this address; write -m {root}/llm/v1{model}")
    assert ask(f"{root}/llm/v1{model}") == 0


def test_names_in_a_list() -> None:
    found = ModelList({"a:latest": {}, "models/b": {}, "c": {}, "c*": {}, "[x]": {}})
    names = [found.find(name) for name in ("a", "b", "c", "cc", "d", "x", "[x]")]
    assert names == ["a:latest", "models/b", "c", "c*", None, None, "[x]"]
    assert ModelList(None).find("a") is None


# Two servers, one name.


def rows(**meta: Any) -> dict[str, Any]:
    root = meta.pop("root", None)
    row = {"id": "scripted", "meta": meta} | ({"root": root} if root else {})
    return {"data": [row]}


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"size": 7, "n_params": 3}, {"size": 7, "n_params": 3}, ""),
        ({"root": "org/model"}, {"root": "org/model"}, ""),
        ({}, {}, "unknown whether the models are the same"),
        (
            {"root": "/a/model"},
            {"root": "/b/model"},
            "unknown whether the models are the same",
        ),
        ({"n_vocab": 5}, {"n_vocab": 5}, "unknown whether the models are the same"),
        ({"size": 7}, {"root": "x"}, "unknown whether the models are the same"),
    ],
)
def test_another_server_with_the_same_name(
    serve: Serve,
    capsys: pytest.CaptureFixture[str],
    one: dict[str, Any],
    other: dict[str, Any],
    told: str,
) -> None:
    first, second = serve(listing=rows(**one)), serve(listing=rows(**other))
    assert ask(f"{first.url}#scripted") == 0
    assert ask(f"{first.url}#scripted", "-n", "3") == 0
    capsys.readouterr()
    assert ask(f"{second.url}#scripted", "-n", "4") == 0
    line, *rest = capsys.readouterr().err.splitlines()
    assert bool(rest) == bool(told)
    if told:
        assert told in line
        assert second.url in line
        assert first.url.replace("127.0.0.1", "localhost") in line
        assert "revision" in line
    # Once it is said, both are known.
    assert ask(f"{second.url}#scripted", "-n", "5") == 0
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_other_weights_under_one_name_are_refused(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = serve(listing=rows(size=7)), serve(listing=rows(size=8))
    assert ask(f"{first.url}#scripted") == 0
    capsys.readouterr()
    assert ask(f"{second.url}#scripted", "-n", "4") == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "size 8 here, 7 there" in line
    assert not second.bodies
    # Both ways out work.
    alias = f'[models.it]\nmodel = "openai:{second.url}#scripted"\nrevision = "second"\n'
    Path("ttc.toml").write_text(alias)
    assert ask("it") == 0
    assert run(["models", "probe", f"{second.url}#scripted"]) == 0
    assert ask(f"{second.url}#scripted") == 0


def test_a_server_that_changes_its_weights(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(listing=rows(size=7))
    assert ask(f"{server.url}#scripted") == 0
    server.behaviour.listing = rows(size=8)
    assert ask(f"{server.url}#scripted", "-n", "3") == 3
    assert "other weights than it did before" in capsys.readouterr().err
    # What is there needs no server.
    assert ask(f"{server.url}#scripted") == 0


def test_names_of_this_machine_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(notes, "tell", said.append)
    for host in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST"):
        check_same_weights(Address(f"http://{host.lower()}:8000/v1", "m"), "print", {})
    assert not said
    check_same_weights(Address("http://gpu:8000/v1", "m"), "print", {})
    assert len(said) == 1
    check_same_weights(Address("http://gpu:8000/v1", "m"), "another print", {})
    assert len(said) == 1
    check_same_weights(Address("http://gpu:8000/v1", "m"), "print", {"id": "m", "size": 3})
    with pytest.raises(BackendError, match="size 4 here, 3 there"):
        check_same_weights(Address("http://gpu:9000/v1", "m"), "print", {"id": "m", "size": 4})


def test_what_is_kept_may_be_broken(tmp_path: Path) -> None:
    check_same_weights(Address("http://a:1/v1", "m"), "print", {"size": 3})
    (path,) = (tmp_path / "home").rglob("*.serving.json")
    assert json.loads(path.read_text())["servers"] == {"http://a:1/v1": {"size": 3}}
    for text in ("", "[]", '{"servers": 3}', '{"servers": {"x": 3}}', '{"servers": null}'):
        path.write_text(text)
        check_same_weights(Address("http://a:1/v1", "m"), "print", {"size": 4})


def test_what_agrees() -> None:
    assert find_difference({"size": 1, "root": "a"}, {"size": 1, "root": "b"}) is None
    assert same_weights({"size": 1, "root": "a"}, {"size": 1, "root": "b"})
    assert not same_weights({"size": 1, "n_vocab": 2}, {"size": 1, "n_vocab": 3})
    assert not same_weights({}, {"size": 1})
