"""Prompts that begin like something held begin from there, and come to the same distribution.

The log-probability of the likeliest next token is compared, with weights that are computed with
as they are: a quantised file's kernels round by a tenth of a nat.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc.backends import Backend, Completion, Request
from ttc.records import Message, SamplingParams

pytest.importorskip("llama_cpp")

Complete = Callable[..., list[Completion]]
Fresh = Callable[..., Backend]

QUESTION = (Message("user", "Ann has 3 boxes with 14 pens in each. How many pens has she?"),)
SHORT = SamplingParams(temperature=0, max_tokens=16)
EXACT = {"weights": "f32", "cache": "f32"}
ONE = SamplingParams(temperature=0, max_tokens=1)


@given(st.lists(st.integers(0, 2), max_size=12), st.lists(st.integers(0, 2), max_size=12))
def test_the_common_beginning(first: list[int], second: list[int]) -> None:
    from ttc_llamacpp.prefix_cache import shared_length, token_array

    length = shared_length(token_array(first), token_array(second))
    assert first[:length] == second[:length]
    assert length == min(len(first), len(second)) or first[length] != second[length]


def test_a_continuation_is_not_computed_again(fresh: Fresh, complete: Complete) -> None:
    used, alone = fresh(slots=4, **EXACT), fresh(slots=1, **EXACT)
    (whole,) = complete(used, Request("a", messages=QUESTION, params=SHORT))
    again = Request("b", messages=QUESTION, prefix=whole.text, params=ONE)
    (next_part,) = complete(used, again)
    (expected,) = complete(alone, again)
    assert expected.cached_tokens == 0
    # All but the last token, whose logits are wanted, and what the cut of the text made new.
    assert (next_part.prompt_tokens or 0) - (next_part.cached_tokens or 0) <= 3
    assert next_part.logprob == pytest.approx(expected.logprob, abs=1e-4)
    assert next_part.prompt_tokens == expected.prompt_tokens


def test_a_partial_answer_is_found_after_its_place_was_given_away(
    fresh: Fresh, complete: Complete
) -> None:
    """A beam's parents outnumber the places."""
    used = fresh("smollm2", slots=2, **EXACT)
    alone = fresh("smollm2", slots=1, **EXACT)
    starts = ["Red roses and", "Twelve small ships", "A cold clear night", "Four old friends"]
    prompts = [f"{start} were on the old map of the northern sea that hung by the door when"
               for start in starts]  # fmt: skip
    begun = complete(
        used, *(Request(p, prompt=p, prefix=" we", params=SHORT) for p in prompts)
    )  # fmt: skip
    for prompt, first in zip(prompts, begun, strict=True):
        longer = Request("x", prompt=prompt, prefix=" we" + first.text, params=ONE)
        (found,), (expected,) = complete(used, longer), complete(alone, longer)
        assert (found.prompt_tokens or 0) - (found.cached_tokens or 0) <= 4
        assert found.logprob == pytest.approx(expected.logprob, abs=1e-4)


def test_with_one_slot_nothing_else_tips_a_token(fresh: Fresh, complete: Complete) -> None:
    backend = fresh(slots=1)
    head = "The same long beginning of a prompt that goes on for more than sixteen tokens, then "
    (first,) = complete(backend, Request("a", prompt=head + "red", params=ONE))
    (second,) = complete(backend, Request("b", prompt=head + "blue", params=ONE))
    assert (first.cached_tokens, second.cached_tokens) == (0, 0)
    several = fresh(slots=2)
    complete(several, Request("a", prompt=head + "red", params=ONE))
    (shared,) = complete(several, Request("b", prompt=head + "blue", params=ONE))
    assert (shared.cached_tokens or 0) >= 16


def test_a_long_prompt_does_not_stop_the_others(fresh: Fresh) -> None:
    backend = fresh(slots=4, n_ctx=2048)
    steady = SamplingParams(temperature=0, max_tokens=100)
    texts = ["One, two, three,", "The sky is blue and", "Many people say that"]
    for text in texts:
        backend.submit(Request(text, prompt=text, params=steady))
    engine = backend._engine  # type: ignore[attr-defined]
    engine._step()
    before = [len(draw.tokens) for draw in engine._batch.draws.values()]
    backend.submit(Request("long", prompt="word " * 1200, params=ONE))
    steps = 0
    while len(engine._batch.draws) == 3 and not engine._done:
        engine._step()
        steps += 1
    # A quarter of the places was idle: 64 tokens a step, and a token for each of the others.
    assert steps == pytest.approx(1200 / 64, abs=2)
    now = [len(draw.tokens) for draw in engine._batch.draws.values()][:3]
    assert [b - a for a, b in zip(before, now, strict=True)] == [steps] * 3
    for text in texts:
        backend.cancel(text)
    done = {each.request_id: each for each in (backend.wait() for _ in range(4))}
    assert (done["long"].prompt_tokens, done["long"].cached_tokens) == (1201, 0)


def test_a_prompt_is_cancelled_while_it_is_computed(fresh: Fresh, complete: Complete) -> None:
    backend = fresh(slots=2, n_ctx=2048)
    backend.submit(Request("long", prompt="word " * 1200, params=ONE))
    engine = backend._engine  # type: ignore[attr-defined]
    engine._step()
    backend.cancel("long")
    done = backend.wait()
    assert (done.finish_reason, done.completion_tokens) == ("cancelled", 0)
    assert (done.prompt_tokens, done.cached_tokens) == (1201, 1201 - 512)
    (after,) = complete(backend, Request("next", prompt="Hi", params=ONE))
    assert after.completion_tokens == 1
