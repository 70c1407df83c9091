"""What a server refuses although it is off is left out, and keyed as unset; never anything else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ttc.api import sample
from ttc.cli.main import run
from ttc.errors import BackendError
from ttc.testing.http_server import ScriptedServer
from ttc_openai import server_traits
from ttc_openai.address import Address

Serve = Callable[..., ScriptedServer]
Json = dict[str, Any]


def refusing(*names: str) -> Callable[[Json], Json | None]:
    """Return a server's mind that takes none of these parameters."""

    def refuses(body: Json) -> Json | None:
        for name in names:
            if name in body:
                said = f"Unsupported parameter: '{name}' is not supported with this model."
                return {"error": {"message": said, "param": name}}
        return None

    return refuses


def not_one(body: Json) -> Json | None:
    """As TGI: a top_p of 1 is none."""
    if body.get("top_p") != 1:
        return None
    return {"error": "Input validation error: `top_p` must be > 0.0 and < 1.0"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTC_DB", str(tmp_path / "ttc.db"))
    rows = [{"id": f"p{i}", "question": f"What is {i} + {i}?"} for i in range(2)]
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def draw(server: ScriptedServer, *args: str, pool: str = "p") -> int:
    model = f"{server.url}#scripted"
    return run(["sample", "data.jsonl", "-n", "2", "--pool", pool, "-m", model, "-q", *args])


def identities() -> list[Json]:
    with closing(sqlite3.connect("ttc.db")) as store:
        found = store.execute("SELECT DISTINCT identity FROM requests").fetchall()
    return [json.loads(text) for (text,) in found]


def test_no_temperature_at_all(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    server = serve(refuses=refusing("temperature", "top_p"))
    assert draw(server, "-t", "1", "--top-p", "1", "-o", "out.jsonl") == 0
    (identity,) = identities()
    assert (identity["temperature"], identity["top_p"], identity["top_k"]) == (None, None, 0)
    told = [json.loads(line)["params"] for line in Path("out.jsonl").read_text().splitlines()]
    assert [params["temperature"] for params in told] == [None] * 4
    answered = [body for body in server.bodies if not {"temperature", "top_p"} & body.keys()]
    # One that found it out, and four draws.
    assert len(answered) == 5
    asked = len(server.bodies)
    # Once known it is not asked again, and the key stays.
    assert draw(server, "-t", "1", "--top-p", "1") == 0
    assert draw(server, "-t", "1", "--top-p", "1", "-n", "3") == 0
    assert len(server.bodies) == asked + 2
    assert len(identities()) == 1


@pytest.mark.parametrize("args", [(), ("-t", "0"), ("-t", "0.8", "--top-p", "1")])
def test_a_temperature_that_is_set_is_not_dropped(
    serve: Serve, capsys: pytest.CaptureFixture[str], args: tuple[str, ...]
) -> None:
    server = serve(refuses=refusing("temperature", "top_p"))
    assert draw(server, *args) == 3
    assert "pass -t 1" in capsys.readouterr().err
    with closing(sqlite3.connect("ttc.db")) as store:
        assert store.execute("SELECT count(*) FROM samples").fetchone() == (0,)
    # The advice works.
    assert draw(server, "-t", "1", "--top-p", "1", pool="q") == 0


def test_a_top_p_of_one(serve: Serve) -> None:
    server = serve(refuses=not_one)
    assert draw(server, "--top-p", "1") == 0
    assert draw(server, "--top-p", "0.9", pool="q") == 0
    assert [each["top_p"] for each in identities()] == [None, 0.9]
    assert {body.get("top_p") for body in server.bodies[-4:]} == {0.9}


def test_a_server_that_takes_them_keeps_its_keys(serve: Serve) -> None:
    server = serve()
    assert draw(server, "-t", "1", "--top-p", "1") == 0
    (identity,) = identities()
    assert (identity["temperature"], identity["top_p"]) == (1.0, 1.0)
    traits = server_traits.read(Address(server.url, "scripted"))
    assert (traits.taken, traits.unset, traits.probed) == (("temperature", "top_p"), (), False)


def test_what_is_set_costs_no_question(serve: Serve) -> None:
    server = serve()
    assert draw(server) == 0
    assert len(server.bodies) == 4


def test_draws_of_a_server_that_heeds_it_are_apart(serve: Serve) -> None:
    heeds, refuses = serve(), serve(refuses=refusing("temperature"))
    assert draw(heeds, "-t", "1") == 0
    assert draw(refuses, "-t", "1", pool="q") == 0
    assert sorted(str(each["temperature"]) for each in identities()) == ["1.0", "None"]
    with closing(sqlite3.connect("ttc.db")) as store:
        assert store.execute("SELECT count(*) FROM samples").fetchone() == (8,)


def test_a_dry_run_asks_nothing(serve: Serve) -> None:
    server = serve(refuses=not_one)
    assert draw(server, "--top-p", "1", "--dry-run") == 0
    assert not server.asked


def test_a_finished_run_needs_no_server(serve: Serve) -> None:
    with ScriptedServer() as server:
        assert draw(server, "-t", "1") == 0
    server_traits.path_of(Address(server.url, "scripted")).unlink()
    assert draw(server, "-t", "1") == 0


def test_from_python(serve: Serve) -> None:
    server = serve(refuses=refusing("temperature"))
    model = f"{server.url}#scripted"
    with pytest.raises(BackendError, match="pass temperature=1"):
        sample("data.jsonl", 2, model=model, database="ttc.db")
    sample("data.jsonl", 2, model=model, pool="q", database="ttc.db", temperature=1.0)
    assert None in [each["temperature"] for each in identities()]


def test_what_could_not_be_found_out_is_no_lie(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    """The question fails for another reason, and the draws are refused."""
    server = serve()
    mind = refusing("temperature")
    server.behaviour.refuses = lambda body: None if body.get("stream") is not True else mind(body)
    assert draw(server, "-t", "1") == 3
    assert "run the same command again" in capsys.readouterr().err
    server.behaviour.refuses = mind
    assert draw(server, "-t", "1", pool="q") == 0
    assert identities()[-1]["temperature"] is None


def test_a_judge_that_takes_no_top_p(serve: Serve) -> None:
    """Judges ask with top_p 1."""
    server = serve(refuses=not_one)
    assert draw(server) == 0
    judge = f"judge:model={server.url}#scripted"
    assert run(["verify", "p", "-V", judge, "-q"]) in (0, 4)
    assert all("top_p" not in body for body in server.bodies[-4:])


def test_a_probe_goes_without_it(serve: Serve, probed: Callable[[str], Any]) -> None:
    server = serve(refuses=not_one)
    backend = probed(server.url)
    traits = server_traits.read(Address(server.url, "scripted"))
    assert (traits.probed, traits.seed, traits.unset) == (True, True, ("top_p",))
    backend.close()
