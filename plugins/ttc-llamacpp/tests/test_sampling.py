from __future__ import annotations

import ctypes
from collections import Counter
from typing import Any

import numpy as np
import pytest

from ttc.records import SamplingParams

api = pytest.importorskip("llama_cpp.llama_cpp")

from ttc_llamacpp.sampling import Sampler, nucleus  # noqa: E402 (it imports llama_cpp)


def peaked(size: int, seed: int, scale: float = 3.0) -> Any:
    return (np.random.default_rng(seed).normal(size=size) * scale).astype(np.float32)


def softmax(logits: Any, temperature: float = 1.0) -> Any:
    weights = np.exp((logits.astype(np.float64) - logits.max()) / temperature)
    return weights / weights.sum()


def their_choice(logits: Any, params: SamplingParams, seed: int) -> int:
    """The token of a chain of llama.cpp's samplers alone, over the whole vocabulary."""
    chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
    for stage in (
        params.top_k and api.llama_sampler_init_top_k(params.top_k),
        params.top_p < 1 and api.llama_sampler_init_top_p(params.top_p, 1),
        params.min_p and api.llama_sampler_init_min_p(params.min_p, 1),
        api.llama_sampler_init_temp(params.temperature),
        api.llama_sampler_init_dist(seed),
    ):
        if stage:
            api.llama_sampler_chain_add(chain, stage)
    data = (api.llama_token_data * len(logits))()
    for index, logit in enumerate(logits):
        data[index].id, data[index].logit = index, logit
    array = api.llama_token_data_array(data=data, size=len(logits), selected=-1, sorted=False)
    api.llama_sampler_apply(chain, ctypes.byref(array))
    token = int(array.data[array.selected].id)
    api.llama_sampler_free(chain)
    return token


@pytest.mark.parametrize("count", [1, 20, 500])
@pytest.mark.parametrize("temperature", [0.0, 0.6])
def test_confidence_is_of_the_likeliest_tokens_at_temperature_1(
    count: int, temperature: float
) -> None:
    logits = peaked(500, 3)
    likeliest = np.sort(np.log(softmax(logits)))[-count:]
    choice = Sampler(SamplingParams(temperature=temperature), 1, count).sample(logits)
    assert choice.confidence == pytest.approx(-likeliest.mean(), abs=1e-5)


@pytest.mark.parametrize("scale", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("top_p", [0.01, 0.5, 0.95, 0.9999])
def test_nucleus_is_the_smallest_likely_set(scale: float, top_p: float) -> None:
    for seed in range(20):
        logits = peaked(500, seed, scale)
        shares = softmax(logits)
        weights = np.exp(logits - logits.max())
        kept = nucleus(weights, float(weights.sum(dtype=np.float64)), top_p)
        assert (np.diff(shares[kept]) <= 0).all()
        assert shares[kept].sum() >= top_p - 1e-6
        assert shares[kept[:-1]].sum() < top_p + 1e-6
        assert shares[kept[-1]] >= np.delete(shares, kept).max(initial=0.0)


@pytest.mark.parametrize(
    "params",
    [
        SamplingParams(temperature=0.8, top_p=0.95),
        SamplingParams(temperature=1.3, top_p=0.6, min_p=0.02),
        SamplingParams(temperature=0.7, top_p=1.0, top_k=20),
        SamplingParams(temperature=0.7, top_p=0.9, top_k=20, min_p=0.1),
    ],
    ids=["p", "p-min", "k", "k-p-min"],
)
def test_chooses_as_llama_cpp_does(params: SamplingParams) -> None:
    for seed in range(150):
        logits = peaked(300, seed)
        sampler = Sampler(params, seed)
        choice = sampler.sample(logits)
        sampler.close()
        assert choice.token == their_choice(logits, params, seed)
        assert choice.logprob == pytest.approx(np.log(softmax(logits)[choice.token]), abs=1e-5)


def test_frequencies_are_those_of_the_softmax() -> None:
    logits, draws = peaked(12, 3, 1.5), 4000
    sampler = Sampler(SamplingParams(temperature=0.7, top_p=1.0), 7)
    counts = Counter(sampler.sample(logits).token for _ in range(draws))
    sampler.close()
    expected = softmax(logits, 0.7) * draws
    chi = sum((counts[token] - mean) ** 2 / mean for token, mean in enumerate(expected))
    assert chi < 31.3  # the 0.999 quantile of chi-square with 11 degrees of freedom


def test_greedy_takes_the_first_of_the_largest() -> None:
    logits = np.array([0, 3, 1, 3], np.float32)
    for temperature in (0.0, 1e-9):
        choice = Sampler(SamplingParams(temperature=temperature), 1).sample(logits)
        assert choice.token == 1
        assert choice.logprob == pytest.approx(np.log(softmax(logits)[1]), abs=1e-6)


def test_seeds() -> None:
    logits = peaked(1000, 1, 1.0)

    def tokens(seed: int | None) -> list[int]:
        sampler = Sampler(SamplingParams(), seed)
        drawn = [sampler.sample(logits).token for _ in range(8)]
        sampler.close()
        return drawn

    assert tokens(5) == tokens(5) != tokens(6)
    assert tokens(None) != tokens(None)
    assert tokens(2**31 - 1) == tokens(2**31 - 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_logits_that_are_no_numbers(value: float, temperature: float) -> None:
    logits = np.array([0, value, 1], np.float32)
    sampler = Sampler(SamplingParams(temperature=temperature), 1)
    with pytest.raises(ValueError, match="not a number"):
        sampler.sample(logits)
    sampler.close()
