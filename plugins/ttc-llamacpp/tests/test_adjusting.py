"""Penalties and biases: the logits that llama.cpp's own samplers give."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ttc.backends import Backend, Completion, Request
from ttc.records import SamplingParams

api = pytest.importorskip("llama_cpp.llama_cpp")

from ttc_llamacpp.adjusting import REPEAT_WINDOW, Adjustment  # noqa: E402 (it imports llama_cpp)
from ttc_llamacpp.sampling import Sampler  # noqa: E402

SIZE = 60


def theirs(logits: Any, stages: list[Any], tokens: list[int]) -> Any:
    """Logits after a chain of llama.cpp's samplers that has accepted some tokens."""
    chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
    for stage in stages:
        api.llama_sampler_chain_add(chain, stage)
    for token in tokens:
        api.llama_sampler_accept(chain, token)
    data = (api.llama_token_data * len(logits))()
    for index, logit in enumerate(logits):
        data[index].id, data[index].logit = index, logit
    array = api.llama_token_data_array(data=data, size=len(logits), selected=-1, sorted=False)
    api.llama_sampler_apply(chain, ctypes.byref(array))
    found = np.zeros(len(logits), np.float32)
    for index in range(len(logits)):
        found[array.data[index].id] = array.data[index].logit
    api.llama_sampler_free(chain)
    return found


def ours(logits: Any, params: SamplingParams, tokens: list[int]) -> Any:
    adjustment = Adjustment.of(params)
    assert adjustment is not None
    for token in tokens:
        adjustment.accept(token)
    before = logits.copy()
    found = adjustment.apply(logits)
    assert (before == logits).all()
    return found


@pytest.mark.parametrize("count", [0, 1, 10, 200])
@pytest.mark.parametrize(
    ("presence", "frequency", "repeat"),
    [(0.5, 0, 1), (0, 0.3, 1), (0.5, 0.3, 1), (0, 0, 1.3), (-0.5, 0, 0.8), (0.5, 0.3, 1.2)],
)
def test_penalties_are_those_of_llama_cpp(
    presence: float, frequency: float, repeat: float, count: int
) -> None:
    chance = np.random.default_rng(count)
    logits = chance.normal(size=SIZE).astype(np.float32) * 4
    tokens = chance.integers(0, SIZE // 3, count).tolist()
    params = SamplingParams(
        presence_penalty=presence, frequency_penalty=frequency, repeat_penalty=repeat
    )
    # Its one window is ours for repetition; frequency and presence see the whole answer.
    stages = [
        api.llama_sampler_init_penalties(SIZE, REPEAT_WINDOW, repeat, 0, 0),
        api.llama_sampler_init_penalties(SIZE, 100_000, 1, frequency, presence),
    ]
    expected = theirs(logits, stages, tokens)
    assert ours(logits, params, tokens) == pytest.approx(expected, abs=1e-5)


def test_biases_are_those_of_llama_cpp() -> None:
    logits = np.random.default_rng(1).normal(size=SIZE).astype(np.float32)
    rows = (api.llama_logit_bias * 2)((3, 2.5), (7, -100))
    stages = [api.llama_sampler_init_logit_bias(SIZE, 2, rows)]
    params = SamplingParams(logit_bias=((3, 2.5), (7, -100)))
    assert ours(logits, params, []) == pytest.approx(theirs(logits, stages, []))


def test_a_draw_without_them_is_not_adjusted() -> None:
    assert Adjustment.of(SamplingParams()) is None


def test_log_probabilities_do_not_see_them() -> None:
    logits = np.array([2, 1, 0], np.float32)
    sampler = Sampler(SamplingParams(temperature=0, logit_bias=((2, 50),)), 1)
    sampled = sampler.sample(logits)
    sampler.close()
    assert sampled.token == 2
    assert sampled.logprob == pytest.approx(float(np.log(np.exp(0) / np.exp(logits).sum())))


def test_what_was_generated_is_penalised(
    shared: Backend, complete: Callable[..., list[Completion]]
) -> None:
    """With a penalty that outweighs all else no token comes twice, nor one of a beginning."""
    params = SamplingParams(temperature=0, max_tokens=30, presence_penalty=1000)
    (done,) = complete(shared, Request("a", prompt="a a a a", params=params, logprobs=1))
    assert done.token_logprobs is not None
    raw = [each.raw for each in done.token_logprobs]
    assert len(set(raw)) == len(raw)
    begun = Request("b", prompt="x", prefix=" a a a", params=params, logprobs=1)
    (more,) = complete(shared, begun)
    assert more.token_logprobs is not None
    assert b" a" not in {each.raw for each in more.token_logprobs}
