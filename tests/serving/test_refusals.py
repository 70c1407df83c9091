"""What is refused: with OpenAI's shape, the status, and the field that is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from serving.conftest import HTTP, Server

MESSAGES = [{"role": "user", "content": "How many?"}]
IMAGE = [{"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}]
TOOL = [{"type": "function", "function": {"name": "f"}}]

# A field and its value, the status, the param that the error names, and a part of its message.
REFUSED: list[tuple[dict[str, Any], int, str | None, str]] = [
    ({"tools": TOOL}, 400, "tools", "not taken"),
    ({"tool_choice": "required"}, 400, "tool_choice", "not taken"),
    ({"functions": [{"name": "f"}]}, 400, "functions", "not taken"),
    ({"modalities": ["text", "audio"]}, 400, "modalities", "text"),
    ({"audio": {"voice": "alloy"}}, 400, "audio", "text"),
    ({"temprature": 1}, 400, "temprature", "did you mean temperature"),
    ({"temperature": "hot"}, 400, "temperature", "a number"),
    ({"temperature": True}, 400, "temperature", "a number"),
    ({"temperature": -1}, 400, "temperature", "from 0"),
    ({"top_p": 0}, 400, "top_p", "above 0"),
    ({"n": 0}, 400, "n", "from 1"),
    ({"n": 1.5}, 400, "n", "whole"),
    ({"n": 1000}, 400, "n", "to 128"),
    ({"max_tokens": 5, "max_completion_tokens": 6}, 400, "max_tokens", "give one"),
    ({"max_tokens": 0}, 400, "max_tokens", "from 1"),
    ({"stop": [""]}, 400, "stop", "empty"),
    ({"stop": 3}, 400, "stop", "string"),
    ({"logit_bias": {"x": 1}}, 400, "logit_bias", "token"),
    ({"response_format": {"type": "yaml"}}, 400, "response_format.type", "json_schema"),
    ({"response_format": {"type": "json_schema"}}, 400, "response_format.json_schema.schema", ""),
    ({"response_format": {"type": "json_object"}}, 400, "response_format", "schema"),
    ({"logprobs": True}, 400, "logprobs", "logprobs"),
    ({"top_logprobs": 3}, 400, "top_logprobs", "logprobs"),
    ({"reasoning_effort": "low"}, 400, "reasoning_effort", ""),
    ({"stream_options": {"include_usage": True}}, 400, "stream_options", "stream"),
    ({"stream": True, "stream_options": {"usage": True}}, 400, "stream_options.usage", ""),
    ({"messages": []}, 400, "messages", "at least one"),
    ({"messages": "hi"}, 400, "messages", "list"),
    ({"messages": [{"role": "user", "content": IMAGE}]}, 400, "messages[0].content[0].type", ""),
    ({"messages": [{"role": "tool", "content": "4"}]}, 400, "messages[0].role", "tools"),
    ({"messages": [{"role": "wizard", "content": "4"}]}, 400, "messages[0].role", "one of"),
    ({"messages": [{"role": "user"}]}, 400, "messages[0].content", "string"),
    ({"messages": [{"role": "user", "content": "\ud800"}]}, 400, "messages[0].content", "half"),
    (
        {"messages": [*MESSAGES, {"role": "assistant", "content": "It"}]},
        400,
        "messages[1]",
        "last",
    ),
    ({"\ud800": 1}, 400, "a field's name", "half"),
    ({"stop": "\ud800"}, 400, "stop", "half"),
    ({"ttc": {"method": "\ud800"}}, 400, "ttc.method", "half"),
    ({"logit_bias": {"\udfff": 1}}, 400, "logit_bias", "half"),
    ({"model": "\ud800@quick"}, 400, "model", "half"),
    ({"metadata": {"a": [1]}}, 400, "metadata", "list"),
    ({"budget": "tokens=3"}, 400, "budget", "not enough for one draw"),
    ({"budget": "tokns=3"}, 400, "budget", "tokens"),
    ({"ttc": {"method": "beem"}}, 404, "model", "beam"),
    ({"ttc": {"n": 100000}}, 400, "model", "256"),
    ({"ttc": {"nn": 1}}, 400, "ttc.nn", "did you mean n"),
    ({"ttc": {"timeout": 100000}}, 400, "ttc.timeout", "600"),
    ({"model": "nothing"}, 404, "model", "Known: scripted"),
    ({"model": "qick"}, 404, "model", "did you mean quick"),
    ({"model": "majoritty@quick"}, 404, "model", "did you mean majority"),
    ({"model": "majority:n=many@quick"}, 400, "model", "whole number"),
    ({"model": "ac:c=2@quick"}, 400, "model", "c"),
    ({"model": "beam:n=1000,m=2@quick"}, 400, "model", "256"),
    ({"model": "pass^k@quick"}, 400, "model", "measure"),
    ({"model": "/etc/passwd"}, 404, "model", "does not exist"),
    ({"model": "scripted:answers=1"}, 404, "model", "does not exist"),
    ({"model": "http://127.0.0.1:1/v1#m"}, 404, "model", "does not exist"),
    ({"model": 3}, 400, "model", "string"),
]


@pytest.mark.parametrize(
    ("fields", "status", "param", "part"), REFUSED, ids=[str(case[0])[:60] for case in REFUSED]
)
def test_a_wrong_field_is_named(
    shared: Server, fields: dict[str, Any], status: int, param: str | None, part: str
) -> None:
    import json

    body = json.dumps({"messages": MESSAGES, **fields})
    got = HTTP.post(f"{shared.url}/chat/completions", content=body, timeout=30)
    error = got.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (got.status_code, error["param"]) == (status, param), error
    assert part in error["message"]
    assert error["type"] == "invalid_request_error"
    assert "--" not in error["message"], "an option of the command line is no field"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": "x", "echo": True}, "echo"),
        ({"prompt": "x", "suffix": "y"}, "suffix"),
        ({"prompt": "x", "best_of": 4}, "best_of"),
        ({"prompt": "x", "messages": []}, "messages"),
    ],
)
def test_a_wrong_field_of_completions(shared: Server, fields: dict[str, Any], param: str) -> None:
    got = shared.post(fields, "/completions")
    assert (got.status_code, got.json()["error"]["param"]) == (400, param)


def test_what_has_no_effect_is_told(shared: Server) -> None:
    turn = {"role": "user", "content": "How many?", "name": "ann"}
    got = shared.post({"messages": [turn], "store": True, "parallel_tool_calls": True, "tools": []})
    assert got.status_code == 200
    names = ["messages[0].name", "parallel_tool_calls", "store"]
    assert sorted(got.json()["ttc"]["unused"]) == names
    assert sorted(got.headers["x-ttc-unused"].split(", ")) == names


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b'{"a": NaN}', b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_object(shared: Server, content: bytes) -> None:
    got = HTTP.post(f"{shared.url}/chat/completions", content=content, timeout=30)
    assert got.status_code == 400
    assert "body" in got.json()["error"]["message"]


def test_a_large_body_is_refused(shared: Server) -> None:
    got = shared.ask("x" * 10_000_001)
    assert (got.status_code, got.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/chat/completions", 405), ("POST", "/embeddings", 404), ("GET", "/", 404)],
)
def test_other_routes_are_refused_in_the_same_shape(
    shared: Server, method: str, path: str, status: int
) -> None:
    got = HTTP.request(method, shared.url + path, timeout=30)
    assert got.status_code == status
    assert set(got.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example:80"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "localhost:1234"}, 200),
        ({"host": "[::1]:1234"}, 200),
    ],
)
def test_other_hosts_and_origins_are_refused(
    shared: Server, headers: dict[str, str], status: int
) -> None:
    for method, path in (("POST", "/chat/completions"), ("GET", "/models")):
        body = {"messages": MESSAGES} if method == "POST" else None
        got = HTTP.request(method, shared.url + path, json=body, headers=headers, timeout=30)
        assert got.status_code == status
        assert "access-control-allow-origin" not in got.headers
