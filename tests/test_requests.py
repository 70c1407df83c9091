"""What a request may say, from the command line, Python and settings: read, refused, recorded."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc

import ttc as library
from ttc import config, keys
from ttc.api import calling
from ttc.backends import Completion, ModelInfo, Request, extras
from ttc.backends.asking import capabilities, extra_fields
from ttc.backends.guarded import GuardedBackend
from ttc.backends.resolve import ModelChoice
from ttc.backends.simulated import SimulatedBackend
from ttc.errors import BackendError, UsageError
from ttc.messages import secrets
from ttc.samples import asked
from ttc.samples.recipe import Sampling, make_recipe
from ttc.session import Session

EVERYTHING = frozenset(capabilities.MEANINGS)
M = "scripted:tokens=5"


class Recorder(SimulatedBackend):
    """A backend that can do everything and keeps what it was asked."""

    def __init__(self, capabilities: frozenset[str] = EVERYTHING) -> None:
        self.requests: list[Request] = []
        super().__init__(ModelInfo("rec", "f"), self._script, capabilities=capabilities)

    def _script(self, request: Request) -> Completion:
        self.requests.append(request)
        return Completion("", "4", "stop", completion_tokens=1)


def recipe_of(sampling: Sampling, backend: Any = None, toml: str = "", **defaults: Any) -> Any:
    Path("config.toml").write_text(toml)
    session = Session(config.load(Path("config.toml")), Path("s.db"), print, "again")
    choice = ModelChoice("rec", "rec", defaults=defaults)
    return make_recipe(session, choice, backend or Recorder(), sampling, asks=False)


# Reading --extra.


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["enable_thinking=false"], {"chat_template_kwargs": {"enable_thinking": False}}),
        (["thinking=true"], {"chat_template_kwargs": {"thinking": True}}),
        (['thinking={"type":"disabled"}'], {"thinking": {"type": "disabled"}}),
        (
            ["chat_template_kwargs.a=1", "reasoning=false"],
            {"chat_template_kwargs": {"a": 1, "reasoning": False}},
        ),
        (['reasoning_effort="low"'], {"reasoning_effort": "low"}),
        (
            ['provider={"order":["a"]}', "provider.only=[]"],
            {"provider": {"order": ["a"], "only": []}},
        ),
        (
            ['provider.order=["a"]', "provider.zdr=true"],
            {"provider": {"order": ["a"], "zdr": True}},
        ),
        (['header.X-Title="a.b"'], {"headers": {"x-title": "a.b"}}),
        (['headers.X-Title="c"'], {"headers": {"x-title": "c"}}),
        (["a=null"], {"a": None}),
        (["a=1e300"], {"a": 1e300}),
        (['ключ="значение"'], {"ключ": "значение"}),
        (["chat_template_kwargs={}"], {}),
        (["a= 1 "], {"a": 1}),
    ],
)
def test_extra_fields_are_read(items: list[str], expected: dict[str, Any]) -> None:
    text, secret = extra_fields.parted(extra_fields.checked(extra_fields.parse(items)))
    assert (json.loads(text or "{}"), dict(secret)) == (expected, {})
    assert text in ("", keys.canonical_json(expected))


DEEP = "[" * 200 + "]" * 200


@pytest.mark.parametrize(
    ("items", "fault"),
    [
        (["a"], "write --extra KEY=JSON"),
        (["=1"], "a key is names with dots"),
        (["a..b=1"], "a key is names with dots"),
        (["a=low"], r"low is not JSON; a text needs quotes, .*: 'a=\"low\"'"),
        (["a="], "is not JSON; a text needs quotes"),
        (["a=NaN"], "there is no NaN in it"),
        (["a=-Infinity"], "there is no -Infinity in it"),
        (["a=1e999"], "a: inf is no number of JSON"),
        (['a={"b":1,"b":2}'], "the key 'b' is there twice"),
        (["a=1", "a=2"], "it is given twice"),
        (["a.b=1", "a=2"], "fields inside it are given too"),
        (["a=1", "a.b=2"], "a is 1 already"),
        ([f"a={DEEP}"], "nested too deeply"),
        ([".".join("a" * 60) + "=1"], "a key is names with dots"),
        (["temperature=1"], "use --temperature"),
        (["messages=[]"], "the problems say what is asked"),
        (["n=4"], "-n says how many"),
        (["stream=false"], "ttc reads answers in its own way"),
        (['response_format={"type":"json_object"}'], "use --schema FILE.json"),
        (["logit_bias={}"], "use --logit-bias"),
        (["tools=[]"], "ttc reads texts, not tool calls"),
        (['api_key="abc"'], "it would put a secret into the store"),
        (['a.b.access_token="abc"'], "it would put a secret into the store"),
        (["header.X-Title=5"], "must be ASCII text on one line"),
        (['header.X-Title="a\\nb"'], "must be ASCII text on one line"),
        (['header.X-Title="é"'], "must be ASCII text on one line"),
        (['header.X-Title=" a"'], "must be ASCII text on one line"),
        (['a="\\ud800"'], "half a surrogate pair"),
        (['a={"\\ud800":1}'], "half a surrogate pair"),
        ([f"a={'9' * 5000}"], "is not JSON"),
        (['header.X Title="a"'], "cannot be the name of a header"),
        (['header.Host="a"'], "ttc sets this header itself"),
        (['header.X-A="1"', 'header.x-a="2"'], "header.x-a: it is given twice"),
        (["headers=5"], 'write header.NAME="text"'),
        (["chat_template_kwargs=5"], "must be an object of arguments"),
    ],
)
def test_extra_fields_that_cannot_be_are_named(items: list[str], fault: str) -> None:
    with pytest.raises(UsageError, match=fault) as raised:
        extra_fields.checked(extra_fields.parse(items))
    assert len(str(raised.value)) < 400


def test_numbers_that_count_tokens_are_no_secrets() -> None:
    fields = {"max_thinking_tokens": 5, "thinking_token_budget": 8, "top_k_tokens": "a"}
    assert extra_fields.checked(fields) == fields


@pytest.mark.parametrize(
    "name", ["Authorization", "Cookie", "X-Api-Key", "x-goog-api-key", "X-Auth-Token", "Api-Secret"]
)
def test_a_secret_header_is_no_part_of_the_key_and_masked(name: str) -> None:
    value = f"Bearer own-{name}-0123456789abcdef"
    text, secret = extra_fields.parted(extra_fields.checked({f"header.{name}": value}))
    assert (text, dict(secret)) == ("", {name.lower(): value})
    assert "0123456789abcdef" not in secrets.redacted(f"the server says {value}")


def test_a_known_secret_in_another_header_is_one_too() -> None:
    secrets.keep("kept-somewhere-0123456789")
    _, secret = extra_fields.parted(
        extra_fields.checked({"header.X-Title": "kept-somewhere-0123456789"})
    )
    assert dict(secret) == {"x-title": "kept-somewhere-0123456789"}


# Layers.


def test_options_beat_the_alias_and_the_settings(own_home: Path) -> None:
    toml = (
        "presence_penalty = 0.25\nthinking = 64\n[extra]\ntop_a = 1\nprovider.order = ['s']\n"
        "[logit_bias]\n5 = -1\n"
    )
    alias = {"extra": {"provider": {"order": ["a"], "zdr": True}}, "repeat_penalty": 1.5}
    given = Sampling(extra=["top_a=2"], frequency_penalty=0.5)
    made = recipe_of(given, toml=toml, **alias).params
    assert made.extra_fields == {"top_a": 2, "provider": {"order": ["a"], "zdr": True}}
    assert (made.presence_penalty, made.frequency_penalty, made.repeat_penalty) == (0.25, 0.5, 1.5)
    assert (made.thinking_budget, made.logit_bias) == (64, ((5, -1.0),))


def test_settings_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTC_EXTRA", '{"top_a": 1}')
    monkeypatch.setenv("TTC_REGEX", "[0-9]+")
    made = recipe_of(Sampling()).params
    assert (made.extra_fields, made.regex) == ({"top_a": 1}, "[0-9]+")
    monkeypatch.setenv("TTC_EXTRA", "top_a")
    with pytest.raises(UsageError, match="TTC_EXTRA: extra must be of type dict"):
        config.load()


def test_a_project_may_not_set_a_secret_header(own_home: Path) -> None:
    text = "[models.x]\nmodel = 'openai:m'\nheaders = { X-Api-Key = 'project-0123456789' }\n"
    Path("ttc.toml").write_text(text)
    with pytest.raises(UsageError, match="the header X-Api-Key may be secret; use") as raised:
        config.load()
    assert "0123456789" not in str(raised.value)


def test_settings_are_shown_without_secret_headers(ttc: Ttc, own_home: Path) -> None:
    text = "[models.x]\nmodel = 'openai:m'\nheaders = { X-Api-Key = 'settings-0123456789' }\n"
    Path("mine.toml").write_text(text)
    shown = ttc("config", "--json", "--config", "mine.toml")
    assert "0123456789" not in shown.out
    assert shown.document["models"]["x"]["headers"] == {"X-Api-Key": "***"}


# Constraints.

SCHEMA = {"type": "object", "properties": {"b": {"type": "integer"}, "a": {"type": "string"}}}


def test_a_schema_keeps_the_order_of_its_properties(own_home: Path) -> None:
    Path("s.json").write_text(json.dumps(SCHEMA, indent=2))
    from_file = recipe_of(Sampling(schema="s.json")).params.schema
    assert from_file == recipe_of(Sampling(schema=SCHEMA)).params.schema
    assert from_file == recipe_of(Sampling(schema=Path("s.json"))).params.schema
    assert list(json.loads(from_file)["properties"]) == ["b", "a"]
    assert (
        recipe_of(
            Sampling(regex="@p.txt") if Path("p.txt").write_text("[a-z]+") else None
        ).params.regex
        == "[a-z]+"
    )
    assert recipe_of(Sampling(grammar='root ::= "a"')).params.grammar == 'root ::= "a"'


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"schema": "none.json"}, "--schema none.json: No such file"),
        ({"schema": {"type": "nothing"}}, "is not a JSON Schema"),
        ({"schema": '{"a": NaN}'}, "NaN is not JSON"),
        ({"schema": '{"a": 1, "a": 2}'}, "an object has a key twice"),
        ({"schema": "["}, "No such file"),
        ({"schema": {"type": {1, 2}}}, "--schema"),
        ({"grammar": "none.gbnf"}, "--grammar none.gbnf: No such file"),
        ({"grammar": "rule ::= root"}, "it has no rule root"),
        ({"regex": ""}, "the pattern is empty"),
        ({"regex": "(a"}, "missing"),
        ({"regex": "\udcff"}, "half a surrogate pair"),
        ({"schema": '{"const": "\\ud800"}'}, "half a surrogate pair"),
        ({"regex": "a", "schema": SCHEMA}, "--schema and --regex exclude each other"),
        ({"logit_bias": ["a=1"]}, "a token is given by its id"),
        ({"logit_bias": ["1"]}, "write --logit-bias TOKEN=BIAS"),
        ({"logit_bias": ["1=nan"]}, "must be a finite number, not 'nan'"),
        ({"logit_bias": ["1=inf"]}, "must be a finite number"),
        ({"logit_bias": {1: True}}, "must be a finite number"),
        ({"logit_bias": {1.5: 1}}, "a token is given by its id"),
        ({"logit_bias": {-1: 1}}, "a token is given by its id"),
        ({"logit_bias": ["1=1", "01=2"]}, "it is given twice"),
        ({"presence_penalty": float("nan")}, "presence_penalty must be a finite number"),
        ({"repeat_penalty": 0}, "repeat_penalty must be above 0"),
        ({"logprobs": -1}, "logprobs must be a whole number from 0"),
        ({"logprobs": 1.5}, "logprobs must be a whole number"),
        ({"thinking": "sometimes"}, "thinking must be on or off"),
        ({"thinking": "off", "raw": True}, "--raw uses none"),
        ({"extra": ["enable_thinking=false"], "raw": True}, "--raw uses none"),
        ({"thinking": "off", "extra": ["enable_thinking=true"]}, "both say how to reason"),
        ({"thinking": "low", "extra": ['reasoning_effort="high"']}, "both say how to reason"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_drawn(given: Any, fault: str) -> None:
    with pytest.raises(UsageError, match=fault) as raised:
        recipe_of(Sampling(**given))
    assert "\n" not in str(raised.value)


# Refusals.

ASKS: dict[str, tuple[dict[str, Any], str]] = {
    "thinking": ({"thinking": "on"}, "--thinking on: the chat template of rec has no switch"),
    "thinking-effort": ({"thinking": "low"}, "--thinking low: rec takes no effort"),
    "thinking-budget": ({"thinking": 64}, "--thinking 64: rec cannot end a thought"),
    "grammar": ({"grammar": "root ::= a"}, "--grammar: rec cannot do that"),
    "schema": ({"schema": SCHEMA}, "--schema: rec cannot do that"),
    "regex": ({"regex": "a"}, "--regex: rec cannot do that"),
    "penalties": ({"presence_penalty": 1}, "--presence-penalty 1: rec cannot do that"),
    "repeat-penalty": ({"repeat_penalty": 1.1}, "--repeat-penalty 1.1: rec cannot do that"),
    "logit-bias": ({"logit_bias": {1: 1}}, "--logit-bias: rec cannot do that"),
    "token-logprobs": ({"logprobs": 2}, "--logprobs 2: rec does not return the likeliest"),
    "template-arguments": (
        {"extra": ["chat_template_kwargs.a=1"]},
        "--extra a: rec takes no arguments of a chat template",
    ),
    "request-fields": ({"extra": ['header.X-A="1"']}, "--extra header: rec is sent no fields"),
}


@pytest.mark.parametrize("capability", ASKS)
def test_a_backend_that_cannot_refuses_and_one_that_can_is_asked(capability: str) -> None:
    given, fault = ASKS[capability]
    with pytest.raises(UsageError, match=fault) as raised:
        recipe_of(Sampling(**given), Recorder(EVERYTHING - {capability}))
    assert "openai" in str(raised.value) or "leave" in str(raised.value)
    made = recipe_of(Sampling(**given), Recorder())
    assert make_needs(made) == {capability}


def make_needs(made: Any) -> set[str]:
    return set(Request("a", prompt="p", params=made.params, logprobs=made.logprobs).needs)


def test_installed_backends_that_can_are_named() -> None:
    pytest.importorskip("ttc_openai")
    with pytest.raises(UsageError, match=r"models of .*openai.* may \(ttc plugins NAME lists it\)"):
        recipe_of(Sampling(regex="a"), Recorder(frozenset()))


def test_an_engine_without_a_server_gets_fields_as_template_arguments() -> None:
    local = Recorder(EVERYTHING - {"request-fields"})
    made = recipe_of(Sampling(extra=['reasoning_effort="low"', "enable_thinking=false"]), local)
    assert made.params.extra_fields == {
        "chat_template_kwargs": {"enable_thinking": False, "reasoning_effort": "low"}
    }
    with pytest.raises(UsageError, match="--extra header: rec is sent no fields"):
        recipe_of(Sampling(extra=['header.X-A="1"']), local)


def test_an_old_plugin_is_not_asked_for_what_it_does_not_know() -> None:
    """It would look at none of the new fields, and draw from another distribution."""
    old = Recorder(frozenset({"seed", "thinking"}))
    old.submit = lambda request: SimulatedBackend.submit(  # type: ignore[method-assign]
        old, Request(request.id, prompt="p")
    )
    guarded = GuardedBackend("old", old)
    params = recipe_of(Sampling(regex="a")).params
    with pytest.raises(BackendError, match="cannot do what is asked: regex"):
        guarded.submit(Request("a", prompt="p", params=params))
    guarded.submit(Request("b", prompt="p"))
    assert guarded.wait().finish_reason == "stop"
    assert not isinstance(guarded, extras.Probeable)


# The command line, Python, and what is recorded.


def test_the_command_line_refuses_before_the_first_token(ttc: Ttc, sums: Path) -> None:
    for arguments in (["--regex", "a"], ["--logprobs", "2"], ["--logit-bias", "1=1"]):
        ran = ttc("sample", str(sums), "-m", M, "-n", "1", *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert "scripted" in ran.err
        assert ttc("solve", "1 + 1?", "-m", M, *arguments).code == 2
    assert not list(Path.cwd().rglob("*.db"))


def test_python_refuses_the_same(sums: Path) -> None:
    with pytest.raises(UsageError, match="regex"):
        library.sample(str(sums), 1, model=M, regex="a", progress=False)
    with pytest.raises(UsageError, match="extra must be a mapping"):
        library.sample(str(sums), 1, model=M, extra=["a=1"], progress=False)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="thinking must be a string"):
        library.sample(str(sums), 1, model=M, thinking=[5], progress=False)  # type: ignore[arg-type]


def test_python_has_every_option() -> None:
    from ttc.cli.sampling_options import OPTIONS

    assert set(OPTIONS) == set(calling.SamplingArguments.__annotations__)
    assert set(OPTIONS) == set(Sampling.__dataclass_fields__)


def test_the_command_that_resumes_has_no_secret(
    ttc_process: Ttc, sums: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ttc_openai")
    from ttc.testing.http_answers import Behaviour
    from ttc.testing.http_server import ScriptedServer

    with ScriptedServer(Behaviour()) as server:
        ran = ttc_process(
            *("sample", str(sums), "-m", server.url, "-n", "1", "-o", "out.jsonl"),
            *("--extra", 'header.X-Api-Key="argv-0123456789"', "--extra", 'header.X-Title="t"'),
        )
    assert ran.code == 0, ran.err
    assert "x-api-key: sent as a header and not kept" in ran.err
    assert server.asked[-1][1]["x-api-key"] == "argv-0123456789"
    (store,) = Path.cwd().rglob("*.db")
    with closing(sqlite3.connect(store)) as connection:
        dump = "\n".join(connection.iterdump())
    assert "0123456789" not in dump + ran.err + Path("out.jsonl").read_text()
    assert "header.X-Api-Key=***" in dump
    line = json.loads(Path("out.jsonl").read_text().splitlines()[0])
    assert line["params"]["extra"] == {"headers": {"x-title": "t"}}


@pytest.fixture
def pool(ttc: Ttc, sums: Path) -> Iterator[tuple[str, list[str]]]:
    """A server that does everything, and the arguments of a pool of its draws."""
    pytest.importorskip("ttc_openai")
    from ttc.testing.http_answers import Behaviour
    from ttc.testing.http_server import ScriptedServer

    able_to = {"seed", "stop", "usage", "logprobs", "raw", "filters", "schema=response_format"}
    with ScriptedServer(Behaviour(able=frozenset(able_to | {"penalties", "bias"}))) as server:
        assert ttc("models", "probe", server.url, "-q").code == 0
        yield server.url, ["sample", str(sums), "-m", server.url, "-n", "1", "--pool", "p"]


def test_explain_names_each_field_and_a_dry_run_prints_them(
    ttc: Ttc, pool: tuple[str, list[str]]
) -> None:
    Path("s.json").write_text(json.dumps(SCHEMA))
    _, arguments = pool
    assert ttc(*arguments, "-o", "/dev/null").code == 0
    asked_for = [
        *("--schema", "s.json", "--presence-penalty", "0.5", "--logit-bias", "7=-1"),
        *("--extra", 'provider.order=["a"]', "--extra", "enable_thinking=true"),
    ]
    shown = ttc(*arguments, *asked_for, "--explain").out
    for name in (
        "schema",
        "presence_penalty",
        "logit_bias.7",
        "extra.provider.order",
        "extra.chat_template_kwargs.enable_thinking",
    ):
        assert f"p differs in {name}: None there" in shown, shown
    plan = ttc(*arguments, *asked_for, "--new-pool", "--dry-run").out
    assert "presence_penalty: 0.5" in plan
    assert (
        'extra: {"chat_template_kwargs":{"enable_thinking":true},"provider":{"order":["a"]}}'
        in plan
    )
    document = ttc(*arguments, *asked_for, "--new-pool", "--dry-run", "--json").document
    assert document["asks"]["logit_bias"] == {"7": -1.0}
    assert "asks" not in ttc(*arguments, "--dry-run", "--json").document


def test_what_was_cut_is_counted(ttc: Ttc, pool: tuple[str, list[str]]) -> None:
    Path("s.json").write_text(json.dumps(SCHEMA))
    _, arguments = pool
    ran = ttc(*arguments, "--schema", "s.json", "--max-tokens", "2", "-o", "/dev/null")
    assert "--schema: 6 of 6 new draws were cut at the token limit" in ran.err
    whole = ttc(*arguments[:-1], "q", "--schema", "s.json", "-o", "q.jsonl", "-V", "none")
    assert whole.code == 2
    whole = ttc(*arguments[:-1], "q", "--schema", "s.json", "-o", "q.jsonl")
    assert whole.code == 0, whole.err
    assert "no JSON" not in whole.err
    judged = ttc("verify", "q", "-V", "schema:s.json", "--json")
    assert judged.code == 0, judged.err


def test_the_plugins_that_can_are_listed(ttc: Ttc) -> None:
    shown = ttc("plugins", "scripted").out
    assert "--thinking on|off" in shown
    assert "--schema" not in shown
    assert ttc("plugins", "scripted", "--json").document["plugins"][0]["capabilities"]
    assert "did you mean scripted?" in ttc("plugins", "scriptd").err
    assert ttc("plugins", "majority").code == 0


def test_a_memo_of_questions_is_about_template_arguments(own_home: Path) -> None:
    from ttc.records import Message, Problem
    from ttc.strategies import Choose
    from ttc.strategies.driver.engine import ModelEngine

    problem = Problem("p", (Message("user", "q"),))
    made: Mapping[str, Any] = {"regex": "a+", "presence_penalty": 1}
    plain = ModelEngine(Recorder(), recipe_of(Sampling()))
    shaped = ModelEngine(Recorder(), recipe_of(Sampling(**made)))
    asked_other = ModelEngine(Recorder(), recipe_of(Sampling(extra=["enable_thinking=false"])))
    question = Choose(("yes", "no"))
    assert shaped.question(problem, question) == plain.question(problem, question)
    memo = [each._memo_key(problem, question) for each in (plain, shaped, asked_other)]
    assert memo[0] == memo[1] != memo[2]


def test_constraint_is_one(own_home: Path) -> None:
    assert asked.constraint({"grammar": None, "schema": None, "regex": None}) == {}


def test_a_secret_header_for_what_is_no_server_is_refused(ttc: Ttc) -> None:
    done = ttc("solve", "-m", "scripted:", "--extra", 'header.Authorization="abc"', "2+2?")
    assert done.code == 2
    assert "is no server; leave it out" in done.err
