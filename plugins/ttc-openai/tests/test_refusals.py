"""Which fields a refusal is about, in the words of many servers; and what is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ttc.backends import Request
from ttc.records import Message, SamplingParams
from ttc_openai.dialect import Dialect, off_and_rejected
from ttc_openai.errors import ExchangeError
from ttc_openai.refusals import Refusal
from ttc_openai.server_traits import ServerTraits

SENT = ["model", "messages", "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed"]
SENT += ["repetition_penalty", "max_tokens", "stream_options", "stop", "n", "logprobs", "stream"]
BOTH = "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
SENTENCES = [
    ("Unsupported parameter: 'temperature' is not supported with this model.", "temperature"),
    (
        "Unsupported value: 'temperature' does not support 0.8 with this model. Only the default "
        "(1) value is supported.",
        "temperature",
    ),
    ("Unrecognized request argument supplied: top_k", "top_k"),
    ("Unrecognized request arguments supplied: min_p, top_k", "min_p top_k"),
    ("property 'top_k' is unsupported, did you mean 'top_p'?", "top_k"),
    (
        "Failed to deserialize the JSON body into the target type: top_k: unknown field `top_k`, "
        "expected one of `model`, `messages`, `max_tokens`, `max_completion_tokens`, `stream`, "
        "`stream_options`, `temperature`, `top_p` at line 1 column 20",
        "top_k",
    ),
    ("Input validation error: `top_p` must be > 0.0 and < 1.0", "top_p"),
    ("Input validation error: `temperature` must be strictly positive", "temperature"),
    (f"litellm.BadRequestError: AnthropicException - {BOTH}", "temperature top_p"),
    (
        'Invalid JSON payload received. Unknown name "min_p": Cannot find field.\n'
        'Invalid JSON payload received. Unknown name "top_k": Cannot find field.',
        "min_p top_k",
    ),
    ("top_k: Extra inputs are not permitted", "top_k"),
    ("1 validation error for Chat\ntop_k\n  Extra inputs are not permitted [type=x]", "top_k"),
    ('json: unknown field "min_p"', "min_p"),
    ("Additional properties are not allowed ('top_k', 'min_p' were unexpected)", "top_k min_p"),
    ("create() got an unexpected keyword argument 'min_p'", "min_p"),
    ("[{'type': 'extra_forbidden', 'loc': ('body', 'top_k'), 'msg': 'Extra inputs'}]", "top_k"),
    ("top_k must be -1 (disable), or at least 1, got 0.", "top_k"),
    ("openai does not support parameters: ['top_k'], for model=o3. To drop top_p, set x", "top_k"),
    ("The following parameters are not supported: top_k, min_p", "top_k min_p"),
    ("Supported parameters: model, temperature, max_tokens. Unknown parameter min_p", "min_p"),
    ("Unknown field 'top_k'; known fields are 'max_tokens', 'temperature', 'top_p'", "top_k"),
    ("Cannot use repetition_penalty. Use temperature and top_p instead", "repetition_penalty"),
    ("temperature is deprecated for this model", "temperature"),
    ("max_tokens is too large: 512. At most 256 completion tokens are generated", "max_tokens"),
    # Nothing is named as refused.
    ("Conversation roles must alternate user/assistant/user/assistant/...", ""),
    ("This model's maximum context length is 4096 tokens. Please reduce the messages.", ""),
    ("Please stop sending requests, the model is not loaded", ""),
    ("Value '1.0' at 'topP' failed", ""),
]


@pytest.mark.parametrize(("said", "named"), SENTENCES)
def test_the_fields_of_a_sentence(said: str, named: str) -> None:
    assert Refusal(said).fields(SENT) == set(named.split())
    assert Refusal("", {"error": {"message": said}}).fields(SENT) == set(named.split())


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"error": {"message": "bad", "param": "temperature"}}, "temperature"),
        ({"error": {"message": "top_p is not known", "param": "body.top_k"}}, "top_k"),
        ({"error": {"message": "no", "param": "messages[0].role"}}, "messages"),
        ({"detail": [{"type": "extra_forbidden", "loc": ["body", "top_k"]}]}, "top_k"),
        ({"message": {"detail": [{"loc": ["body", "min_p"], "msg": "Extra"}]}}, "min_p"),
        ([{"error": {"message": 'Unknown name "min_p"', "details": []}}], "min_p"),
        ({"errors": [{"field": "top_k"}], "message": "expected temperature"}, "top_k"),
        ({"error": {"message": 'litellm - {"error": {"param": "top_p"}}'}}, "top_p"),
        ({"error": {"message": "wrong", "param": None}}, ""),
        (None, ""),
        (7, ""),
    ],
)
def test_the_fields_that_a_body_points_to(body: Any, named: str) -> None:
    assert Refusal("", body).fields(SENT) == set(named.split())


def learnt(said: str, **params: Any) -> tuple[dict[str, Any], str]:
    """Return the request that follows a refusal, and what is said of it."""
    dialect, fault = Dialect(), ExchangeError("400", refused=Refusal(said))
    asked = Request("a", (Message("user", "Hi"),), params=SamplingParams(**params))
    traits = ServerTraits(top_k=True, min_p=True)
    dialect.learn(dialect.body(asked, traits, model="m"), fault)
    return dialect.body(asked, traits, model="m"), fault.reason


def test_a_list_of_fields_removes_none_of_them() -> None:
    serde = SENTENCES[5][0]
    body, _ = learnt(serde)
    # The value -1 is another way to say that it is off.
    assert body["top_k"] == -1
    assert body["max_tokens"] == 512
    assert "max_completion_tokens" not in body
    assert "stream_options" in body
    assert body["temperature"] == 0.8


def test_the_other_name_of_a_limit() -> None:
    said = (
        "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    )
    body, _ = learnt(said)
    assert (body.get("max_tokens"), body["max_completion_tokens"]) == (None, 512)


@pytest.mark.parametrize(
    ("said", "params", "instead"),
    [
        (SENTENCES[0][0], {}, "; pass -t 1 --top-p 1"),
        (SENTENCES[0][0], {"top_p": 1}, "; pass -t 1"),
        (SENTENCES[7][0], {"temperature": 0}, "; pass another -t"),
        (BOTH, {}, "; pass -t 1 or --top-p 1"),
        ("Unknown parameter: 'top_k'", {"top_k": 5}, "; pass no --top-k"),
        ("max_tokens is too large: 512. It must be at most 256", {}, "; pass another --max-tokens"),
        ("The messages are not nice", {}, ""),
    ],
)
def test_what_is_set_is_never_left_out(said: str, params: dict[str, Any], instead: str) -> None:
    body, reason = learnt(said, **params)
    assert reason == "400" + instead
    kept = SamplingParams(**params)
    assert (body["temperature"], body["top_p"]) == (kept.temperature, kept.top_p)
    assert body["top_k"] == kept.top_k


@pytest.mark.parametrize(("temperature", "top_p"), [(1, 1), (1, 0.9), (0.8, 1)])
def test_of_two_that_exclude_each_other_both_are_noted(temperature: float, top_p: float) -> None:
    sent = {"temperature": float(temperature), "top_p": float(top_p)}
    assert off_and_rejected(sent, Refusal(BOTH)) == {"temperature", "top_p"}
    assert not off_and_rejected({"temperature": 0.8, "top_p": 0.9}, Refusal(BOTH))


def test_where_keys_do_not_say_so_nothing_is_left_out() -> None:
    noted: list[frozenset[str]] = []
    dialect = Dialect((), lambda names: noted.append(frozenset(names)))
    asked = Request("a", (Message("user", "Hi"),), params=SamplingParams(temperature=1, top_p=1))
    body = dialect.body(asked, ServerTraits(), model="m")
    fault = ExchangeError(
        "400", refused=Refusal(json.dumps({"param": "top_p"}), {"param": "top_p"})
    )
    with pytest.raises(ExchangeError, match="run the same command again"):
        dialect.learn(body, fault)
    assert noted == [{"top_p"}]
    assert dialect.body(asked, ServerTraits(), model="m") == body
    assert "top_p" not in Dialect({"top_p"}).body(asked, ServerTraits(), model="m")
