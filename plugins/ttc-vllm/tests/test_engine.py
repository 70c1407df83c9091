"""The engine on a real model, against PyTorch's own arithmetic over the same weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.errors import BackendError
from ttc.plugins import installing
from ttc.records import Message, SamplingParams
from ttc_vllm import quiet

Complete = Callable[..., list[Completion]]
# Log-probabilities (rows, vocabulary) of the tokens that follow each of the last ones.
Rows = Callable[[str, int], Any]

APPLES = (Message("user", "Tom has 12 apples and gives 5 to Ann. How many are left?"),)
POEM = (Message("system", "You are a poet."), Message("user", "Write a line about the sea."))
RENDERED = (
    "<|im_start|>system\nYou are a poet.<|im_end|>\n"
    "<|im_start|>user\nWrite a line about the sea.<|im_end|>\n<|im_start|>assistant\n"
)
GREEDY = SamplingParams(temperature=0, max_tokens=16)


@pytest.fixture(scope="module")
def tokenizer(shared: Backend, smollm2: Path) -> Any:
    transformers = pytest.importorskip("transformers")
    return transformers.AutoTokenizer.from_pretrained(smollm2)


@pytest.fixture(scope="module")
def rows(shared: Backend, complete: Complete, smollm2: Path, tokenizer: Any) -> Rows:
    """The model by transformers, with 32-bit floats as well."""
    # Only now, when vLLM has loaded PyTorch in its own way.
    complete(shared, Request("warm", prompt="Hello", params=SamplingParams(max_tokens=1)))
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(smollm2, dtype=torch.float32)

    def run(text: str, last: int) -> Any:
        ids = tokenizer.encode(text, add_special_tokens=False, return_tensors="pt")
        with torch.no_grad():
            return model(ids).logits[0, -last:].log_softmax(dim=-1)

    return run


def total(rows: Any, tokens: Sequence[int]) -> float:
    """Return the log-probability of tokens, the last of which no row follows."""
    return float(sum(rows[at, token] for at, token in enumerate(tokens)))


def test_the_template_is_rendered_once_and_whole(shared: Backend, complete: Complete) -> None:
    chat, raw, with_prefix = complete(
        shared,
        Request("chat", messages=POEM, params=GREEDY),
        Request("raw", prompt=RENDERED, params=GREEDY),
        Request("prefix", messages=POEM, prefix="The sea", params=GREEDY),
    )
    assert (chat.text, chat.prompt_tokens) == (raw.text, raw.prompt_tokens)
    assert with_prefix.prompt_tokens == (chat.prompt_tokens or 0) + 2
    assert not with_prefix.text.startswith("The sea")


def test_log_probabilities_are_of_the_unfiltered_distribution(
    shared: Backend, complete: Complete, rows: Rows, tokenizer: Any
) -> None:
    params = SamplingParams(temperature=0.7, top_p=0.5, top_k=20, max_tokens=12)
    requests = (Request(str(draw), prompt=RENDERED, params=params) for draw in range(6))
    checked = 0
    for done in complete(shared, *requests):
        tokens = tokenizer.encode(done.text, add_special_tokens=False)
        # A text may have been drawn in other tokens than it is split into.
        if len(tokens) != done.completion_tokens:
            continue
        expected = total(rows(RENDERED + done.text, len(tokens) + 1), tokens)
        assert done.logprob == pytest.approx(expected, abs=0.002 * len(tokens))
        checked += 1
    assert checked


def test_a_text_is_scored(shared: Backend, complete: Complete, rows: Rows, tokenizer: Any) -> None:
    text = " is a vast, blue mirror."
    (scored,) = complete(shared, Request("a", messages=POEM, prefix="The sea", score=text))
    tokens = tokenizer.encode(text, add_special_tokens=False)
    expected = total(rows(f"{RENDERED}The sea{text}", len(tokens) + 1), tokens)
    assert (scored.text, scored.finish_reason) == ("", "stop")
    assert scored.completion_tokens == len(tokens)
    assert scored.logprob == pytest.approx(expected, abs=0.002 * len(tokens))
    (drawn,) = complete(shared, Request("b", messages=POEM, params=GREEDY))
    again = Request("c", messages=POEM, score=drawn.text)
    empty = Request("d", messages=POEM, score="")
    same, nothing = complete(shared, again, empty)
    assert same.prompt_tokens == drawn.prompt_tokens
    if same.completion_tokens == drawn.completion_tokens:
        assert same.logprob == pytest.approx(drawn.logprob, abs=0.03)
    assert nothing.error == "there is no text to score"


def test_choices_are_weighed_by_their_first_tokens(
    shared: Backend, complete: Complete, rows: Rows, tokenizer: Any
) -> None:
    prompt = "Is the sky blue? Answer Yes or No:"
    asked = Request("a", prompt=prompt, choices=("Yes", "No"))
    # Beside a draw, whose log-probabilities are of other tokens.
    drawn = Request("b", prompt=prompt, params=SamplingParams(max_tokens=3))
    alike = Request("c", prompt=prompt, choices=("Yes", "Yes please"))
    found, text, refused = complete(shared, asked, drawn, alike)
    assert (found.text, found.completion_tokens, found.finish_reason) == ("", 0, "stop")
    assert text.completion_tokens
    assert (text.logprob or 0) < 0
    assert "begin with the same token" in (refused.error or "")
    softmax = rows(prompt, 1)[0].exp()
    assert found.chances is not None
    for choice in ("Yes", "No"):
        cased = (choice, choice.lower(), choice.upper())
        ways = {blank + each for each in cased for blank in ("", " ")}
        heads = {tokenizer.encode(way, add_special_tokens=False)[0] for way in ways}
        want = sum(float(softmax[head]) for head in heads if tokenizer.decode([head]).strip())
        assert found.chances[choice] == pytest.approx(want, rel=0.01)


def test_a_shared_prompt_is_computed_once(shared: Backend, complete: Complete) -> None:
    message = (Message("user", "Name a colour that nobody here has asked for until now."),)
    params = SamplingParams(max_tokens=4)
    done = complete(
        shared, *(Request(str(draw), messages=message, params=params) for draw in range(9))
    )
    cached = sorted(each.cached_tokens or 0 for each in done)
    # Whole blocks of 32 tokens are shared.
    shareable = 32 * ((done[0].prompt_tokens or 0) // 32)
    assert shareable
    assert cached == [0] + [shareable] * 8
    assert len({each.text for each in done}) > 1


def test_cancelling_keeps_what_was_drawn(shared: Backend) -> None:
    long = SamplingParams(temperature=0, max_tokens=200)
    shared.submit(Request("running", messages=APPLES, params=long))
    engine = shared._engine  # type: ignore[attr-defined]
    for _ in range(6):
        engine._step()
    shared.submit(Request("queued", messages=APPLES, params=long))
    shared.submit(Request("short", messages=APPLES, params=SamplingParams(max_tokens=2)))
    for name in ("running", "queued", "nobody"):
        shared.cancel(name)
    running, queued, short = (shared.wait() for _ in range(3))
    assert (running.request_id, running.finish_reason) == ("running", "cancelled")
    assert (running.completion_tokens, bool(running.text)) == (6, True)
    assert (running.logprob or 0) < 0
    assert running.started is not None
    assert (queued.finish_reason, queued.completion_tokens, queued.text) == ("cancelled", 0, "")
    assert (short.request_id, short.completion_tokens) == ("short", 2)


def test_clocks(shared: Backend, complete: Complete) -> None:
    params = SamplingParams(max_tokens=3)
    done = complete(shared, *(Request(str(i), messages=APPLES, params=params) for i in range(5)))
    for each in done:
        assert 0 < (each.started or 0) < (each.first_token or 0) <= (each.ended or 0)


def test_a_context_that_is_too_short(shared: Backend, complete: Complete) -> None:
    params = SamplingParams(max_tokens=2000, temperature=0)
    full, over = complete(
        shared,
        Request("full", prompt="x " * 490, params=params),
        Request("over", prompt="x " * 600, params=params),
    )
    assert full.finish_reason == "length"
    assert (full.prompt_tokens or 0) + (full.completion_tokens or 0) == 512
    assert over.finish_reason == "error"
    assert over.error == f"the prompt has {over.prompt_tokens} tokens, the context 512"


@pytest.mark.parametrize(
    ("temperature", "error"),
    [(0.005, "vLLM supports temperature 0, or 0.01 and above"), (2.5, "temperature must be in")],
)
def test_a_temperature_that_vllm_does_not_have(
    shared: Backend, complete: Complete, temperature: float, error: str
) -> None:
    params = SamplingParams(temperature=temperature, max_tokens=2)
    (done,) = complete(shared, Request("a", messages=APPLES, params=params))
    assert done.finish_reason == "error"
    assert (done.error or "").startswith(error)


def test_messages_the_template_refuses(
    shared: Backend, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete(shared, Request("warm", messages=APPLES, params=SamplingParams(max_tokens=1)))

    def refuse(*given: Any, **named: Any) -> None:
        raise ValueError("Conversation roles must alternate")

    tokenizer = shared._engine._prompts._tokenizer  # type: ignore[attr-defined]
    monkeypatch.setattr(tokenizer, "apply_chat_template", refuse)
    (done,) = complete(shared, Request("a", messages=(Message("user", "new to the cache"),)))
    assert done.error == (
        "the chat template rejects these messages: Conversation roles must alternate"
    )


def test_an_empty_prompt(shared: Backend, complete: Complete) -> None:
    (done,) = complete(shared, Request("a", prompt=""))
    assert (done.finish_reason, done.error) == ("error", "the prompt is empty")


def test_a_step_that_fails_loses_nobody(
    shared: Backend, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete(shared, Request("warm", messages=APPLES, params=SamplingParams(max_tokens=1)))
    for fault in (RuntimeError("out of memory\nat length"), KeyboardInterrupt()):
        for name in ("a", "b"):
            shared.submit(Request(name, messages=APPLES, params=GREEDY))
        engine = shared._engine  # type: ignore[attr-defined]
        left = [draw.engine_id for draw in engine._draws.values()]
        with monkeypatch.context() as patch:
            patch.setattr(engine._engine, "step", raising(fault))
            if isinstance(fault, KeyboardInterrupt):
                with pytest.raises(KeyboardInterrupt):
                    shared.wait()
            done = [shared.wait() for _ in range(2)]
        assert {each.request_id for each in done} == {"a", "b"}
        for each in done:
            assert each.finish_reason == "error"
            assert (each.error or "").startswith("vLLM's engine failed: ")
            assert "\n" not in (each.error or "")
        with pytest.raises(BackendError, match="vLLM's engine has ended: "):
            shared.submit(Request("c", messages=APPLES))
        # Nothing was wrong with it.
        engine._engine.abort_request(left, internal=True)
        engine._failure = None
    (done_again,) = complete(shared, Request("d", messages=APPLES, params=GREEDY))
    assert done_again.finish_reason in ("stop", "length")


def raising(fault: BaseException) -> Callable[[], Any]:
    def step() -> Any:
        raise fault

    return step


def test_draws_without_seeds_are_never_those_of_another_run(shared: Backend) -> None:
    from ttc_vllm.parameters import engine_arguments

    assert "seed" not in shared.capabilities
    given = shared._checkpoint, shared._options  # type: ignore[attr-defined]
    assert engine_arguments(*given).seed != engine_arguments(*given).seed


def test_memory_on_a_cpu_is_what_is_free(smollm2: Path) -> None:
    import psutil

    from ttc_vllm import checkpoint
    from ttc_vllm.options import Options
    from ttc_vllm.parameters import engine_arguments

    found = checkpoint.read(smollm2)
    chosen = engine_arguments(found, Options()).kv_cache_memory_bytes
    assert chosen == pytest.approx(psutil.virtual_memory().available // 4, rel=0.2)
    given = engine_arguments(found, Options(gpu_memory_utilization=0.3))
    assert given.kv_cache_memory_bytes is None


def test_a_build_for_gpus_without_one(smollm2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vllm.platforms.interface import UnspecifiedPlatform

    from ttc_vllm import checkpoint, engine
    from ttc_vllm.options import Options

    monkeypatch.setattr(engine, "current_platform", UnspecifiedPlatform())
    command = re.escape(installing.install("ttc-vllm[cpu]"))
    with pytest.raises(BackendError, match=f"vLLM finds no GPU, .*{command}"):
        engine.VllmEngine(checkpoint.read(smollm2), Options())


def test_what_vllm_refuses_is_one_line(smollm2: Path) -> None:
    from ttc_vllm import checkpoint, engine
    from ttc_vllm.options import Options

    found = checkpoint.read(smollm2)
    with quiet.muffled(drop=True), pytest.raises(BackendError) as caught:
        engine.VllmEngine(found, Options(quantization="unheard-of"))
    said = str(caught.value)
    assert said.startswith(f"{smollm2}: vLLM cannot load it: ")
    assert "unheard-of" in said
    assert "\n" not in said


def test_nothing_is_printed(
    shared: Backend, complete: Complete, capfd: pytest.CaptureFixture[str]
) -> None:
    shared.close()
    complete(shared, Request("a", messages=APPLES, params=SamplingParams(max_tokens=2)))
    shared.submit(Request("b", messages=APPLES))
    shared.close()
    assert capfd.readouterr() == ("", "")
