"""What is sent to a server, and what is made of what it says."""

from __future__ import annotations

import json
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.errors import BackendError
from ttc.records import Message, SamplingParams
from ttc.testing.http_server import ScriptedServer
from ttc_openai import server_traits
from ttc_openai.address import Address
from ttc_openai.diagnosis import retry_after
from ttc_openai.dialect import Dialect
from ttc_openai.draws import HttpDraw
from ttc_openai.events import MalformedError
from ttc_openai.rate_limit import pause
from ttc_openai.server_traits import ServerTraits
from ttc_openai.stream_parser import StreamParser
from ttc_openai.token_logprobs import TokenList
from ttc_openai.token_usage import TokenUsage

Serve = Callable[..., ScriptedServer]
Client = Callable[..., Backend]
Complete = Callable[..., list[Completion]]

ASKED = (Message("user", "Name a colour."),)
KNOWN = ServerTraits(
    seed=True, usage=True, chunks=True, raw=True, top_k=True, min_p=True, probed=True
)


def request(name: str, *, seed: int | None = None, prefix: str = "", **params: Any) -> Request:
    return Request(name, ASKED, params=SamplingParams(**params), seed=seed, prefix=prefix)


def know(server: ScriptedServer, traits: ServerTraits) -> None:
    server_traits.write(Address(server.url, "scripted"), traits)


# What is sent.


def test_what_is_off_is_said_to_be_off(serve: Serve, client: Client, complete: Complete) -> None:
    server = serve()
    complete(client(server), request("a", seed=3, temperature=0.7, top_p=0.9, max_tokens=5))
    (body,) = server.bodies
    assert body.pop("messages") == [{"role": "user", "content": "Name a colour."}]
    assert body == {
        "model": "scripted",
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 5,
        "top_k": 0,
        "min_p": 0.0,
        "repeat_penalty": 1.0,
        "repetition_penalty": 1.0,
    }


def test_a_seed_is_sent_where_it_is_heeded(
    serve: Serve, client: Client, complete: Complete
) -> None:
    server = serve()
    know(server, KNOWN)
    backend = client(server)
    first, second, again = complete(
        backend, request("a", seed=1), request("b", seed=2), request("c", seed=1)
    )
    assert {body["seed"] for body in server.bodies} == {1, 2}
    assert first.text == again.text != second.text


def test_a_strict_server_is_spoken_to_in_its_words(
    serve: Serve, client: Client, complete: Complete
) -> None:
    names = {"top_k", "min_p", "repeat_penalty", "repetition_penalty", "stream_options"}
    server = serve(strict=frozenset(names), tokens=3)
    backend = client(server)
    done = complete(backend, *(request(str(i)) for i in range(30)))
    assert {each.finish_reason for each in done} == {"stop"}
    asked = len(server.bodies)
    complete(backend, *(request(str(i)) for i in range(30)))
    # Once learnt, it is not asked again.
    assert len(server.bodies) == asked + 30
    assert not names & server.bodies[-1].keys()


def test_a_filter_is_not_dropped_silently(serve: Serve, client: Client, complete: Complete) -> None:
    server = serve(strict=frozenset({"min_p"}))
    (unprobed,) = complete(client(server), request("a", top_k=5))
    assert unprobed.finish_reason == "error"
    assert "top_k is set, and this server may ignore it" in (unprobed.error or "")
    assert not server.bodies
    know(server, replace(KNOWN, top_k=False))
    (ignored, refused) = complete(client(server), request("a", top_k=5), request("b", min_p=0.1))
    assert "this server ignores it" in (ignored.error or "")
    assert "Unrecognized request argument: min_p" in (refused.error or "")


# Several draws in one request.


def alike(count: int) -> list[Request]:
    return [request(str(i), max_tokens=6) for i in range(count)]


