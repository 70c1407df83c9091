"""What a request may say, over real HTTP: what the probe finds, and what goes over the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.cli.main import run
from ttc.messages import notes
from ttc.records import Message, SamplingParams, TokenLogprob
from ttc.testing.http_server import ScriptedServer
from ttc_openai import open_openai

Serve = Callable[..., ScriptedServer]
Complete = Callable[..., list[Completion]]
BASE = frozenset({"seed", "stop", "usage", "logprobs", "raw", "filters"})
TURNS = (Message("user", "hello"),)
SCHEMA = '{"type":"object","properties":{"b":{"type":"integer"},"a":{"type":"string"}}}'
FORMS = {
    "schema": (
        "response_format",
        "structured_outputs",
        "guided_json",
        "json_schema",
        "json_object",
    ),
    "grammar": ("structured_outputs", "guided_grammar", "grammar", "ebnf", "response_format"),
    "regex": ("structured_outputs", "guided_regex", "regex"),
}


@pytest.fixture
def probe(capsys: pytest.CaptureFixture[str]) -> Callable[[str], dict[str, Any]]:
    """Probe a server; return what was found, by what was tried."""

    def call(url: str) -> dict[str, Any]:
        capsys.readouterr()
        assert run(["models", "probe", url, "--json", "-q"]) == 0
        document = json.loads(capsys.readouterr().out)
        return {row["trial"]: row["found"] for row in document["rows"]} | {
            "able": set(document["capabilities"])
        }

    return call


@pytest.mark.parametrize(
    ("kind", "form"), [(kind, form) for kind, all_of in FORMS.items() for form in all_of]
)
def test_a_constraint_is_sent_in_the_form_that_has_an_effect(
    serve: Serve, probe: Any, complete: Complete, kind: str, form: str
) -> None:
    server = serve(able=BASE | {f"{kind}={form}"})
    found = probe(server.url)
    assert kind in found["able"]
    assert not ({"schema", "grammar", "regex"} - {kind}) & found["able"]
    value = {"schema": SCHEMA, "grammar": 'root ::= "x"', "regex": "[0-9]+"}[kind]
    with closing(open_openai(server.url, {})) as backend:
        (done,) = complete(backend, Request("a", TURNS, params=SamplingParams(**{kind: value})))
    assert done.text == ('{"b": 4, "a": "four"}' if kind == "schema" else "42")
    sent = json.dumps(server.bodies[-1])
    # Properties keep their order: answers have it.
    assert ('{"b"' in sent) if kind == "schema" else (json.dumps(value) in sent)


def test_what_has_no_effect_is_found_and_refused(serve: Serve, probe: Any) -> None:
    """A server that takes every field and heeds none, as many do."""
    server = serve(able=BASE)
    found = probe(server.url)
    wanted = {
        "answers by a JSON Schema": "no",
        "answers by a grammar": "no",
        "answers by a pattern": "no",
        "logit_bias": "no",
        "presence and frequency penalties": "no",
        "a penalty on repetitions": "no",
        "arguments of the chat template": "?",
        "reasoning on and off": "no",
        "an effort of reasoning": "no",
        "thoughts of at most N tokens": "?",
    }
    assert {trial: found[trial] for trial in wanted} == wanted
    assert not {"thinking", "schema", "logit-bias", "penalties"} & found["able"]


@pytest.mark.parametrize(
    ("able", "trial", "shown", "given", "sent"),
    [
        ({"bias"}, "logit_bias", "yes", {"logit_bias": ((7, 100.0),)}, {"logit_bias": {"7": 100}}),
        (
            {"penalties"},
            "presence and frequency penalties",
            "yes",
            {"presence_penalty": 1, "frequency_penalty": 0.5},
            {"presence_penalty": 1.0, "frequency_penalty": 0.5},
        ),
        (
            {"repeat=repetition_penalty"},
            "a penalty on repetitions",
            "repetition_penalty",
            {"repeat_penalty": 1.3},
            {"repetition_penalty": 1.3, "repeat_penalty": 1.0},
        ),
        (
            {"thinks", "effort=reasoning_effort"},
            "an effort of reasoning",
            "reasoning_effort",
            {"thinking": "low"},
            {"reasoning_effort": "low"},
        ),
        (
            {"thinks", "effort=chat_template_kwargs.reasoning_effort"},
            "an effort of reasoning",
            "chat_template_kwargs",
            {"thinking": "high"},
            {"chat_template_kwargs": {"reasoning_effort": "high"}},
        ),
        *(
            (
                {"thinks", f"budget={field}"},
                "thoughts of at most N tokens",
                form,
                {"thinking": "20"},
                sent,
            )
            for form, field, sent in (
                ("thinking_token_budget", "thinking_token_budget", {"thinking_token_budget": 20}),
                (
                    "thinking_budget_tokens",
                    "thinking_budget_tokens",
                    {"thinking_budget_tokens": 20},
                ),
                ("thinking_budget", "thinking_budget", {"thinking_budget": 20}),
                ("reasoning.max_tokens", "reasoning.max_tokens", {"reasoning": {"max_tokens": 20}}),
                (
                    "thinking.budget_tokens",
                    "thinking.budget_tokens",
                    {"thinking": {"type": "enabled", "budget_tokens": 20}},
                ),
                (
                    "custom_params",
                    "custom_params.thinking_budget",
                    {"custom_params": {"thinking_budget": 20}},
                ),
            )
        ),
        (
            {"thinks", "switch=thinking.type"},
            "reasoning on and off",
            "thinking.type",
            {"thinking": "off"},
            {"thinking": {"type": "disabled"}},
        ),
        (
            {"thinks", "switch=reasoning_effort"},
            "reasoning on and off",
            "reasoning_effort",
            {"thinking": "off"},
            {"reasoning_effort": "none"},
        ),
        (
            {"thinks", "template", "switch=chat_template_kwargs"},
            "reasoning on and off",
            "chat_template_kwargs",
            {"thinking": "off"},
            {
                "chat_template_kwargs": dict.fromkeys(
                    ("enable_thinking", "thinking", "reasoning"), False
                )
            },
        ),
    ],
)
def test_what_has_an_effect_is_found_and_sent(
    serve: Serve,
    probe: Any,
    complete: Complete,
    able: set[str],
    trial: str,
    shown: str,
    given: dict[str, Any],
    sent: dict[str, Any],
) -> None:
    server = serve(able=BASE | able, tokens=20)
    assert probe(server.url)[trial] == shown
    params = SamplingParams(max_tokens=200, **given)
    with closing(open_openai(server.url, {})) as backend:
        assert Request("a", TURNS, params=params).needs <= backend.capabilities
        (done,) = complete(backend, Request("a", TURNS, params=params))
    assert done.finish_reason == "stop"
    assert {name: server.bodies[-1].get(name) for name in sent} == sent
    if trial == "thoughts of at most N tokens":
        assert done.text.count(" hm") == 20


def test_nothing_is_sent_that_is_not_asked_for(serve: Serve, complete: Complete) -> None:
    server = serve()
    with closing(open_openai(server.url, {})) as backend:
        complete(backend, Request("a", TURNS))
    assert set(server.bodies[-1]) == {
        *("model", "messages", "top_k", "min_p", "repeat_penalty", "repetition_penalty"),
        *("temperature", "top_p", "max_tokens", "stream", "stream_options"),
    }


@pytest.mark.parametrize("masked", [False, True])
def test_log_probabilities_are_those_of_the_model_alone_or_none(
    serve: Serve, probe: Any, complete: Complete, masked: bool
) -> None:
    able = BASE | {"regex=guided_regex", "bias"} | ({"masked"} if masked else set())
    server = serve(able=able)
    found = probe(server.url)
    assert found["log-probabilities without the constraint"] == ("no" if masked else "yes")
    assert found["log-probabilities without the bias"] == ("no" if masked else "yes")
    constrained, biased = SamplingParams(regex="[0-9]+"), SamplingParams(logit_bias=((1, 100.0),))
    with closing(open_openai(server.url, {})) as backend:
        first, second, plain = complete(
            backend,
            Request("a", TURNS, params=constrained),
            Request("b", TURNS, params=biased),
            Request("c", TURNS),
        )
        (refused,) = complete(backend, Request("d", TURNS, params=constrained, logprobs=2))
    assert plain.logprob is not None
    assert (first.logprob is None, second.logprob is None) == (masked, masked)
    assert (refused.finish_reason == "error") is masked
    if masked:
        assert "leave out --logprobs" in (refused.error or "")


def test_the_likeliest_tokens_are_returned(serve: Serve, probe: Any, complete: Complete) -> None:
    server = serve(tokens=3)
    probe(server.url)
    with closing(open_openai(server.url, {})) as backend:
        chat, raw, many = complete(
            backend,
            Request("a", TURNS, logprobs=2),
            Request("b", prompt="hello", logprobs=3),
            Request("c", TURNS, logprobs=9),
        )
    tokens = chat.token_logprobs or ()
    assert "".join(token.token for token in tokens) == chat.text
    assert (tokens[0].logprob, tokens[0].raw) == (-0.5, tokens[0].token.encode())
    assert [round(top.logprob or 0, 3) for top in tokens[0].top] == [-0.693, -1.386]
    assert all(isinstance(each, TokenLogprob) for each in tokens)
    assert [len(token.top) for token in raw.token_logprobs or ()] == [3, 3, 3]
    assert "".join(token.token for token in raw.token_logprobs or ()) == raw.text
    assert many.finish_reason == "error"
    assert "gives 5 of the likeliest tokens, not 9; set --logprobs" in (many.error or "")
    assert server.bodies[-3]["top_logprobs"] in (2, 9)


def test_further_fields_and_headers_go_over_the_wire(serve: Serve, complete: Complete) -> None:
    server = serve()
    extra = (
        '{"chat_template_kwargs":{"enable_thinking":false},"headers":{"x-title":"mine"},'
        '"provider":{"order":["a","b"]}}'
    )
    secret = {"Authorization": "Bearer sk-own-0123456789abcdef", "x-api-key": "k-0123456789abcdef"}
    with closing(open_openai(server.url, {"headers": secret})) as backend:
        complete(backend, Request("a", TURNS, params=SamplingParams(extra=extra)))
        complete(backend, Request("b", TURNS))
    first, second = (each for each in server.asked if each[0].endswith("completions"))
    assert first[2]["provider"] == {"order": ["a", "b"]}
    assert first[2]["chat_template_kwargs"] == {"enable_thinking": False}
    assert "headers" not in first[2]
    assert (first[1]["x-title"], first[1]["x-api-key"]) == ("mine", secret["x-api-key"])
    assert first[1]["authorization"] == secret["Authorization"]
    assert "x-title" not in second[1]
    # The list of models is asked for with the secret ones too.
    assert all(headers["x-api-key"] == secret["x-api-key"] for _, headers, _ in server.asked)
    assert "0123456789abcdef" not in repr(backend.__dict__)


def test_an_alias_has_headers_and_fields_and_no_secret_is_kept(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    server = serve()
    settings = tmp_path / "config.toml"
    settings.write_text(
        f'[models.mine]\nmodel = "{server.url}"\n'
        'headers = { Authorization = "Bearer sk-alias-0123456789", X-Title = "t" }\n'
        "[models.mine.extra]\nenable_thinking = false\nprovider.order = ['a']\n"
    )
    monkeypatch.setenv("TTC_DB", str(tmp_path / "s.db"))
    data = tmp_path / "q.jsonl"
    data.write_text('{"id": "q", "question": "1 + 1?", "answer": "2"}\n')
    out = tmp_path / "out.jsonl"
    more = ["--extra", 'header.X-Api-Key="flag-secret-0123456789"', "--extra", "top_a=0.5"]
    args = ["sample", str(data), "-m", "mine", "-n", "1", "--config", str(settings)]
    assert run([*args, *more, "-o", str(out)]) == 0
    _, headers, body = server.asked[-1]
    assert headers["authorization"] == "Bearer sk-alias-0123456789"
    assert (headers["x-title"], headers["x-api-key"]) == ("t", "flag-secret-0123456789")
    assert (body["top_a"], body["provider"]) == (0.5, {"order": ["a"]})
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    told = capsys.readouterr()
    assert "authorization, x-api-key: sent as a header and not kept" in told.err
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("s.db*"))
    everything += out.read_bytes() + told.err.encode() + told.out.encode()
    assert b"0123456789" not in everything
    assert b"x-title" in everything
    assert run([*args, "--extra", "top_a=0.75", "--explain"]) == 0
    shown = capsys.readouterr().out
    assert "differs in extra.top_a: 0.5 there, 0.75 here" in shown


@pytest.fixture
def unprobed(serve: Serve) -> Backend:
    return open_openai(serve().url, {})


def test_without_a_probe_what_may_be_ignored_is_refused(
    unprobed: Backend, complete: Complete
) -> None:
    with closing(unprobed):
        for given in ({"regex": "a"}, {"logit_bias": ((1, 1.0),)}, {"thinking": "64"}):
            params = SamplingParams(**given)  # type: ignore[arg-type]
            (done,) = complete(unprobed, Request("a", TURNS, params=params))
            assert done.finish_reason == "error"


def test_a_field_without_effect_is_told_after_a_probe(
    serve: Serve, probe: Any, complete: Complete, capsys: Any
) -> None:
    server = serve(able=BASE)
    probe(server.url)
    notes.hush(False)
    for extra in (
        '{"reasoning_effort":"low"}',
        '{"chat_template_kwargs":{"enable_thinking":false}}',
    ):
        with closing(open_openai(server.url, {})) as backend:
            (done,) = complete(backend, Request("a", TURNS, params=SamplingParams(extra=extra)))
        assert done.finish_reason == "stop"
    told = capsys.readouterr().err
    assert "--extra reasoning_effort: the probe found that it has no effect" in told
    assert "--extra enable_thinking: the probe found no effect" in told


def test_a_model_that_thinks_is_probed_without_its_thoughts(serve: Serve, probe: Any) -> None:
    """Each trial of a constraint would draw a thought first."""
    able = BASE | {"thinks", "switch=thinking.type", "schema=json_object", "bias", "penalties"}
    server = serve(able=able, tokens=12)
    found = probe(server.url)
    assert (found["reasoning on and off"], found["answers by a JSON Schema"]) == (
        "thinking.type",
        "json_object",
    )
    assert {"logit-bias", "penalties"} <= found["able"]
    constrained = [body for body in server.bodies if "response_format" in body]
    assert all(body["thinking"] == {"type": "disabled"} for body in constrained)
    assert all(body["max_tokens"] <= 40 for body in constrained)


def test_a_rejected_field_ends_a_run_with_the_servers_words(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    server = serve(strict=frozenset({"provider", "chat_template_kwargs"}))
    monkeypatch.setenv("TTC_DB", str(tmp_path / "s.db"))
    data = tmp_path / "q.jsonl"
    data.write_text('{"id": "q", "question": "1 + 1?", "answer": "2"}\n')
    for extra, name in (('provider.order=["a"]', "provider"), ("thinking=true", "chat_template")):
        args = ["sample", str(data), "-m", server.url, "-n", "1", "--extra", extra]
        assert run([*args, "-o", str(tmp_path / "o")]) == 3
        assert f"Unrecognized request argument: {name}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--regex", "[0-9]+", "--logprobs", "2"], "leave out --logprobs"),
        (["--regex", "[0-9]+", "--confidence", "2"], "leave out --confidence"),
        (["--top-k", "5"], "top_k is set, and this server may ignore it"),
        (["--regex", "[0-9]+", "--logprobs", "2", "--dry-run"], "leave out --logprobs"),
    ],
)
def test_what_no_draw_can_have_is_refused_before_there_is_a_pool(
    serve: Serve,
    probe: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
    options: list[str],
    told: str,
) -> None:
    server = serve(able=BASE | {"regex=guided_regex", "masked"})
    if "--regex" in options:
        probe(server.url)
    asked = len(server.bodies)
    monkeypatch.setenv("TTC_DB", str(tmp_path / "s.db"))
    data = tmp_path / "q.jsonl"
    data.write_text('{"id": "q", "question": "1 + 1?", "answer": "2"}\n')
    assert run(["sample", str(data), "-m", server.url, "-n", "1", *options]) == 2
    assert told in capsys.readouterr().err
    assert len(server.bodies) == asked
    assert not (tmp_path / "s.db").exists()
