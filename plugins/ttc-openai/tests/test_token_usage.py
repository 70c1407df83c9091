"""The counts in `usage` as servers write them, and tokens of thoughts that no count names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.records import Message
from ttc.testing.http_server import ScriptedServer
from ttc_openai import server_traits
from ttc_openai.address import Address
from ttc_openai.draws import HttpDraw
from ttc_openai.server_traits import ServerTraits
from ttc_openai.token_usage import TokenUsage

COUNTS = {"prompt_tokens": 20, "completion_tokens": 150}


def details(count: Any, name: str = "reasoning_tokens") -> dict[str, Any]:
    return {"completion_tokens_details": {name: count}}


@pytest.mark.parametrize(
    ("reported", "completion", "think"),
    [
        (COUNTS, 150, None),
        ({**COUNTS, "total_tokens": 170}, 150, None),
        # OpenAI, OpenRouter, DeepSeek, vLLM
        ({**COUNTS, "total_tokens": 170, **details(81)}, 150, 81),
        ({**COUNTS, **details("81")}, 150, 81),
        ({**COUNTS, **details(0)}, 150, 0),
        ({**COUNTS, **details(None)}, 150, None),
        ({**COUNTS, "completion_tokens_details": None}, 150, None),
        # SGLang
        ({**COUNTS, "reasoning_tokens": 81}, 150, 81),
        ({**COUNTS, "reasoning_tokens": 0, **details(81)}, 150, 81),
        # xAI: not in completion_tokens, but in the total
        ({**COUNTS, "total_tokens": 553, **details(383)}, 533, 383),
        # Gemini: not named at all
        ({**COUNTS, "total_tokens": 553}, 533, 383),
        # a gateway to it, for an answer that was cut while thinking
        ({"prompt_tokens": 21, "completion_tokens": 0, "total_tokens": 81, **details(60)}, 60, 60),
        # A total that nothing explains
        ({**COUNTS, "total_tokens": 553, **details(100)}, 150, 100),
        ({**COUNTS, "total_tokens": 160}, 150, None),
        # Anthropic's names; its total may hold cached tokens.
        ({"input_tokens": 20, "output_tokens": 150, "total_tokens": 553}, 150, None),
        ({"input_tokens": 20, "output_tokens": 150,
          "output_tokens_details": {"thinking_tokens": 81}}, 150, 81),
        ({"input_tokens": 20, "output_tokens": 150,
          "output_tokens_details": {"reasoning_tokens": 81}}, 150, 81),
    ],
)  # fmt: skip
def test_reasoning_in_the_forms_of_servers(
    reported: Mapping[str, Any], completion: int | None, think: int | None
) -> None:
    usage = TokenUsage()
    usage.add({"prompt_tokens": 0, "completion_tokens": 0})
    usage.add(reported)
    usage.add({"prompt_tokens": None})
    assert (usage.completion, usage.think) == (completion, think)


def chat(text: str, name: str = "content", tokens: int = 1, **more: Any) -> dict[str, Any]:
    piece: dict[str, Any] = {"delta": {name: text}, **more}
    if tokens > 1:
        piece["logprobs"] = {"content": [{"token": each, "logprob": -1.0} for each in text]}
    return piece


@pytest.mark.parametrize(
    ("pieces", "reported", "counted", "think"),
    [
        ([chat("a", "reasoning_content"), chat("b", "reasoning_content"), chat("25")], None, True,
         2),
        ([chat("a", "reasoning"), chat("25")], 5, True, 5),
        ([chat("a", "reasoning"), chat("25")], 0, True, 1),  # 0 stands for "not counted"
        ([chat("a", "reasoning"), chat("25")], 0, False, None),
        ([chat("a", "reasoning"), chat("25")], None, False, None),
        ([chat("25")], 0, False, 0),
        ([chat("25")], None, True, 0),
        ([chat("25")], None, False, None),  # it may hide them
        ([chat("<think>"), chat("a"), chat("b"), chat("</think>"), chat("25")], None, True, 2),
        ([chat("<think>"), chat("a"), chat("b")], None, True, 2),
        ([chat("abc", "reasoning", tokens=3), chat("25", tokens=2)], None, True, 3),
        # A piece of both kinds has tokens of both.
        ([{"delta": {"reasoning": "a", "content": "b"}}], None, True, None),
        ([{"message": {"content": "<think>ab</think>25"}}], None, False, None),
    ],
)  # fmt: skip
def test_thoughts_are_counted_where_each_piece_is_a_token(
    pieces: list[Any], reported: int | None, counted: bool, think: int | None
) -> None:
    draw = HttpDraw(Request("a"))
    draw.begin((), "")
    for piece in pieces:
        draw.parser.add(piece)
    assert draw.thought_tokens(reported, counted=counted) == think


def test_a_mark_that_the_prompt_ends_with_opens_the_thought() -> None:
    for prompt, prefix, think in (("2?<think>", "", 1), ("2?<think>", "<think>so", 1),
                                  ("2?", "<think>so", 1), ("2?", "so", 0)):  # fmt: skip
        draw = HttpDraw(Request("a", prompt=prompt, prefix=prefix))
        draw.begin((), "")
        draw.parser.add({"text": "a"})
        assert draw.thought_tokens(None, counted=True) == think


@pytest.mark.parametrize(("chunks", "think"), [(True, 3), (None, None)])
def test_through_a_server(
    serve: Callable[..., ScriptedServer],
    client: Callable[..., Backend],
    complete: Callable[..., list[Completion]],
    chunks: bool | None,
    think: int | None,
) -> None:
    server = serve(able=frozenset({"reasoning", "usage"}), tokens=8)
    traits = ServerTraits(usage=True, chunks=chunks, probed=True)
    server_traits.write(Address(server.url, "scripted"), traits)
    (done,) = complete(client(server), Request("a", (Message("user", "2?"),)))
    assert (done.completion_tokens, done.think_tokens) == (8, think)
