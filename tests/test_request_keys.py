"""What a request may say, in keys: old keys stay, and each new field is in them once it is set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ttc import keys
from ttc.backends import Request, needs_of
from ttc.records import LATER, Message, Problem, SamplingParams

PROMPT = keys.prompt_id(Problem("p", (Message("user", "What is 6 × 7?"),)))


def key(params: SamplingParams, *unset: str) -> str:
    return keys.sample_key(keys.identity("b", "f", params, 7, unset), PROMPT)


@pytest.mark.parametrize(
    ("given", "unset", "recorded"),
    [
        ({}, (), "cb9eb6a494307d1aee291ab47dd9283d"),
        ({"thinking": "on"}, (), "8d31d650343095ad48b65e6194924a0e"),
        ({"thinking": "off", "top_p": 1}, (), "fc6396b69daf65c1f2775023e9f2f256"),
        ({"thinking": "off", "top_p": 1}, ("top_p",), "03dd704490b98c3327e261c15d172c65"),
        (
            {"temperature": 0, "top_k": 3, "min_p": 0.1, "max_tokens": 9, "stop": ("a", "b")},
            (),
            "f4e3c8c369b4f1e7201e300e98943ee5",
        ),
    ],
)
def test_keys_from_before_these_fields_stay(
    given: dict[str, Any], unset: tuple[str, ...], recorded: str
) -> None:
    assert key(SamplingParams(**given), *unset) == f"key1:{recorded}"


SET: dict[str, Any] = {
    "thinking": "512",
    "presence_penalty": 0.5,
    "frequency_penalty": -0.5,
    "repeat_penalty": 1.1,
    "logit_bias": ((2, -100.0), (11, 1.5)),
    "extra": '{"provider":{"order":["a"]}}',
    "grammar": 'root ::= "a"',
    "schema": '{"type":"object"}',
    "regex": "[0-9]+",
}


@pytest.mark.parametrize("name", SET)
def test_each_field_is_in_the_key_once_it_is_set(name: str) -> None:
    plain = keys.identity("b", "f", SamplingParams())
    with_it = keys.identity("b", "f", SamplingParams(**{name: SET[name]}))
    assert set(with_it) - set(plain) == {name}
    assert {**plain, name: with_it[name]} == with_it
    assert keys.canonical_json(with_it)
    assert replace(SamplingParams(**{name: SET[name]}), **{name: LATER[name]}) == SamplingParams()


def test_every_later_field_is_held_by_these_tests() -> None:
    assert set(SET) == set(LATER)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"thinking": 512}, {"thinking": "0512"}),
        ({"presence_penalty": 1}, {"presence_penalty": 1.0}),
        ({"presence_penalty": -0.0}, {}),
        ({"repeat_penalty": 1}, {}),
        ({"logit_bias": ((5, 1), (2, 0))}, {"logit_bias": ((2, 0.0), (5, 1.0))}),
    ],
)
def test_equal_settings_have_one_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert key(SamplingParams(**one)) == key(SamplingParams(**other))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"thinking": "-1"}, "thinking must be on or off, low, medium, high, or a number of"),
        ({"thinking": "maybe"}, "thinking must be"),
        ({"thinking": "²"}, "thinking must be"),
        ({"thinking": True}, "thinking must be"),
        ({"thinking": "9" * 40}, "thinking must be"),
        ({"thinking": "-5"}, "thinking must be"),
        ({"presence_penalty": float("nan")}, "presence_penalty must be a finite number"),
        ({"frequency_penalty": float("inf")}, "frequency_penalty must be a finite number"),
        ({"repeat_penalty": 0}, "repeat_penalty must be above 0"),
        ({"repeat_penalty": float("nan")}, "repeat_penalty must be above 0"),
        ({"logit_bias": ((1, 1.0), (1, 2.0))}, "logit_bias must be"),
        ({"logit_bias": ((-1, 1.0),)}, "logit_bias must be"),
        ({"logit_bias": ((1, float("nan")),)}, "logit_bias must be"),
        ({"extra": "[1]"}, "extra must be a JSON object"),
        ({"extra": "{"}, "extra must be a JSON object"),
        ({"grammar": "root ::= a", "regex": "a"}, "grammar and regex exclude each other"),
    ],
)
def test_values_out_of_range_are_refused(given: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        SamplingParams(**given)


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({}, set()),
        ({"thinking": "off"}, {"thinking"}),
        ({"thinking": "low"}, {"thinking-effort"}),
        ({"thinking": "64"}, {"thinking-budget"}),
        ({"presence_penalty": 1}, {"penalties"}),
        ({"frequency_penalty": 1}, {"penalties"}),
        ({"repeat_penalty": 1.2}, {"repeat-penalty"}),
        ({"logit_bias": ((1, 0.0),)}, {"logit-bias"}),
        ({"grammar": "root ::= a"}, {"grammar"}),
        ({"schema": "{}"}, {"schema"}),
        ({"regex": "a"}, {"regex"}),
        ({"extra": '{"chat_template_kwargs":{"a":1}}'}, {"template-arguments"}),
        ({"extra": '{"provider":{"only":["x"]}}'}, {"request-fields"}),
    ],
)
def test_what_is_set_needs_a_capability(given: dict[str, Any], needed: set[str]) -> None:
    assert needs_of(SamplingParams(**given)) == needed


def test_a_constraint_behind_a_prefix_and_tokens_need_more() -> None:
    params = SamplingParams(regex="a+")
    assert Request("a", prompt="p", prefix="a", params=params).needs == {
        "prefix",
        "regex",
        "constrained-prefix",
    }
    assert Request("a", prompt="p", logprobs=3).needs == {"token-logprobs"}
