"""Servers in every bad state, seen from the command line: exit codes, one line, nothing lost.

The numbers of the cases are those of the project's list of bad input and faults.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from commands import TTC, Ran, Ttc, in_this_process

from ttc.testing.http_server import ScriptedServer

Serve = Callable[..., ScriptedServer]
KEY = "sk-this-must-never-be-seen"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of problems, with a store of its own, and with nothing known of a server that had
    the same port before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TTC_DB", str(tmp_path / "ttc.db"))
    rows = ({"id": f"p{i}", "question": f"What is {i} + {i}?", "answer": str(2 * i)} for i in "123")
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "data.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def ttc(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ttc:
    """Run a command line in this process."""

    return in_this_process(capsys, monkeypatch)


def draw(ttc: Ttc, model: str, n: int = 4, **how: Any) -> Ran:
    return ttc("sample", "data.jsonl", "-n", str(n), "--pool", "p", "-m", model, "--json", **how)


def alias(server: ScriptedServer | str, **options: Any) -> str:
    """Write an alias into the project's file and return its name."""
    url = server if isinstance(server, str) else server.url
    lines = [f'model = "openai:{url}#scripted"']
    lines += [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    Path("ttc.toml").write_text("[models.it]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return "it"


def failed(ttc: Ttc, code: int, model: str, *words: str, n: int = 4, **how: Any) -> str:
    """Drawing fails with a code, and a line that holds every word."""
    line = ("sample", "data.jsonl", "-q", "-n", str(n), "--pool", "p", "-m", model)
    return refused(ttc(*line, **how), code, *words)


def refused(done: Ran, code: int, *words: str) -> str:
    told = done.stderr.splitlines()
    assert done.returncode == code, (done.returncode, done.stderr)
    assert len(told) == 1, told
    assert told[0].startswith("ttc: ")
    for word in words:
        assert word in told[0], told[0]
    assert done.stdout == ""
    return told[0]


def rows(sql: str) -> list[Any]:
    with closing(sqlite3.connect("ttc.db")) as store:
        return store.execute(sql).fetchall()


# 9


def test_nothing_listens(ttc: Ttc) -> None:
    with closing(socket.socket()) as taken:
        # Bound and not listening: nobody else gets the port, and connections are refused.
        taken.bind(("127.0.0.1", 0))
        _nothing_listens(ttc, f"http://127.0.0.1:{taken.getsockname()[1]}/v1")


def _nothing_listens(ttc: Ttc, url: str) -> None:
    began = time.monotonic()
    failed(ttc, 3, url, url, "cannot be reached")
    failed(ttc, 3, f"{url}#model", url, "cannot be reached")
    assert time.monotonic() - began < 60


def test_a_server_that_goes_away_and_comes_back(ttc: Ttc, serve: Serve) -> None:
    server = serve(tokens=5)
    model = alias(server, retries=1)
    server.behaviour.faults.extend(["none"] * 5 + ["reset"] * 100)
    first = draw(ttc, model)
    assert first.returncode == 4, first.stderr
    assert "the connection broke" in first.stderr
    # Whether all that is left fails, or the run ends before, is a matter of time.
    assert re.search("to (fill the gaps|resume): ttc sample", first.stderr), first.stderr
    server.behaviour.faults.clear()
    again = draw(ttc, model)
    assert (again.returncode, json.loads(again.stdout)["kept"]) == (0, 5)
    assert rows("SELECT count(*) FROM samples") == [(12,)]


# 10


@pytest.mark.parametrize("key", ["", KEY])
def test_a_refused_key(ttc: Ttc, serve: Serve, folder: Path, key: str) -> None:
    server = serve(key="another")
    env = {"TTC_OPENAI_KEYS": f"{server.url.removesuffix('/v1')}={key}"} if key else {}
    how = "rejects the key" if key else "needs a key; set TTC_OPENAI_KEYS="
    told = failed(ttc, 3, f"{server.url}#scripted", server.url, how, "401", env=env)
    assert KEY not in told
    # The server repeats the key it was given; nothing of ours does. And it was asked once.
    assert len(server.asked) == 1
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in found)


def test_a_model_that_the_server_does_not_have(ttc: Ttc, serve: Serve) -> None:
    server = serve(models=("llama-3.1-8b", "qwen3-4b"), picky=True)
    failed(ttc, 3, server.url, "has llama-3.1-8b, qwen3-4b; name one", "#MODEL")
    assert not server.bodies
    hint = "did you mean qwen3-4b?"
    failed(ttc, 3, f"{server.url}#qwen3-4B", server.url, "not found", "qwen3-4B", hint)
    loud = ttc("sample", "data.jsonl", "-n", "1", "--pool", "q", "-m", f"{server.url}#zzz")
    assert loud.returncode == 3
    assert "its list of models lacks 'zzz' (it has llama-3.1-8b, qwen3-4b)" in loud.stderr
    assert "not found" in loud.stderr.splitlines()[-1]


# 11


def test_overload_is_waited_out(ttc: Ttc, serve: Serve) -> None:
    server = serve(tokens=5, faults=deque(["429:1", "500", "429", "503:0.2"]))
    began = time.monotonic()
    done = draw(ttc, f"{server.url}#scripted")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["drawn"] == 12
    # Nothing was asked for in the second after the first refusal but what was under way already.
    assert time.monotonic() - began >= 1


def test_overload_that_does_not_end(ttc: Ttc, serve: Serve) -> None:
    server = serve(tokens=5)
    model = alias(server, retries=1)
    server.behaviour.faults.extend(["none"] * 2 + ["500"] * 100)
    first = draw(ttc, model)
    assert first.returncode == 4, first.stderr
    assert "(tried 2 times)" in first.stderr
    attempts = rows("SELECT status, detail, text FROM attempts")
    assert {row[0] for row in attempts} == {"error"}
    assert len(attempts) == 12 - json.loads(first.stdout)["drawn"]
    server.behaviour.faults.clear()
    assert draw(ttc, model).returncode == 0
    assert rows("SELECT count(*) FROM samples") == [(12,)]


def test_a_server_that_asks_for_too_much_patience(ttc: Ttc, serve: Serve) -> None:
    server = serve(always="429:86400")
    began = time.monotonic()
    failed(ttc, 3, f"{server.url}#scripted", "429", "come back in 86400 s")
    assert time.monotonic() - began < 60


# 12


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("empty", "an empty answer"),
        ("cut", "the answer was cut"),
        ("broken", "the connection broke"),
        ("html", "HTML page"),
        ("malformed", "malformed JSON"),
        ("error", "CUDA out of memory"),
        ("reset", "the connection broke"),
        ("drip", "silent for 0.5 s"),
    ],
)
def test_what_is_no_answer_is_no_sample(ttc: Ttc, serve: Serve, fault: str, told: str) -> None:
    server = serve(always=fault)
    # The list of models is fine; the fault shows in completions.
    model = alias(server, retries=0, timeout=0.5)
    if fault == "html":
        server.behaviour.always, server.behaviour.faults = "", deque(["html"] * 20)
    failed(ttc, 3, model, "draws failed", told, n=1)
    assert rows("SELECT count(*) FROM samples") == [(0,)]
    assert rows("SELECT DISTINCT status FROM attempts") == [("error",)]