def test_n_is_used_where_it_is_honoured(serve: Serve, client: Client, complete: Complete) -> None:
    server = serve(able=frozenset({"n", "usage"}), pace=0.002)
    know(server, replace(KNOWN, seed=False, n=True))
    done = complete(client(server, concurrency=1), *alike(8))
    assert sum(body.get("n", 1) for body in server.bodies) == 8
    assert len(server.bodies) < 8
    assert {each.completion_tokens for each in done} == {6}
    assert len({each.text for each in done}) > 1
    # The draws of one request share its prompt.
    shared = [each for each in done if each.cached_tokens == each.prompt_tokens]
    assert len(shared) == 8 - len(server.bodies)


def test_a_server_that_ignores_n_is_topped_up(
    serve: Serve, client: Client, complete: Complete
) -> None:
    server = serve(able=frozenset({"usage"}), pace=0.002)
    know(server, replace(KNOWN, seed=False, n=True))
    backend = client(server, concurrency=1)
    done = complete(backend, *alike(8))
    assert {each.finish_reason for each in done} == {"length"}
    several = [body["n"] for body in server.bodies if "n" in body]
    assert len(several) == 1
    assert len(server.bodies) == 8
    complete(backend, *alike(4))
    assert "n" not in server.bodies[-1]


def test_a_draw_of_several_can_be_cancelled(serve: Serve, client: Client) -> None:
    server = serve(able=frozenset({"n", "usage"}), pace=0.02, tokens=30)
    know(server, replace(KNOWN, seed=False, n=True))
    backend = client(server, concurrency=1)
    backend.submit(request("first", max_tokens=2))
    for name in ("a", "b", "c"):
        backend.submit(request(name, max_tokens=30))
    assert backend.wait().request_id == "first"
    until(lambda: server.running == 1)
    for name in ("a", "b"):
        backend.cancel(name)
    assert {backend.wait().finish_reason for _ in "ab"} == {"cancelled"}
    assert backend.wait().finish_reason == "stop"
    assert server.dropped == 0
    assert [body.get("n", 1) for body in server.bodies] == [1, 3]


# Cancelling, order, pace.


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_cancelling_closes_the_connection(serve: Serve, client: Client) -> None:
    server = serve(pace=0.05, tokens=2000)
    backend = client(server)
    backend.submit(request("long", max_tokens=2000))
    backend.submit(request("short", max_tokens=4))
    assert backend.wait().request_id == "short"
    backend.cancel("long")
    done = backend.wait()
    assert (done.request_id, done.finish_reason) == ("long", "cancelled")
    assert 0 < (done.completion_tokens or 0) < 2000
    assert len(done.text.split()) == done.completion_tokens
    until(lambda: server.running == 0)
    assert server.dropped == 1


def test_a_paused_draw_can_be_cancelled(serve: Serve, client: Client) -> None:
    server = serve(always="429:60")
    backend = client(server)
    backend.submit(request("a"))
    until(lambda: len(server.bodies) == 1)
    backend.cancel("a")
    assert backend.wait().finish_reason == "cancelled"
    with pytest.raises(LookupError):
        backend.wait()


def test_completions_come_in_the_order_of_their_ends(serve: Serve, client: Client) -> None:
    server = serve(pace=0.03, tokens=40)
    backend = client(server)
    lengths = {"c": 25, "a": 2, "b": 12}
    for name, tokens in lengths.items():
        backend.submit(request(name, max_tokens=tokens))
    assert [backend.wait().request_id for _ in lengths] == ["a", "b", "c"]


def test_no_more_is_under_way_than_asked_for(
    serve: Serve, client: Client, complete: Complete
) -> None:
    server = serve(pace=0.01, tokens=3)
    complete(client(server, concurrency=5), *(request(str(i)) for i in range(40)))
    assert server.most == 5


def test_pauses_are_jittered_and_honour_the_server() -> None:
    chance = random.Random(1)
    pauses = [pause(tries, None, chance) for tries in range(12)]
    assert all(0.25 * 2**i <= each <= 0.5 * 2**i for i, each in enumerate(pauses[:6]))
    assert max(pauses) <= 30
    assert len({pause(3, None, chance) for _ in range(9)}) == 9
    assert all(7 <= pause(0, 7.0, chance) <= 7.25 for _ in range(9))


