"""How the next token is chosen, and how likely it was.

top_k, then top_p, then min_p cut the model's distribution; what is left is drawn from at the
temperature, by llama.cpp's samplers and with the draw's own seed.
"""

from __future__ import annotations

import ctypes
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any, NamedTuple

import llama_cpp.llama_cpp as api
import numpy as np
from numpy.typing import NDArray

from ttc.records import SamplingParams
from ttc_llamacpp.kv_cache import Logits

# Below this temperature the exponents overflow, and sampling is greedy long before.
GREEDY = 1e-6

# The share of the mass that a token has in whose company the others of a nucleus usually are.
_LIKELY = 3e-4

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class SampledToken(NamedTuple):
    """A sampled token and its log-probability (nats) in the unfiltered temperature-1 softmax.

    `confidence` is minus the mean log-probability of the likeliest tokens there, if it was asked.
    """

    token: int
    logprob: float
    confidence: float | None = None


def nucleus(weights: NDArray[np.float32], total: float, top_p: float) -> NDArray[np.intp]:
    """Return the fewest most likely tokens that have `top_p` of the mass, most likely first.

    `weights` (vocabulary,) are probabilities times `total`. llama.cpp's own top_p sampler gives
    the same set, but takes a softmax and a sort of the whole vocabulary: a sixth of the time of
    decoding with a small model.
    """
    # The last token kept is the largest of a tail with more than 1 - top_p of the mass, so it has
    # more than that share of it: whatever has less cannot be kept. Mostly a few tokens have it
    # all, and looking for those first saves the sorting of thousands.
    least = total * (1 - top_p) / len(weights)
    level = max(total * _LIKELY, least)
    likely = np.flatnonzero(weights >= level)
    while level > least and weights[likely].sum() < top_p * total:
        level = max(level / 16, least)
        likely = np.flatnonzero(weights >= level)
    likely = likely[np.argsort(-weights[likely], kind="stable")]
    mass = np.cumsum(weights[likely], dtype=np.float64)
    return likely[: int(np.searchsorted(mass, top_p * total)) + 1]


class Sampler:
    """The sampler chain of one draw. Without a seed, an unpredictable one.

    With `alternatives` its choices tell their confidence from as many tokens.
    """

    def __init__(self, params: SamplingParams, seed: int | None, alternatives: int = 0) -> None:
        self._params = params
        self._alternatives = alternatives
        self._chain: Any = None
        if params.temperature < GREEDY:
            return
        self._chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
        for stage in self._stages(secrets.randbits(31) if seed is None else seed):
            api.llama_sampler_chain_add(self._chain, stage)

    def _stages(self, seed: int) -> list[Any]:
        params = self._params
        stages = []
        if params.top_k:
            stages.append(api.llama_sampler_init_top_k(params.top_k))
            if params.top_p < 1:
                stages.append(api.llama_sampler_init_top_p(params.top_p, 1))
        if params.min_p:
            stages.append(api.llama_sampler_init_min_p(params.min_p, 1))
        stages.append(api.llama_sampler_init_temp(params.temperature))
        stages.append(api.llama_sampler_init_dist(seed))
        return stages

    def choose(self, logits: Logits) -> SampledToken:
        """Choose from raw logits (vocabulary,). ValueError if they are not numbers."""
        # A maximum that is a number leaves no NaN and no infinity below it but minus infinity.
        top = float(logits.max())
        if not np.isfinite(top):
            raise ValueError("the model's output is not a number")
        weights = logits - np.float32(top)
        np.exp(weights, out=weights)
        # numpy adds pairwise: the error is below 1e-6 of the total, at half the time of doubles.
        total = float(weights.sum())
        token = self._pick(logits, weights, total)
        whole = top + float(np.log(total))
        sure = whole - self._mean_of_likeliest(logits) if self._alternatives else None
        return SampledToken(token, float(logits[token]) - whole, sure)

    def _mean_of_likeliest(self, logits: Logits) -> float:
        count = min(self._alternatives, len(logits))
        return float(np.partition(logits, -count)[-count:].mean(dtype=np.float64))

    def _pick(self, logits: Logits, weights: NDArray[np.float32], total: float) -> int:
        if self._chain is None:
            return int(logits.argmax())
        if self._params.top_p < 1 and not self._params.top_k:
            ids = nucleus(weights, total, self._params.top_p)
        else:
            ids = np.arange(len(logits))
        candidates = np.zeros(len(ids), _CANDIDATE)
        candidates["id"], candidates["logit"] = ids, logits[ids]
        array = api.llama_token_data_array(
            data=ctypes.cast(candidates.ctypes.data, api.llama_token_data_p),
            size=len(ids),
            selected=-1,
            sorted=False,
        )
        api.llama_sampler_apply(self._chain, ctypes.byref(array))
        token = int(array.data[array.selected].id)
        api.llama_sampler_accept(self._chain, token)
        return token

    def close(self) -> None:
        """Free the chain."""
        if self._chain is not None:
            api.llama_sampler_free(self._chain)
            self._chain = None


# Below this many draws the threads cost more than they give.
_SHARE = 8


class SamplerPool:
    """Threads that choose the tokens of a batch: numpy and llama.cpp let go of Python's lock."""

    def __init__(self, threads: int) -> None:
        self._others = ThreadPoolExecutor(max(1, min(threads, 8) - 1), "choose")
        self._count = min(threads, 8)

    def choose(
        self, samplers: Sequence[Sampler], logits: Logits
    ) -> list[SampledToken | ValueError]:
        """Choose from rows of raw logits (draws, vocabulary), one for each sampler.

        A row that holds no numbers gives the error instead of a choice.
        """
        parts = max(1, min(self._count, len(samplers) // _SHARE))
        cuts = [len(samplers) * part // parts for part in range(parts + 1)]
        shares = [(samplers[a:b], logits[a:b]) for a, b in pairwise(cuts)]
        futures = [self._others.submit(_choose, *share) for share in shares[1:]]
        try:
            first = _choose(*shares[0])
        finally:
            # Also when interrupted: the next decode overwrites the logits.
            wait(futures)
        return [*first, *(choice for future in futures for choice in future.result())]

    def close(self) -> None:
        """End the threads."""
        self._others.shutdown()


def _choose(samplers: Sequence[Sampler], logits: Logits) -> list[SampledToken | ValueError]:
    found: list[SampledToken | ValueError] = []
    for sampler, row in zip(samplers, logits, strict=True):
        try:
            found.append(sampler.choose(row))
        except ValueError as error:
            found.append(error)
    return found