def test_a_website(ttc: Ttc, serve: Serve) -> None:
    server = serve(always="html")
    for model in (server.url, f"{server.url}#scripted"):
        failed(ttc, 3, model, server.url, "not an OpenAI-compatible server", "/v1")


@pytest.mark.parametrize("strays", [[500], ["html"], [502, "html"]])
@pytest.mark.parametrize("named", ["", "#scripted"])
def test_a_stray_fault_of_the_list(ttc: Ttc, serve: Serve, strays: list[Any], named: str) -> None:
    server = serve(tokens=5, listing=deque(strays))
    done = draw(ttc, server.url + named)
    assert (done.returncode, json.loads(done.stdout)["drawn"]) == (0, 12), done.stderr
    assert "anyway" not in done.stderr


@pytest.mark.parametrize("listing", [500, "html", "soon"])
def test_a_list_that_never_comes(ttc: Ttc, serve: Serve, listing: Any) -> None:
    server = serve(tokens=5, listing=listing)
    done = draw(ttc, f"{server.url}#scripted")
    assert (done.returncode, json.loads(done.stdout)["drawn"]) == (0, 12), done.stderr
    assert "using 'scripted' anyway" in done.stderr
    assert ttc("sample", "data.jsonl", "--pool", "q", "-m", server.url).returncode == 3


@pytest.mark.parametrize(
    "said",
    [
        "stream is not supported for this model",
        "Unsupported value: 'stream' does not support true with this model.",
        "This endpoint does not support streaming",
        "Streaming responses are disabled",
    ],
)
def test_a_server_that_does_not_stream(ttc: Ttc, serve: Serve, said: str) -> None:
    def refuses(body: Mapping[str, Any]) -> Any:
        options = "stream_options" in body and not body.get("stream")
        return {"error": {"message": said}} if body.get("stream") or options else None

    server = serve(tokens=5, refuses=refuses)
    done = draw(ttc, f"{server.url}#scripted")
    assert (done.returncode, json.loads(done.stdout)["drawn"]) == (0, 12), done.stderr
    assert rows("SELECT DISTINCT finish_reason, completion_tokens FROM samples") == [("stop", 5)]


