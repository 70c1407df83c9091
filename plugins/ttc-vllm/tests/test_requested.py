"""Constraints, biases, penalties and likeliest tokens, in the real engine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.records import Message, SamplingParams
from ttc_vllm import CAPABILITIES, open_vllm, requested

Complete = Callable[..., list[Completion]]
ASK = (Message("user", "Name a colour."),)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"b": {"type": "integer", "minimum": 1, "maximum": 9}, "a": {"enum": ["x"]}},
    "required": ["b", "a"],
    "additionalProperties": False,
}


def test_a_template_says_what_can_be_asked() -> None:
    thinks = "{% if enable_thinking %}<think>{% endif %}{{ reasoning_effort }}"
    assert requested.capabilities(thinks) | {"seed"} == CAPABILITIES
    plain = requested.capabilities("{{ messages }}")
    assert not {"thinking", "thinking-effort", "thinking-budget"} & plain
    assert "template-arguments" in plain
    assert "template-arguments" not in requested.capabilities("")
    assert requested.marks("{{ '[/THINK]' }}") == ("[THINK]", "[/THINK]")


@pytest.mark.parametrize("asked", [{"alternatives": 2}, {"logprobs": 2}])
def test_log_probabilities_under_a_constraint_are_refused(asked: dict[str, int]) -> None:
    request = Request("a", prompt="p", params=SamplingParams(regex="a"), **asked)  # type: ignore[arg-type]
    assert "those after the constraint" in (requested.refused(request) or "")
    assert requested.refused(Request("a", prompt="p", **asked)) is None  # type: ignore[arg-type]


def params(**given: Any) -> SamplingParams:
    return SamplingParams(**{"temperature": 1.0, "top_p": 1.0, "max_tokens": 48, **given})


def test_draws_are_as_constrained(shared: Backend, complete: Complete) -> None:
    kinds = {
        "schema": json.dumps(SCHEMA),
        "regex": "[0-9]{3}-[a-z]{2}",
        "grammar": 'root ::= "yes" | "no" " " [a-c]',
    }
    asked = [
        Request(f"{kind}{draw}", ASK, params=params(**{kind: text}), seed=draw)
        for kind, text in kinds.items()
        for draw in range(3)
    ]
    for done in complete(shared, *asked):
        assert done.logprob is None
        of_schema = done.request_id.startswith("schema")
        if of_schema and done.finish_reason == "length":
            # JSON may have any blanks, and this model of random weights may draw nothing else.
            assert done.text.lstrip()[:1] in ("", "{"), done.text
            continue
        assert done.finish_reason == "stop", done.error
        if of_schema:
            found = json.loads(done.text)
            assert list(found) == ["b", "a"]
            assert 1 <= found["b"] <= 9
        else:
            pattern = kinds["regex"] if done.request_id.startswith("regex") else "yes|no [abc]"
            assert re.fullmatch(pattern, done.text), done.text


def test_a_schema_that_the_engine_cannot_hold_is_an_error(
    shared: Backend, complete: Complete
) -> None:
    (done,) = complete(shared, Request("a", ASK, params=params(grammar="root ::= (")))
    assert done.finish_reason == "error"
    assert done.error


def test_biases_and_penalties_shape_draws(shared: Backend, complete: Complete) -> None:
    greedy = {"temperature": 0.0, "max_tokens": 16}
    plain, biased, penalised, repeated = complete(
        shared,
        Request("a", ASK, params=params(**greedy)),
        Request("b", ASK, params=params(**greedy, logit_bias=((1000, 100.0),))),
        Request("c", ASK, params=params(**greedy, presence_penalty=2, frequency_penalty=2)),
        Request("d", ASK, params=params(**greedy, repeat_penalty=2)),
    )
    assert len({plain.text, biased.text, penalised.text, repeated.text}) >= 3
    # Of the model alone: the biased token is one that it would not draw.
    assert biased.logprob is not None
    assert biased.logprob < -10


def test_the_likeliest_tokens_are_returned(shared: Backend, complete: Complete) -> None:
    (done,) = complete(shared, Request("a", ASK, params=params(max_tokens=8), logprobs=3))
    tokens = done.token_logprobs or ()
    assert len(tokens) == done.completion_tokens
    assert all(len(token.top) == 3 for token in tokens)
    assert sum(token.logprob or 0.0 for token in tokens) == pytest.approx(done.logprob, abs=1e-3)
    for token in tokens:
        values = [top.logprob or 0.0 for top in token.top]
        assert values == sorted(values, reverse=True)


TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n{{ style }}{% if enable_thinking is not defined or enable_thinking %}"
    "<think>\n{% else %}<think>\n\n</think>\n\n{% endif %}"
)


@pytest.mark.slow
def test_a_thought_ends_after_its_budget(
    smollm2: Path, small: dict[str, Any], tmp_path: Path, complete: Complete
) -> None:
    """The small model with a template that opens a thought, which it would never close."""
    for file in smollm2.iterdir():
        (tmp_path / file.name).symlink_to(file)
    for name in ("tokenizer_config.json", "chat_template.jinja"):
        (tmp_path / name).unlink(missing_ok=True)
    about = json.loads((smollm2 / "tokenizer_config.json").read_text())
    about["chat_template"] = TEMPLATE
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(about))
    never_ends = ((0, -100.0), (2, -100.0))
    with closing(open_vllm(str(tmp_path), small)) as backend:
        assert {"thinking", "thinking-budget"} <= backend.capabilities
        ten, none, styled = complete(
            backend,
            Request("a", ASK, params=params(thinking="10", logit_bias=never_ends)),
            Request("b", ASK, params=params(thinking="off")),
            Request(
                "c",
                ASK,
                params=params(thinking="off", extra='{"chat_template_kwargs":{"style":"a b c d"}}'),
            ),
        )
        (refused,) = complete(backend, Request("d", ASK, params=params(regex="[0-9]")))
    assert ten.error is None
    assert ten.think_tokens is not None
    assert ten.think_tokens <= 12
    assert "</think>" in ten.text
    assert none.think_tokens == 0
    assert (styled.prompt_tokens or 0) > (none.prompt_tokens or 0)
    assert "add --thinking off" in (refused.error or "")
