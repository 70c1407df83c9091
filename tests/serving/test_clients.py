"""Clients that know nothing of ttc: the official one, and `llm`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from serving.conftest import Server

from ttc.api import solve

openai = pytest.importorskip("openai", reason="openai is not here")
QUESTION = "How many eggs are left?"


@pytest.fixture
def client(shared: Server) -> Any:
    return openai.OpenAI(base_url=shared.url, api_key="none", max_retries=0)


def chat(text: str = QUESTION, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **more}


def test_an_answer_is_that_of_solve(client: Any, shared: Server) -> None:
    got = client.chat.completions.create(model="careful", **chat())
    told = got.model_extra["ttc"]
    assert (told["rule"], told["pool"]) == ("ac", "serve-scripted")
    got = client.chat.completions.create(model="majority:n=5@quick", **chat())
    told = got.model_extra["ttc"]
    own = solve(QUESTION, 5, model="scripted:answers=18*3/20*1,tokens=5-20", method="majority")
    assert own.node is not None
    assert got.choices[0].message.content == own.node.trace
    assert (told["answer"], told["votes"], told["draws"]) == (own.answer, own.votes, 5)
    assert got.choices[0].finish_reason == "stop"
    assert got.usage.completion_tokens == own.paid == sum(node.tokens for node in own.run.nodes)
    details = got.usage.completion_tokens_details.model_extra
    parts = ("chosen_tokens", "other_tokens", "cancelled_tokens")
    assert sum(details[name] for name in parts) == own.paid
    assert details["chosen_tokens"] == own.node.tokens
    assert details["reused_tokens"] == 0


def test_a_repeated_question_costs_nothing_and_a_fresh_one_does(client: Any) -> None:
    model = "majority:n=4@quick"
    first, second = (
        client.chat.completions.create(model=model, **chat("Asked twice: how many?"))
        for _ in range(2)
    )
    assert second.model_extra["ttc"]["tokens"] == 0 < first.model_extra["ttc"]["tokens"]
    assert second.choices[0].message.content == first.choices[0].message.content
    total = first.usage.completion_tokens
    assert second.usage.completion_tokens == total
    assert second.usage.completion_tokens_details.model_extra["reused_tokens"] == total
    body = {"ttc": {"reuse": False}}
    third = client.chat.completions.create(
        model=model, **chat("Asked twice: how many?"), extra_body=body
    )
    assert third.model_extra["ttc"]["tokens"] > 0
    assert third.model_extra["ttc"]["index"] >= 4


def test_choices_have_draws_of_their_own(client: Any) -> None:
    got = client.chat.completions.create(model="first-finish:n=2@quick", n=3, **chat())
    assert [each.index for each in got.choices] == [0, 1, 2]
    texts = [each.message.content for each in got.choices]
    assert len(set(texts)) == 3
    told = got.model_extra["ttc"]["choices"]
    assert len({each["pool"] for each in told}) == 3
    paid = sum(each["tokens_paid"] for each in told)
    assert got.usage.completion_tokens == paid
    seeded = client.chat.completions.create(model="first-finish:n=2@quick", seed=2, **chat())
    assert seeded.choices[0].message.content == texts[2]


def test_an_answer_is_streamed_with_its_usage(client: Any) -> None:
    whole = client.chat.completions.create(model="quick", **chat())
    events = list(
        client.chat.completions.create(
            model="quick", stream=True, stream_options={"include_usage": True}, **chat()
        )
    )
    *parts, last = events
    assert all(len(each.choices) == 1 and each.usage is None for each in parts)
    text = "".join(each.choices[0].delta.content or "" for each in parts)
    assert text == whole.choices[0].message.content
    assert parts[0].choices[0].delta.role == "assistant"
    assert parts[-1].choices[0].finish_reason == "stop"
    assert parts[-1].model_extra["ttc"]["votes"] == whole.model_extra["ttc"]["votes"]
    assert last.choices == []
    assert last.usage.completion_tokens == whole.usage.completion_tokens
    assert len({each.id for each in events}) == 1


def test_without_include_usage_every_event_has_a_choice(client: Any) -> None:
    events = list(client.chat.completions.create(model="quick", stream=True, n=2, **chat()))
    assert all(len(each.choices) == 1 for each in events)
    for index in (0, 1):
        own = [each.choices[0] for each in events if each.choices[0].index == index]
        assert own[-1].finish_reason == "stop"
        assert sum(bool(each.delta.content) for each in own) == 1


def test_progress_may_be_reasoning(client: Any) -> None:
    body = {"ttc": {"progress": "reasoning", "reuse": False}}
    events = client.chat.completions.create(model="quick", stream=True, extra_body=body, **chat())
    said = [(each.choices[0].delta.model_extra or {}).get("reasoning_content") for each in events]
    lines = [line for line in said if line]
    assert lines
    assert lines[-1] == "8 of 8 draws\n"


def test_completions_answer_each_prompt(client: Any) -> None:
    got = client.completions.create(model="quick", prompt=["How many?", "How much?"], n=2)
    assert [each.index for each in got.choices] == [0, 1, 2, 3]
    assert all("the answer is" in each.text for each in got.choices)
    events = list(client.completions.create(model="quick", prompt="How many?", stream=True))
    assert "".join(each.choices[0].text for each in events) == got.choices[0].text


def test_models_are_listed(client: Any) -> None:
    names = [each.id for each in client.models.list()]
    assert names == ["scripted:answers=18*3/20*1,tokens=5-20", "careful", "quick"]
    about = client.models.retrieve("careful").model_extra["ttc"]
    assert about == {
        "model": "scripted:answers=18*3/20*1,tokens=5-20",
        "method": "ac:c=0.95",
        "n": 16,
    }
    with pytest.raises(openai.NotFoundError, match="did you mean careful"):
        client.models.retrieve("carefull")


def test_system_and_earlier_turns_are_asked(client: Any, shared: Server) -> None:
    turns = [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "!"}],
        },
        {"role": "assistant", "content": "Two!"},
        {"role": "user", "content": "How many?"},
    ]
    got = client.chat.completions.create(
        model="quick", messages=turns, metadata={"level": "easy"}, user="ann"
    )
    from ttc.store import Store, pools

    with Store.reading(shared.database) as store:
        pool = pools.find(store.reader, got.model_extra["ttc"]["pool"])
        assert pool is not None
        (problem,) = pools.problems_of(store.reader, pool, got.model_extra["ttc"]["problem"])
    assert [tuple(turn) for turn in problem.messages] == [
        ("system", "Be brief."),
        ("user", "One!"),
        ("assistant", "Two!"),
        ("user", "How many?"),
    ]
    assert problem.tags == {"level": "easy", "user": "ann"}


def test_llm_asks_by_its_openai_endpoint(shared: Server, tmp_path: Path) -> None:
    pytest.importorskip("llm", reason="llm is not here: pip install llm")
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: voted\n  model_name: majority:n=5@quick\n  api_base: {shared.url}\n"
        "  api_key_name: voted\n"
    )
    (tmp_path / "keys.json").write_text(json.dumps({"voted": "none"}))
    ask: Callable[..., str] = lambda *more: subprocess.run(  # noqa: E731
        [sys.executable, "-m", "llm", "-m", "voted", *more, QUESTION],
        env={**os.environ, "LLM_USER_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.strip()
    own = solve(QUESTION, 5, model="scripted:answers=18*3/20*1,tokens=5-20", method="majority")
    assert own.node is not None
    assert ask() == ask("--no-stream") == own.node.trace
