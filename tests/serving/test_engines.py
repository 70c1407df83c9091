"""Engines from inside: turns, sharing, backends that cannot step, judges, slow bodies."""

from __future__ import annotations

import socket
import time
from collections import deque
from typing import Any

import httpx
import pytest
from serving.conftest import HTTP, SCRIPTED, in_process

from ttc.backends import Completion, ModelInfo, Request
from ttc.errors import BackendError
from ttc.records import Message
from ttc.serving import receiving, service
from ttc.serving.engines import traffic
from ttc.serving.engines.traffic import Channel, Traffic
from ttc.serving.options import ServeOptions
from ttc.solving.options import SolveOptions


class Plain:
    """A backend without steps; it finishes requests in their order, and refuses the bad one."""

    model = ModelInfo("plain", "plain1")
    capabilities = frozenset[str]()

    def __init__(self) -> None:
        self.submitted: list[str] = []
        self.queue: deque[str] = deque()

    def submit(self, request: Request) -> None:
        if "bad" in request.id:
            raise BackendError("it is bad")
        self.submitted.append(request.id.partition("/")[2])
        self.queue.append(request.id)

    def wait(self) -> Completion:
        return Completion(self.queue.popleft(), "text", "stop", 1, completion_tokens=3)

    def cancel(self, request_id: str) -> None:
        self.queue.remove(request_id)
        self.queue.appendleft(request_id)

    def close(self) -> None: ...


class Client:
    """A channel with what it received."""

    def __init__(self, shared: Traffic, backend: Any) -> None:
        self.got: list[Completion] = []
        self.backend = backend
        self.channel = Channel(shared, lambda: None, lambda done: None)

    def ask(self, name: str) -> str:
        request = Request(name, (Message("user", "?"),))
        return self.channel.send(self.backend, request, self.got.append)


def drained(shared: Traffic) -> None:
    while shared.busy:
        shared.step()


def test_held_draws_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "LEAST", 2)
    monkeypatch.setattr(traffic, "UNTOLD", 2)
    shared, backend = Traffic(), Plain()
    one, two = Client(shared, backend), Client(shared, backend)
    for number in range(6):
        one.ask(f"one-{number}")
    for number in range(2):
        two.ask(f"two-{number}")
    drained(shared)
    assert backend.submitted[:6] == ["one-0", "one-1", "one-2", "two-0", "one-3", "two-1"]
    assert len(one.got) == 6
    assert len(two.got) == 2


def test_an_equal_draw_is_asked_for_once_and_survives_who_leaves() -> None:
    shared, backend = Traffic(), Plain()
    one, two = Client(shared, backend), Client(shared, backend)
    first = one.ask("same")
    two.ask("same")
    one.channel.cancel(first)
    assert [(done.finish_reason, done.completion_tokens) for done in one.got] == [("cancelled", 0)]
    drained(shared)
    assert [done.finish_reason for done in two.got] == ["stop"]
    assert backend.submitted == ["same"]


def test_a_held_draw_that_is_refused_fails_its_own_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "LEAST", 1)
    monkeypatch.setattr(traffic, "UNTOLD", 1)
    shared, backend = Traffic(), Plain()
    one, two = Client(shared, backend), Client(shared, backend)
    one.ask("good")
    two.ask("bad")
    drained(shared)
    assert len(one.got) == 1
    assert str(two.channel.failure) == "it is bad"
    with pytest.raises(BackendError, match="under way"):
        two.channel.wait()


def test_a_cancelled_held_draw_never_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "LEAST", 1)
    monkeypatch.setattr(traffic, "UNTOLD", 1)
    shared, backend = Traffic(), Plain()
    one = Client(shared, backend)
    one.ask("first")
    one.channel.cancel(one.ask("second"))
    drained(shared)
    assert backend.submitted == ["first"]
    assert [done.finish_reason for done in one.got] == ["cancelled", "stop"]


def options(**more: Any) -> ServeOptions:
    solve = {name: more.pop(name) for name in ("verifier", "scorer", "method") if name in more}
    return ServeOptions(SolveOptions(model=SCRIPTED, n=4, **solve), **more)


def post(url: str, **more: Any) -> httpx.Response:
    body = {"messages": [{"role": "user", "content": "How many?"}], **more}
    return HTTP.post(f"{url}/chat/completions", json=body, timeout=60)


def test_a_judge_asks_a_model_of_its_own() -> None:
    with in_process(options(method="best-of-n", scorer="judge:as=score")) as (url, _):
        got = post(url)
        assert got.status_code == 200, got.text
        assert post(url, model=f"majority@{SCRIPTED}").status_code == 200


def test_any_model_may_be_asked_if_the_operator_says_so() -> None:
    with in_process(options(any_model=True)) as (url, _):
        assert post(url, model="majority:n=2@scripted:answers=5").json()["ttc"]["answer"] == "5"
        assert post(url, model="nothing").status_code == 404


def test_a_silent_stream_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "BEAT", 0.1)
    slow = SolveOptions(model="scripted:answers=18,tokens=40,tick=0.02", n=2)
    with in_process(ServeOptions(slow)) as (url, _):
        for progress in ("comments", "none"):
            text = post(url, stream=True, ttc={"progress": progress, "reuse": False}).text
            assert text.count(": waiting") >= 3
            assert (": 2 of 2 draws" in text) == (progress == "comments")
            assert text.endswith("data: [DONE]\n\n")


def test_a_request_that_is_refused_late_leaves_no_pool() -> None:
    from ttc.paths import default_database
    from ttc.store import Store, pools

    with in_process(options()) as (url, _):
        assert post(url, max_tokens=9, budget=3).status_code == 400
        assert post(url, max_tokens=11, logit_bias={"5": 1}).status_code == 400
        assert post(url, model=f"specreason@{SCRIPTED}", max_tokens=12).status_code == 400
        assert post(url).status_code == 200
    with Store.reading(default_database()) as store:
        assert len(pools.names(store.reader)) == 1


def test_a_body_that_does_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "PATIENCE", 0.3)
    with in_process(options()) as (url, _):
        port = int(url.rpartition(":")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            head = f"Host: 127.0.0.1:{port}\r\nContent-Length: 100\r\n\r\n{{"
            connection.sendall(f"POST /v1/chat/completions HTTP/1.1\r\n{head}".encode())
            began = time.monotonic()
            answer = b""
            while b"}}" not in answer and (more := connection.recv(4000)):
                answer += more
        assert time.monotonic() - began < 5
    assert b" 408 " in answer.partition(b"\r\n")[0]
    assert b"request_timeout" in answer