@pytest.mark.parametrize("fault", ["error", "cut", "broken"])
@pytest.mark.parametrize("n", [1, 8])
def test_what_fails_every_time_is_told_soon(ttc: Ttc, serve: Serve, fault: str, n: int) -> None:
    server = serve(always=fault)
    began = time.monotonic()
    told = failed(ttc, 3, f"{server.url}#scripted", "draws failed", n=n)
    # One after another 6 times, behind those that were sent together.
    assert 6 <= len(server.bodies) <= 6 + 16, told
    assert time.monotonic() - began < 60


def test_a_long_silence_is_told(ttc: Ttc, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc_openai.watchdog.SILENCE", 1.0)
    server = serve(always="hang")
    done = draw(ttc, alias(server, retries=0, timeout=4), 1)
    assert done.returncode == 3
    assert done.stderr.count(f"no answer yet from {server.url} after 1 s") == 1
    assert "4 s (the option timeout)" in done.stderr
    assert "no answer yet" not in draw(ttc, serve(tokens=5).url, 1).stderr


# 13


def test_identical_answers_are_told(ttc: Ttc, serve: Serve) -> None:
    server = serve(always="same", tokens=20)
    done = draw(ttc, f"{server.url}#scripted")
    assert done.returncode == 0
    assert "9 of 12 new draws repeat another one of their problem" in done.stderr
    other = serve(tokens=20)
    assert "repeat" not in ttc("sample", "data.jsonl", "-m", other.url, "--pool", "q").stderr


def test_short_answers_may_be_alike(ttc: Ttc, serve: Serve) -> None:
    done = draw(ttc, serve(always="same", tokens=2).url)
    assert (done.returncode, "repeat" in done.stderr) == (0, False)


# 18, 19


def test_the_disk_is_full_while_draws_come_in(ttc: Ttc, serve: Serve) -> None:
    server = serve(tokens=150)
    args = ("sample", "data.jsonl", "-q", "-n", "100", "--pool", "p", "-m", server.url)
    done = subprocess.run(
        [*TTC, *args],
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000)),
    )
    assert done.returncode == 6, (done.returncode, done.stderr)
    assert len(done.stderr.splitlines()) == 1
    told = {json.loads(line)["text"] for line in done.stdout.splitlines()}
    kept = {text for (text,) in rows("SELECT text FROM samples")}
    assert told <= kept
    assert 0 < len(kept) < 300
    assert rows("PRAGMA integrity_check") == [("ok",)]
    assert ttc(*args).returncode == 0
    assert rows("SELECT count(*) FROM samples") == [(300,)]


def test_the_pool_is_being_drawn(ttc: Ttc, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(tokens=40, pace=0.5)
    line = ("sample", "data.jsonl", "-n", "4", "--pool", "p", "-m", server.url)
    first = subprocess.Popen(
        [*TTC, *line],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 60
        while not server.running and time.monotonic() < until:
            time.sleep(0.05)
        monkeypatch.setattr("ttc.samples.pool_lock.PATIENCE", 0.3)
        refused(ttc(*line, "-q"), 6, "p:", f"pid {first.pid}", "--pool")
        # 16: what is under way is given up, and the server hears of it.
        first.send_signal(signal.SIGINT)
        _, talk = first.communicate(timeout=60)
    finally:
        first.kill()
    assert first.returncode == 130
    assert "to resume: ttc sample" in talk
    until = time.monotonic() + 30
    while server.running and time.monotonic() < until:
        time.sleep(0.05)
    assert server.running == 0


def test_a_finished_run_needs_no_server(ttc: Ttc, folder: Path) -> None:
    with ScriptedServer() as server:
        model = server.url
        assert draw(ttc, model).returncode == 0
    again = draw(ttc, model)
    assert (again.returncode, json.loads(again.stdout)["drawn"]) == (0, 0)
    assert draw(ttc, model, 5).returncode == 3


def test_a_bug_in_the_client_thread_ends_the_run(
    ttc: Ttc, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any) -> None:
        raise AttributeError("no such thing")

    monkeypatch.setattr("ttc_openai.retry_policy.RetryPolicy.decide", broken)
    server = serve(always="500")
    told = failed(ttc, 3, f"{server.url}#scripted", "the client thread failed")
    assert "AttributeError: no such thing" in told