def test_retry_after_is_seconds_or_a_date() -> None:
    import httpx2

    def told(**headers: str) -> float | None:
        return retry_after(httpx2.Headers({k.replace("_", "-"): v for k, v in headers.items()}))

    assert told(retry_after="3") == 3
    assert told(retry_after_ms="250", retry_after="9") == 0.25
    assert told(retry_after="Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert told(retry_after="soon") is None
    assert told() is None


def test_a_server_that_drops_one_for_the_next_is_asked_one_by_one(
    serve: Serve, client: Client, complete: Complete
) -> None:
    server = serve(pace=0.005, tokens=4, faults=deque(["cut"] * 12))
    done = complete(client(server, retries=8), *(request(str(i)) for i in range(12)))
    assert {each.finish_reason for each in done} == {"stop"}


# What it says.


def read(*pieces: dict[str, Any], stops: tuple[str, ...] = ()) -> StreamParser:
    reading = StreamParser(stops)
    for piece in pieces:
        reading.add(piece)
    return reading


def test_reasoning_stands_before_the_answer(
    serve: Serve, client: Client, complete: Complete
) -> None:
    server = serve(able=frozenset({"reasoning", "usage"}), tokens=6)
    (done,) = complete(client(server), request("a"))
    assert done.text.startswith("<think>\n")
    thought, _, answer = done.text.partition("\n</think>\n\n")
    assert (len(thought.split()), len(answer.split())) == (4, 3)
    assert done.completion_tokens == 6
    cut = read({"delta": {"reasoning": "let me"}}, {"delta": {}, "finish_reason": "length"})
    assert cut.text == "<think>\nlet me"


def test_the_switch_for_thinking_is_sent_only_where_it_is_set() -> None:
    def body(**sampling: Any) -> dict[str, Any]:
        asked = Request("a", (Message("user", "2?"),), params=SamplingParams(**sampling))
        return Dialect().body(asked, ServerTraits(), model="m")

    assert "chat_template_kwargs" not in body()
    off = body(thinking="off")["chat_template_kwargs"]
    assert off["enable_thinking"] is False
    assert off["thinking"] is False
    assert body(thinking="on")["chat_template_kwargs"]["enable_thinking"] is True


def test_a_raw_prompt_that_opens_a_thought_has_its_mark_in_the_text() -> None:
    draw = HttpDraw(Request("a", prompt="2?<think>\n"))
    draw.parser.add({"text": "so 9", "finish_reason": "length"})
    assert draw.finish("length").text == "<think>\nso 9"
    draw = HttpDraw(Request("a", prompt="2?<think>\n", prefix="so"))
    draw.parser.add({"text": " 9", "finish_reason": "length"})
    assert draw.finish("length").text == " 9"


def test_a_stop_string_may_span_pieces() -> None:
    pieces = [{"delta": {"content": text}} for text in ("Hel", "lo wo", "rl", "d and all")]
    reading = read(*pieces, stops=("xyz", "world"))
    assert (reading.text, reading.stop, reading.finish) == ("Hello ", "world", "stop")


def test_log_probabilities_of_both_kinds_are_summed() -> None:
    chat = {"content": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1}]}
    reading = read({"delta": {"content": "ab"}, "logprobs": chat})
    assert (reading.logprob, reading.tokens) == (-1.5, 2)
    raw = {"token_logprobs": [-0.25, None], "tokens": ["a", "b"]}
    assert read({"text": "a", "logprobs": raw}).logprob is None, "the sum of a part"


