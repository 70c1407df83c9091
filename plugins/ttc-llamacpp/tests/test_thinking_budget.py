"""`--thinking N`: a thought ends after N tokens, and the answer goes on behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ttc.answers import thinking
from ttc.answers.thought_closing import closing
from ttc.backends import Backend, Completion, Request
from ttc.records import SamplingParams

pytest.importorskip("llama_cpp")

from ttc_llamacpp.thoughts import Thoughts

MARKS = {
    "<think>\n": "</think>",
    "[THINK]": "[/THINK]",
    "<|channel|>analysis<|message|>": "<|end|><|start|>assistant<|channel|>final<|message|>",
    "<|channel>thought\n": "<channel|>",
    "◁think▷": "◁/think▷",
    "<|START_THINKING|>": "<|END_THINKING|><|START_RESPONSE|>",
    "<|begin_of_thought|>": "<|end_of_thought|>\n\n<|begin_of_solution|>",
    "<seed:think>": "</seed:think>",
    "<Thinking>": "</Thinking>",
    "Here is my thought process: ": "Here is my response:",
}


class Letters:
    """A model whose tokens are characters."""

    def tokenize(self, text: str, *, add_bos: bool) -> tuple[int, ...]:
        return tuple(map(ord, text))


def thoughts(begun: str, budget: int | None) -> Thoughts:
    model: Any = Letters()
    return Thoughts(model, begun, budget)


@pytest.mark.parametrize(("opener", "closer"), MARKS.items())
def test_every_mark_is_closed_by_its_own(opener: str, closer: str) -> None:
    text = f"{opener}2 + 2 is 4"
    assert closing(text) == closer
    split = thinking.read(f"{text}{closer}\n4")
    assert (split.open, split.said.strip()) == (False, "4")
    assert closing(f"{text}{closer}4") == ""


@pytest.mark.parametrize("opener", MARKS)
@pytest.mark.parametrize("budget", [0, 1, 5])
def test_the_mark_is_forced_after_the_budget(opener: str, budget: int) -> None:
    at = thoughts(opener, budget)
    for _ in range(budget):
        assert at.forced() == ()
        assert not at.answering
        at.add(b"x")
    forced = "".join(map(chr, at.forced()))
    assert forced == MARKS[opener]
    for letter in forced:
        at.add(letter.encode())
    assert at.answering
    assert at.forced() == ()


def test_a_thought_that_the_model_opens_is_counted_from_there() -> None:
    at = thoughts("", 2)
    for letter in "<think>":
        at.add(letter.encode())
    assert at.forced() == ()
    at.add(b"a")
    at.add(b"b")
    assert "".join(map(chr, at.forced())) == "</think>"


def test_a_thought_that_was_begun_has_used_some_of_its_budget() -> None:
    at = thoughts("<think>\n2 + 2", 7)
    at.add(b"x")
    assert at.forced() == ()
    at.add(b"x")
    assert "".join(map(chr, at.forced())) == "</think>"


def test_a_mark_that_was_begun_is_finished() -> None:
    at = thoughts("<think>", 6)
    for letter in "abc</t":
        at.add(letter.encode())
    assert "".join(map(chr, at.forced())) == "hink>"


def test_thoughts_that_end_by_themselves_and_answers_are_left_alone() -> None:
    at = thoughts("<think>", 30)
    for letter in "ok</think>4":
        at.add(letter.encode())
    assert at.answering
    assert at.answer == "4"
    assert at.forced() == ()
    assert thoughts("", 0).forced() == ()
    assert thoughts("<think>", None).forced() == ()


Complete = Callable[..., list[Completion]]


@pytest.mark.parametrize("budget", [0, 1, 7, 20])
def test_the_budget_holds_to_the_token(shared: Backend, complete: Complete, budget: int) -> None:
    params = SamplingParams(temperature=1, max_tokens=60, thinking=str(budget))
    asked = [
        Request(str(i), prompt="What is 2 + 2?\n<think>\n", params=params, seed=i, logprobs=1)
        for i in range(4)
    ]
    for done in complete(shared, *asked):
        # The shallow model ends some thoughts by chance; this mark it never writes.
        assert done.think_tokens is not None
        if "</think>" in done.text:
            assert done.think_tokens == budget
            before, _, answer = done.text.partition("</think>")
            assert before.startswith("<think>\n")
            assert answer or done.finish_reason == "stop"
        else:
            assert done.think_tokens <= budget
            assert done.finish_reason == "stop"
        assert done.token_logprobs is not None
        assert len(done.token_logprobs) == done.completion_tokens


def test_forced_tokens_count_and_have_no_part_in_the_log_probability(
    single: Backend, complete: Complete
) -> None:
    prompt, params = "2 + 2\n<think>", SamplingParams(temperature=0, max_tokens=12, thinking="3")
    (done,) = complete(single, Request("a", prompt=prompt, params=params, logprobs=1))
    assert done.token_logprobs is not None
    texts = [each.token for each in done.token_logprobs]
    mark = next(n for n in range(1, 9) if "".join(texts[3 : 3 + n]) == "</think>")
    sampled = [*done.token_logprobs[:3], *done.token_logprobs[3 + mark :]]
    assert done.completion_tokens == 12
    assert done.logprob == pytest.approx(sum(each.logprob or 0 for each in sampled))


def test_a_constraint_holds_behind_the_thought(shared: Backend, complete: Complete) -> None:
    params = SamplingParams(temperature=1, max_tokens=60, thinking="6", regex="yes|no")
    asked = [Request(str(i), prompt="Prime?\n<think>", params=params, seed=i) for i in range(4)]
    closed = [done for done in complete(shared, *asked) if "</think>" in done.text]
    assert closed
    for done in closed:
        assert done.text.partition("</think>")[2] in ("yes", "no")
        assert done.finish_reason == "stop"


def test_a_beginning_that_closed_its_thought(shared: Backend, complete: Complete) -> None:
    params = SamplingParams(temperature=1, max_tokens=20, thinking="6", regex="yes|no")
    begun = "<think>it is odd</think>\n\nye"
    (done,) = complete(shared, Request("a", prompt="Prime?", prefix=begun, params=params))
    assert done.text == "s"
