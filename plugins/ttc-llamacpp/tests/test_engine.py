from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from ttc.backends import Backend, Completion, Request
from ttc.records import Message, SamplingParams

llama_cpp = pytest.importorskip("llama_cpp")

Complete = Callable[..., list[Completion]]
Fresh = Callable[..., Backend]

APPLES = (Message("user", "Tom has 12 apples and gives 5 to Ann. How many are left?"),)
POEM = (Message("system", "You are a poet."), Message("user", "Write a line about the sea."))
GREEDY = SamplingParams(temperature=0, max_tokens=24)


@pytest.fixture(scope="module")
def reference(shallow: str, extras: bool) -> Iterator[Any]:
    """llama-cpp-python's own engine, which keeps the logits of every position.

    It turns flash attention off where llama.cpp would use it; that is another rounding.
    """
    same = {"n_threads": 1, "n_threads_batch": 1}
    llama = llama_cpp.Llama(shallow, n_ctx=256, logits_all=True, verbose=False, **same)
    yield llama
    llama.close()


def turns(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    return [message._asdict() for message in messages]


@pytest.mark.parametrize("messages", [APPLES, POEM], ids=["apples", "poem"])
def test_greedy_is_that_of_llama_cpp(
    single: Backend, complete: Complete, reference: Any, messages: tuple[Message, ...]
) -> None:
    theirs = reference.create_chat_completion(turns(messages), max_tokens=24, temperature=0)
    (ours,) = complete(single, Request("a", messages=messages, params=GREEDY))
    assert ours.text == theirs["choices"][0]["message"]["content"]
    assert ours.prompt_tokens == theirs["usage"]["prompt_tokens"]
    assert ours.finish_reason == theirs["choices"][0]["finish_reason"]


def test_greedy_of_a_raw_prompt(single: Backend, complete: Complete, reference: Any) -> None:
    prompt = "def fib(n):\n    if n < 2:"
    theirs = reference.create_completion(prompt, max_tokens=24, temperature=0)
    (ours,) = complete(single, Request("a", prompt=prompt, params=GREEDY))
    assert ours.text == theirs["choices"][0]["text"]


def test_the_template_is_rendered_once_and_whole(
    single: Backend, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = (
        "<|im_start|>system\nYou are a poet.<|im_end|>\n"
        "<|im_start|>user\nWrite a line about the sea.<|im_end|>\n<|im_start|>assistant\n"
    )
    chat, raw, with_prefix = complete(
        single,
        Request("chat", messages=POEM, params=GREEDY),
        Request("raw", prompt=rendered, params=GREEDY),
        Request("prefix", messages=POEM, prefix="The sea", params=GREEDY),
    )
    assert (chat.text, chat.prompt_tokens) == (raw.text, raw.prompt_tokens)
    # Both begin with the template's own <|im_start|>, which is also this model's BOS.
    assert (chat.cached_tokens, raw.cached_tokens) == (0, raw.prompt_tokens)
    assert with_prefix.prompt_tokens == (chat.prompt_tokens or 0) + 2
    assert not with_prefix.text.startswith("The sea")


def test_a_seed_is_a_text(single: Backend, complete: Complete) -> None:
    params = SamplingParams(temperature=1.2, max_tokens=12)

    def texts(*seeds: int) -> list[str]:
        requests = (Request(str(s), messages=POEM, params=params, seed=s) for s in seeds)
        return [done.text for done in complete(single, *requests)]

    first = texts(1, 2, 3, 4, 5)
    assert len(set(first)) == 5
    complete(single, Request("other", messages=APPLES, params=GREEDY))
    assert texts(5, 4, 1, 3, 2) == [first[i] for i in (4, 3, 0, 2, 1)]


def test_a_shared_prompt_is_computed_once(fresh: Fresh, complete: Complete) -> None:
    message = (Message("user", "Name a colour."),)
    params = SamplingParams(max_tokens=4)
    done = complete(
        fresh(slots=4),
        *(Request(str(i), messages=message, params=params, seed=i) for i in range(9)),
    )
    assert sorted(each.cached_tokens or 0 for each in done) == [0] + [done[0].prompt_tokens] * 8
    assert all(each.completion_tokens == 4 for each in done if each.finish_reason == "length")
    for each in done:
        assert 0 < (each.started or 0) <= (each.first_token or 0) <= (each.ended or 0)


def test_every_request_comes_back_once(shared: Backend) -> None:
    prompts = ["One two three", "The capital of France is", "2 + 2 =", "word " * 150]
    lengths: dict[str, set[int]] = {}
    for round_seed in range(6):
        chance = random.Random(round_seed)
        back: list[Completion] = []
        todo = [
            Request(
                f"{round_seed}/{index}",
                prompt=chance.choice(prompts),
                prefix=chance.choice(["", "", "", " and so on"]),
                params=SamplingParams(
                    temperature=chance.choice([0.0, 1.0]),
                    max_tokens=chance.randint(1, 7),
                    stop=chance.choice([(), (" ",), ("a", "\n")]),
                ),
                seed=index,
            )
            for index in range(14)
        ]
        sent: list[Request] = []
        while todo or len(back) < len(sent):
            move = chance.random()
            if todo and move < 0.5:
                sent.append(todo.pop())
                shared.submit(sent[-1])
            elif sent and move < 0.65:
                shared.cancel(chance.choice(sent).id)
            elif len(back) < len(sent):
                back.append(shared.wait())
        shared.cancel("nobody")
        assert sorted(each.request_id for each in back) == sorted(each.id for each in sent)
        asked = {request.id: request for request in sent}
        for each in back:
            check(each, asked[each.request_id])
            prompt = asked[each.request_id].prompt or ""
            prompt += asked[each.request_id].prefix
            lengths.setdefault(prompt, set()).add(each.prompt_tokens or 0)
            assert (each.cached_tokens or 0) <= (each.prompt_tokens or 0)
    assert all(len(counts) == 1 for counts in lengths.values())
    with pytest.raises(LookupError):
        shared.wait()


def check(done: Completion, request: Request) -> None:
    """A completion agrees with itself and with what was asked."""
    count, limit = done.completion_tokens, request.params.max_tokens
    assert count in range(limit + 1)
    assert done.finish_reason in ("stop", "length", "cancelled")
    assert (done.logprob or 0) <= 0
    if done.finish_reason == "length":
        assert count == limit
    assert done.stop is None or (done.finish_reason == "stop" and done.stop in request.params.stop)
    if done.finish_reason != "cancelled":
        assert not any(stop in done.text for stop in request.params.stop)


def test_a_stop_that_spans_tokens(single: Backend, complete: Complete) -> None:
    (whole,) = complete(single, Request("a", messages=APPLES, params=GREEDY))
    middle = whole.text.index(" ", len(whole.text) // 2)
    stop = whole.text[middle - 2 : middle + 3]
    params = SamplingParams(temperature=0, max_tokens=24, stop=("never", stop))
    (cut,) = complete(single, Request("b", messages=APPLES, params=params))
    assert cut.text == whole.text.partition(stop)[0]
    assert (cut.finish_reason, cut.stop) == ("stop", stop)
    # The tokens of the stop string were generated, and are counted.
    assert len(cut.text.split()) < (cut.completion_tokens or 0) < 24


def test_characters_split_across_tokens(fresh: Fresh, complete: Complete) -> None:
    single = fresh("smollm2", slots=1)
    texts = [
        done.text
        for done in complete(
            single,
            *(
                Request(
                    str(count),
                    messages=(Message("user", "Repeat: 🙂🙃🙂🙃🙂🙃🙂🙃"),),
                    prefix="🙂🙃🙂🙃🙂🙃",
                    params=SamplingParams(temperature=0, max_tokens=count),
                )
                for count in range(1, 9)
            ),
        )
    ]
    assert "\ufffd" not in "".join(texts)
    assert all(longer.startswith(text) for text, longer in pairwise(texts))
    assert texts[-1][0] in "🙂🙃"
    assert any(text == longer for text, longer in pairwise(texts))


def test_log_probabilities_against_a_full_evaluation(
    shared: Backend, complete: Complete, reference: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ttc_llamacpp.draws import SequenceDraw

    drawn: dict[str, list[int]] = {}
    accept = SequenceDraw.accept

    def record(self: SequenceDraw, choice: Any, *rest: Any) -> Any:
        drawn.setdefault(self.request.id, []).append(choice.token)
        return accept(self, choice, *rest)

    monkeypatch.setattr(SequenceDraw, "accept", record)
    prompt = "The three largest cities of Italy are"
    params = SamplingParams(temperature=1.0, top_p=0.9, max_tokens=20)
    done = complete(
        shared, *(Request(str(i), prompt=prompt, params=params, seed=i) for i in range(5))
    )
    before = reference.tokenize(prompt.encode(), add_bos=False)
    for each in done:
        tokens = drawn[each.request_id]
        assert len(tokens) == each.completion_tokens
        reference.reset()
        reference.eval(before + tokens)
        rows = reference.scores[len(before) - 1 : len(before) + len(tokens) - 1].astype(np.float64)
        rows -= rows.max(axis=1, keepdims=True)
        total = np.log(np.exp(rows).sum(axis=1))
        expected = sum(rows[i, token] - total[i] for i, token in enumerate(tokens))
        assert each.logprob == pytest.approx(expected, abs=0.05 * len(tokens))


def test_cancelling_frees_the_place(single: Backend, complete: Complete) -> None:
    long = SamplingParams(temperature=0, max_tokens=200)
    engine = single._engine  # type: ignore[attr-defined]
    for name in ("running", "queued"):
        single.submit(Request(name, messages=APPLES, params=long))
    single.submit(Request("short", messages=APPLES, params=SamplingParams(max_tokens=2)))
    for _ in range(5):
        engine._step()
    single.cancel("running")
    single.cancel("queued")
    single.cancel("nobody")
    running, queued, short = (single.wait() for _ in range(3))
    assert (running.request_id, running.finish_reason) == ("running", "cancelled")
    # A place gives its first token at once, so five steps are six tokens.
    assert (running.completion_tokens, bool(running.text)) == (6, True)
    assert (running.logprob or 0) < 0
    assert (queued.finish_reason, queued.completion_tokens, queued.text) == ("cancelled", 0, "")
    assert queued.prompt_tokens == queued.cached_tokens
    assert (short.request_id, short.completion_tokens) == ("short", 2)


def test_places_are_closed_up_when_draws_end(fresh: Fresh, complete: Complete) -> None:
    backend = fresh(slots=4)
    lengths = (3, 9, 5, 16)
    done = complete(
        backend,
        *(
            Request(
                str(length),
                prompt="I like to",
                params=SamplingParams(temperature=0, max_tokens=length),
            )
            for length in lengths
        ),
    )
    longest = done[-1].text
    assert [each.completion_tokens for each in done] == list(lengths)
    assert all(longest.startswith(each.text) for each in done)
    assert list(backend._engine._batch.draws) == []  # type: ignore[attr-defined]


def test_a_context_that_is_too_short(fresh: Fresh, complete: Complete) -> None:
    backend = fresh(n_ctx=32, slots=2)
    params = SamplingParams(max_tokens=100, temperature=0)
    full, over, fits = complete(
        backend,
        Request("full", prompt="a b c d e f", params=params),
        Request("over", prompt="x " * 40, params=params),
        Request("fits", prompt="a b c", params=SamplingParams(max_tokens=3)),
    )
    assert full.finish_reason == "length"
    assert (full.prompt_tokens or 0) + (full.completion_tokens or 0) == 33
    assert over.finish_reason == "error"
    assert over.error == f"the prompt has {over.prompt_tokens} tokens, the context 32"
    assert fits.finish_reason in ("length", "stop")


def test_the_context_grows_when_it_must(fresh: Fresh, complete: Complete) -> None:
    backend = fresh(slots=2)
    short = SamplingParams(max_tokens=6, temperature=0)
    (alone,) = complete(backend, Request("alone", prompt="Red, green,", params=short))
    engine = backend._engine  # type: ignore[attr-defined]
    assert engine._cache.kv.length == 256
    backend.submit(Request("first", prompt="Red, green,", params=short))
    engine._step()
    first, long, last = complete_rest(
        backend,
        Request("long", prompt="one two " * 150, params=SamplingParams(max_tokens=2)),
        Request("last", prompt="Red, green,", params=short),
    )
    assert engine._cache.kv.length == 512
    assert first.text == last.text == alone.text
    assert (long.prompt_tokens, long.completion_tokens) == (301, 2)


def complete_rest(backend: Backend, *requests: Request) -> list[Completion]:
    for request in requests:
        backend.submit(request)
    done = {each.request_id: each for each in (backend.wait() for _ in range(len(requests) + 1))}
    return [done["first"], *(done[request.id] for request in requests)]


def test_an_interrupted_step_is_taken_again(
    single: Backend, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ttc_llamacpp import kv_cache

    request = Request("a", messages=POEM, params=GREEDY)
    (expected,) = complete(single, request)
    decode, calls = kv_cache.api.llama_decode, 0

    def interrupted(*given: Any) -> int:
        nonlocal calls
        calls += 1
        status: int = decode(*given)
        if calls in (1, 4, 5):
            raise KeyboardInterrupt
        return status

    complete(single, Request("other", prompt="x", params=SamplingParams(max_tokens=1)))
    monkeypatch.setattr(kv_cache.api, "llama_decode", interrupted)
    single.submit(request)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            single.wait()
    assert single.wait().text == expected.text


def test_a_failing_decode_is_an_error_not_a_crash(
    single: Backend, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ttc_llamacpp import kv_cache

    request = Request("a", messages=POEM, params=GREEDY)
    (expected,) = complete(single, request)
    with monkeypatch.context() as patch:
        patch.setattr(kv_cache.api, "llama_decode", lambda *given: -3)
        (failed,) = complete(single, request)
    assert failed.finish_reason == "error"
    assert (failed.error or "").startswith("llama.cpp could not decode (status -3)")
    (again,) = complete(single, request)
    assert again.text == expected.text


def test_messages_the_template_refuses(
    single: Backend, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**given: Any) -> None:
        raise ValueError("Conversation roles must alternate")

    monkeypatch.setattr(single._engine._prompts.template, "_format", refuse)  # type: ignore[attr-defined]
    (done,) = complete(single, Request("a", messages=(Message("user", "new to the cache"),)))
    assert done.finish_reason == "error"
    assert (
        done.error == "the chat template rejects these messages: Conversation roles must alternate"
    )


def test_bos_is_put_before_a_raw_prompt_once(
    single: Backend, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ttc_llamacpp import llama_api

    one = SamplingParams(max_tokens=1)
    (without,) = complete(single, Request("a", prompt="Hi there", params=one))
    monkeypatch.setattr(llama_api.api, "llama_vocab_get_add_bos", lambda vocab: True)
    with_bos, spelt, chat = complete(
        single,
        Request("b", prompt="Hi there you", params=one),
        Request("c", prompt="<|im_start|>Hi there you", params=one),
        Request("d", messages=(Message("user", "Hi"),), params=one),
    )
    assert with_bos.prompt_tokens == spelt.prompt_tokens == (without.prompt_tokens or 0) + 2
    assert chat.prompt_tokens == 31


def test_an_empty_prompt(single: Backend, complete: Complete) -> None:
    (done,) = complete(single, Request("a", prompt=""))
    assert (done.finish_reason, done.error) == ("error", "the prompt is empty")


def test_more_memory_than_there_is(fresh: Fresh) -> None:
    from ttc.errors import BackendError

    backend = fresh("smollm2", slots=256, n_ctx=8192)
    backend.submit(Request("a", prompt="Hi"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ttc_llamacpp.sizing.free_memory", lambda: 2**34)
        with pytest.raises(BackendError, match=r"need 45\.0 GB, 16\.0 GB are free; set slots"):
            backend.wait()


def test_nothing_is_printed(
    fresh: Fresh, complete: Complete, capfd: pytest.CaptureFixture[str]
) -> None:
    backend = fresh(slots=2)
    complete(backend, Request("a", messages=APPLES, params=SamplingParams(max_tokens=2)))
    backend.submit(Request("b", messages=APPLES))
    backend.close()
    backend.close()
    assert capfd.readouterr() == ("", "")