@pytest.mark.parametrize(
    "choice",
    [
        {"delta": "text"},
        {"delta": {"content": 3}},
        {"text": [3]},
        {"message": {"content": [{"type": "image_url", "image_url": {"url": "x"}}]}},
    ],
)
def test_what_is_no_piece_is_malformed(choice: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        StreamParser(()).add(choice)


def test_an_unprobed_server_without_counts_tells_none(
    serve: Serve, client: Client, complete: Complete
) -> None:
    (done,) = complete(client(serve(able=frozenset())), request("a"))
    assert (done.finish_reason, done.completion_tokens, done.prompt_tokens) == ("stop", None, None)


def test_other_weights_under_the_name_are_refused(serve: Serve, client: Client) -> None:
    server = serve(meta={"n_params": 10, "size": 7, "pid": 1})
    know(server, replace(KNOWN, weights={"n_params": 10, "size": 7}))
    backend = client(server)
    assert backend.model.parameters == 10
    backend.submit(request("a"))
    server.behaviour.meta = {"n_params": 10, "size": 8}
    with pytest.raises(BackendError, match="other weights than when it was probed"):
        client(server).submit(request("a"))


# What is odd, and what is no answer.


@pytest.mark.parametrize("told", ["-Infinity", "NaN", "Infinity", '"-inf"', "null", "1e999"])
def test_a_log_probability_that_is_no_number_is_unknown(told: str) -> None:
    """Not 0, and not the sum of the others."""
    entries = json.loads(f'[{{"logprob": -0.5}}, {{"logprob": {told}}}]')
    reading = read({"delta": {"content": "ab"}, "logprobs": {"content": entries}})
    assert (reading.logprob, reading.tokens, reading.text) == (None, 2, "ab")
    weighing = StreamParser((), likeliest=TokenList(1))
    rows = [{"logprob": -1.0, "top_logprobs": [{"logprob": row["logprob"]}]} for row in entries]
    weighing.add({"delta": {"content": "ab"}, "logprobs": {"content": rows}})
    assert (weighing.likeliest.confidences, weighing.logprob, weighing.error) == (None, -2.0, None)


def test_log_probabilities_of_a_part_are_not_summed() -> None:
    listed = {"content": [{"logprob": -0.5}]}
    pieces = [{"delta": {"content": "a"}, "logprobs": listed}, {"delta": {"content": "b"}}]
    assert read(*pieces).logprob is None
    apart = {"reasoning_content": [{"logprob": -0.7}], "content": [{"logprob": -0.1}]}
    message = {"content": "b", "reasoning_content": "a"}
    assert read({"message": message, "logprobs": apart}).logprob == pytest.approx(-0.8)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (["a", {"type": "text", "text": "b"}], "ab"),
        ([{"type": "output_text", "text": "a"}, {"text": "b"}], "ab"),
        ([{"type": "text", "text": {"value": "ab"}}], "ab"),
        ({"type": "text", "text": "ab"}, "ab"),
        ([{"type": "thinking", "thinking": "t"}, {"type": "text", "text": "a"}], "<think>"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}], "<think>"),
        ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}]}], "<think>"),
        ([{"type": "thinking", "signature": "x"}, {"type": "text", "text": "a"}], "a"),
        ([], ""),
    ],
)
def test_a_content_may_be_a_list_of_parts(content: Any, text: str) -> None:
    for name in ("delta", "message"):
        assert read({name: {"content": content}, "finish_reason": "stop"}).text.startswith(text)


@pytest.mark.parametrize(
    ("choice", "told", "broken"),
    [
        ({"finish_reason": "content_filter"}, "content filter ended the answer after 2", False),
        ({"finish_reason": "SAFETY"}, "content filter ended the answer after 2", False),
        ({"finish_reason": "tool_calls"}, "the model called a tool after 2 characters", False),
        ({"delta": {"refusal": "I cannot."}, "finish_reason": "stop"}, "'I cannot.'", False),
        ({"finish_reason": "abort"}, "broke the answer off after 2 characters", True),
        ({"finish_reason": "eaten by a dog"}, "for an unknown reason: eaten by a dog", False),
    ],
)
def test_other_ends_are_told_as_what_they_are(
    choice: dict[str, Any], told: str, broken: bool
) -> None:
    reading = read({"delta": {"content": "ab"}}, choice)
    assert told in (reading.error or "")
    assert (reading.finish, reading.broken, reading.over) == (None, broken, True)


def test_the_tool_that_is_called_is_named() -> None:
    calls = [{"index": 0, "function": {"name": "search", "arguments": ""}}]
    reading = read({"delta": {"tool_calls": calls}}, {"finish_reason": "tool_calls"})
    assert "called search" in (reading.error or "")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        *[("", None), (None, None), (False, None), ("STOP", "stop"), ("MAX_TOKENS", "length")],
        *[({"type": "stop"}, "stop"), ("eos", "stop"), ("model_length", "length")],
    ],
)
def test_reasons_are_read_as_servers_write_them(reason: Any, finish: str | None) -> None:
    reading = read({"delta": {"content": "ab"}, "finish_reason": reason})
    assert (reading.finish, reading.error) == (finish, None)


