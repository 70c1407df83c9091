"""The command: keys, hosts, the log, its end, the store."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from commands import Ttc
from serving.conftest import HTTP, SCRIPTED, Server

SLOW = "scripted:answers=18*3/20*1,tokens=60,slots=64,tick=0.02"
KEY = "sk-a-key-that-nobody-should-see"
Start = Callable[..., Server]


def test_a_key_is_asked_for_and_never_shown(serve: Start, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{KEY}\n\nanother-key\n")
    server = serve("-m", SCRIPTED, "--key-file", str(tmp_path / "keys"))
    for given in ({}, {"authorization": "Bearer wrong"}, {"authorization": KEY}):
        got = HTTP.get(f"{server.url}/models", headers=given, timeout=30)
        assert (got.status_code, got.json()["error"]["code"]) == (401, "invalid_api_key")
    for key in (KEY, "another-key"):
        headers = {"authorization": f"Bearer {key}", "host": "other.example"}
        assert server.post({"messages": [{"role": "user", "content": KEY}]}, headers=headers)
        assert HTTP.get(f"{server.url}/models", headers=headers, timeout=30).status_code == 200
    wrong = {"model": KEY, "messages": []}
    got = server.post(wrong, headers={"authorization": f"Bearer {KEY}"})
    assert KEY not in got.text
    assert HTTP.get(server.url.replace("/v1", "/health"), timeout=30).status_code == 200
    server.stop()
    assert KEY not in "\n".join(server.lines)


def test_the_environment_may_hold_the_key(serve: Start) -> None:
    server = serve("-m", SCRIPTED, "--host", "0.0.0.0", env={"TTC_SERVE_KEY": KEY})
    url = server.url.replace("0.0.0.0", "127.0.0.1")
    assert HTTP.get(f"{url}/models", timeout=30).status_code == 401


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["--host", "0.0.0.0"], "without a key"),
        (["--host", "no.such.host.invalid"], "key"),
        (["--key-file", "none.txt"], "No such file"),
        (["--port", "70000"], "65535"),
        (["--method", "beem"], "did you mean beam"),
        (["--method", "pass^k"], "measure"),
        (["-m", "nothing"], "no such model"),
        (["--budget", "tokns=3"], "tokens"),
    ],
)
def test_wrong_options_end_with_2(ttc: Ttc, args: list[str], part: str) -> None:
    model = [] if "-m" in args else ["-m", SCRIPTED]
    done = ttc("serve", "--port", "0", *model, *args)
    assert done.code == 2
    assert part in done.err


@pytest.mark.parametrize(
    ("preset", "part"),
    [
        ('[serve.models.a]\nmethd = "ac"', "did you mean method"),
        ('[serve.models.a]\nn = "4"', "a whole number"),
        ('[serve.models.a]\nmethod = "beem"', "did you mean beam"),
        ('[serve.models.a]\nmodel = "nothing"', "no such model"),
        ("[serve]\nport = 3", "unknown key 'port'"),
        ("[serve.models.a]\nn = 0", "from 1"),
        ("[serve.models.a]\nn = 1000", "n=1000 is more than --max-draws 256"),
        ('[serve.models.a]\nmethod = "beam:n=1000,m=2"', "more than --max-draws 256"),
        ("[serve.models.a]\ntemperature = -3", "temperature must be 0 or more"),
        ("[serve.models.a]\nmax_tokens = -1", "max_tokens must be 1 or more"),
        ("[serve.models.a]\nstop = 3", "a list of texts"),
        ("[serve.models.a]\nstop = [3]", "a list of texts"),
        ("[serve.models.a]\nextra = 3", "extra must be a table"),
        ("[serve.models.a]\nthinking = [1]", "thinking must be on, off"),
        ('[serve.models.a]\nthinking = "maybe"', "thinking must be on or off"),
        ('[serve.models.a]\nraw = "no"', "true or false"),
        ('[serve.models.a]\nverifier = "nope"', "a: no verifier 'nope'"),
        ('[serve.models.a]\nmethod = "beam"\nscorer = "nope"', "a: no verifier 'nope'"),
        ('[serve.models.a]\naggregate = "nope"', "one of last, min"),
    ],
)
def test_a_wrong_preset_is_named(ttc: Ttc, tmp_path: Path, preset: str, part: str) -> None:
    (tmp_path / "ttc.toml").write_text(preset)
    done = ttc("serve", "--port", "0", "-m", SCRIPTED)
    assert done.code == 2
    assert part in done.err
    assert ttc("config", "--json").code == 0


def test_a_line_for_each_request_never_says_what_was_asked(serve: Start) -> None:
    server = serve("-m", SCRIPTED, "--method", "majority", "-n", "4")
    server.ask("a secret question, how many?")
    server.ask("another", tools=[{"type": "function"}])
    server.stop()
    first, second = server.lines[-2:]
    assert "200 majority: 4 draws, " in first
    assert "new tokens" in first
    assert " 400 " in second
    assert "secret" not in "\n".join(server.lines)
    quiet = serve("-m", SCRIPTED, "-q")
    quiet.ask()
    quiet.stop()
    assert quiet.lines == []


def test_a_signal_ends_it_and_draws_are_kept(serve: Start) -> None:
    server = serve("-m", "scripted:answers=18,tokens=400,tick=0.02", "-n", "4")
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(server.ask()))
    asking.start()
    time.sleep(0.5)
    began = time.monotonic()
    assert server.stop(signal.SIGTERM) == 143
    assert time.monotonic() - began < 9
    asking.join(10)
    assert [each.status_code for each in answers] in ([503], [])
    with sqlite3.connect(server.database) as store:
        found = store.execute("SELECT status, completion_tokens FROM attempts").fetchall()
    assert len(found) == 4
    assert all(status == "cancelled" and tokens > 0 for status, tokens in found)


def test_ctrl_c_ends_it_with_130_and_ipv6_has_brackets(serve: Start) -> None:
    server = serve("-m", SCRIPTED, "--host", "::1")
    assert server.url.startswith("http://[::1]:")
    assert server.ask().status_code == 200
    assert server.stop(signal.SIGINT) == 130
    assert not any("Traceback" in line for line in server.lines)


def test_a_request_under_way_may_end_within_the_grace(serve: Start) -> None:
    server = serve("-m", "scripted:answers=18,tokens=60,tick=0.02", "-n", "4")
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(server.ask()))
    asking.start()
    time.sleep(0.5)
    assert server.stop() == 143
    asking.join(10)
    assert [each.status_code for each in answers] == [200]


def test_a_client_that_leaves_cancels_its_draws(serve: Start) -> None:
    server = serve("-m", SLOW, "-n", "8")
    for stream in (False, True):
        body = {"messages": [{"role": "user", "content": f"{stream}?"}], "stream": stream}
        with (
            pytest.raises(httpx.ReadTimeout),
            HTTP.stream("POST", f"{server.url}/chat/completions", json=body, timeout=0.4) as got,
        ):
            for _ in got.iter_lines():
                pass
    time.sleep(0.5)
    server.stop()
    with sqlite3.connect(server.database) as store:
        kept = store.execute("SELECT count(*) FROM samples").fetchone()[0]
        rows = store.execute("SELECT status, completion_tokens FROM attempts").fetchall()
    assert kept == 0
    assert len(rows) == 16
    assert all(status == "cancelled" and 0 < tokens < 60 for status, tokens in rows)
    assert sum("499" in line for line in server.lines) == 2


def test_time_is_up(serve: Start) -> None:
    server = serve("-m", SLOW, "-n", "8", "--timeout", "0.3")
    got = server.ask()
    assert (got.status_code, got.json()["error"]["code"]) == (504, "timeout")
    assert got.headers["x-should-retry"] == "false", "clients would pay for the draws again"
    assert server.ask(ttc={"timeout": 0.1}).status_code == 504
    with HTTP.stream(
        "POST",
        f"{server.url}/chat/completions",
        json={"messages": [{"role": "user", "content": "?"}], "stream": True},
        timeout=20,
    ) as streamed:
        events = [line for line in streamed.iter_lines() if line.startswith("data: ")]
    assert json.loads(events[-1][6:])["error"]["code"] == "timeout"


def test_a_budget_of_seconds_answers_with_what_there_is(serve: Start) -> None:
    server = serve("-m", "scripted:answers=18,tokens=5-200,slots=64,tick=0.01", "-n", "16")
    got = server.ask(budget="seconds=0.6").json()
    assert got["ttc"]["stopped"] == "budget"
    assert 0 < got["ttc"]["draws"] < 16
    assert got["ttc"]["cancelled"] > 0
    assert got["usage"]["completion_tokens_details"]["cancelled_tokens"] > 0


def test_a_token_budget_is_never_passed(shared: Server) -> None:
    got = shared.ask("Within a budget: how many?", max_tokens=20, budget=50).json()
    assert got["usage"]["completion_tokens"] <= 50
    assert got["ttc"]["stopped"] == "budget"
    by_header = shared.post(
        {"messages": [{"role": "user", "content": "By header?"}], "max_tokens": 20},
        headers={"x-ttc-budget": "tokens=50"},
    )
    assert by_header.json()["ttc"]["stopped"] == "budget"


def test_a_full_queue_is_told_with_a_time_to_come_back(serve: Start) -> None:
    server = serve("-m", SLOW, "-n", "2", "--jobs", "1", "--queue", "1")
    got: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda i=i: got.append(server.ask(f"{i}?"))) for i in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    statuses = sorted(each.status_code for each in got)
    assert statuses == [200, 200, 429, 429, 429, 429]
    refused = next(each for each in got if each.status_code == 429)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"]["code"] == "queue_full"


def test_a_store_that_is_gone_is_told_and_taken_up_again(serve: Start) -> None:
    server = serve("-m", SCRIPTED, "-n", "2")
    assert server.ask("one?").status_code == 200
    for path in server.folder.glob("store.db*"):
        path.unlink()
    got = server.ask("two?")
    assert (got.status_code, got.json()["error"]["code"]) == (503, "store_error")
    assert server.ask("three?").status_code == 200


def test_the_store_gives_the_served_votes(serve: Start, ttc: Ttc) -> None:
    server = serve("-m", SCRIPTED, "--method", "majority", "-n", "7", "--pool", "day")
    with ThreadPoolExecutor(8) as threads:
        asked = threads.map(server.ask, [f"{i} and how many?" for i in range(40)])
        served = [answer.json()["ttc"]["answer"] for answer in asked]
    server.stop()
    store = ("--db", str(server.database))
    lines = ttc("export", "day", "-o", "-", *store).lines
    told = [{**line, "reference": {"answer": "18"}} for line in lines]
    judged = ttc("verify", "-", "-V", "numeric", stdin="\n".join(map(json.dumps, told)), env=None)
    swept = ttc("sweep", "-", "-s", "majority", "-k", "7", "--json", stdin=judged.out).document
    (point,) = swept["curves"][0]["points"]
    assert point["problems"] == 40
    assert point["value"] == pytest.approx(served.count("18") / 40)
    assert set(served) == {"18", "20"}


def test_a_verifier_that_accepts_nothing_leaves_no_answer(serve: Start) -> None:
    server = serve("-m", SCRIPTED, "-n", "3", "-V", "regex:nothing like this")
    got = server.ask().json()
    (choice,) = got["choices"]
    assert choice["message"]["content"] is None
    assert "nothing was accepted" in choice["message"]["refusal"]
    assert (got["ttc"]["answer"], got["ttc"]["draws"]) == (None, 3)
    assert got["usage"]["completion_tokens"] > 0


def test_draws_that_are_all_cut_end_by_length(serve: Start) -> None:
    server = serve("-m", "scripted:answers=18,tokens=9-20", "--method", "majority", "-n", "3")
    got = server.ask(max_tokens=2).json()
    (choice,) = got["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (None, "length")
    assert "all cut at the token limit; raise max_tokens" in choice["message"]["refusal"]
    with HTTP.stream(
        "POST",
        f"{server.url}/chat/completions",
        json={"messages": [{"role": "user", "content": "?"}], "stream": True, "max_tokens": 2},
    ) as streamed:
        lines = [line for line in streamed.iter_lines() if line.startswith("data: {")]
    assert json.loads(lines[-1][6:])["choices"][0]["finish_reason"] == "length"


def test_a_server_may_stand_behind_another(serve: Start, shared: Server) -> None:
    """The model of this one is a method of the other: requests, draws and tokens pass through."""
    pytest.importorskip("ttc_openai", reason="ttc-openai is not here")
    front = serve("-m", f"{shared.url}#majority:n=3@quick", "--method", "majority", "-n", "3")
    threads: list[threading.Thread] = []
    got: list[httpx.Response] = []
    for i in range(8):
        ask = threading.Thread(target=lambda i=i: got.append(front.ask(f"{i} times?", top_p=1)))
        threads.append(ask)
        ask.start()
    for ask in threads:
        ask.join(60)
    assert [each.status_code for each in got] == [200] * 8, got[0].text
    assert all(each.json()["ttc"]["draws"] == 3 for each in got)
    assert all(each.json()["ttc"]["answer"] in ("18", "20") for each in got)


def test_draws_that_fail_are_told(serve: Start) -> None:
    server = serve("-m", f"{SCRIPTED},fail=1", "-n", "2")
    got = server.ask()
    assert (got.status_code, got.json()["error"]["code"]) == (502, "backend_error")
    assert "scripted failure" in got.json()["error"]["message"]