@pytest.mark.parametrize(
    ("told", "count"),
    [
        *[(11, 11), ("11", 11), (11.0, 11), ("11.0", 11), (11.5, None), (-1, None), (True, None)],
        *[(None, None), ("many", None), (float("nan"), None), ([11], None)],
    ],
)
def test_counts_are_read_as_servers_write_them(told: Any, count: int | None) -> None:
    usage = TokenUsage()
    usage.add_piece({"usage": {"completion_tokens": told, "prompt_tokens": told}})
    assert (usage.completion, usage.prompt) == (count, count)


@pytest.mark.parametrize(
    "odd", ["late", "ninf", "u2028", "lines", "finish", "parts", "plain", "crlf"]
)
def test_what_is_odd_is_read(serve: Serve, client: Client, complete: Complete, odd: str) -> None:
    server = serve(always=odd, able=frozenset({"usage", "logprobs"}), tokens=5)
    know(server, replace(KNOWN, seed=False, logprobs=True))
    done = complete(client(server), *(request(str(i)) for i in range(4)))
    assert {each.finish_reason for each in done} == {"stop"}
    assert len(server.bodies) == 4
    for each in done:
        words = each.text.split("\u2028" if odd == "u2028" else " ")
        assert (len(words), each.completion_tokens) == (5, 5)
        assert each.logprob == (None if odd == "ninf" else -2.5)


def test_one_stray_answer_costs_its_draw_a_try(
    serve: Serve, client: Client, complete: Complete
) -> None:
    """Whatever comes first, and whatever comes last."""
    strays = ["401", "html", "403", "404", "302", "malformed", "400", "413", "402", "empty"]
    strays += ["429", "500", "error", "cut", "broken", "reset"]
    for stray in strays:
        server = serve(tokens=5, faults=deque([stray, "none", "none", stray]))
        done = complete(client(server), *(request(str(i)) for i in range(8)))
        assert {each.finish_reason for each in done} == {"stop"}, stray
        assert len(server.bodies) == 10, stray


@pytest.mark.parametrize("fault", ["401", "html", "404", "empty", "429:86400"])
def test_what_always_comes_is_believed_soon(
    serve: Serve, client: Client, complete: Complete, fault: str
) -> None:
    server = serve(faults=deque([fault] * 1000), tokens=3)
    backend, began = client(server), time.monotonic()
    done = complete(backend, *(request(str(i)) for i in range(300)))
    assert {each.finish_reason for each in done} == {"error"}
    assert time.monotonic() - began < 60
    assert len(server.bodies) < 30  # those under way at the start, and a few more


def test_a_hanging_request_does_not_hold_a_run(
    serve: Serve, client: Client, complete: Complete
) -> None:
    server = serve(tokens=3, faults=deque(["none"] * 120 + ["hang"] + ["none"] * 200))
    began = time.monotonic()
    done = complete(client(server), *(request(str(i)) for i in range(300)))
    assert {each.finish_reason for each in done} == {"stop"}
    # A busy machine is slow with every answer, and so waits longer; the timeout would be 600 s.
    assert time.monotonic() - began < 300


def test_what_a_server_bears_is_kept_for_the_next_run(
    serve: Serve, client: Client, complete: Complete
) -> None:
    server = serve(tokens=5, pace=0.005, faults=deque(["cut"] * 18))
    backend = client(server)
    complete(backend, *(request(str(i)) for i in range(20)))
    backend.close()
    found = server_traits.read(Address(server.url, "scripted")).bears
    assert found is not None
    assert found < 16
    # A few answers in order, and many may be under way again.
    again = client(server)
    complete(again, *(request(str(i)) for i in range(200)))
    again.close()
    assert server_traits.read(Address(server.url, "scripted")).bears is None
