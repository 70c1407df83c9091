"""Sampling of the next token, and its log-probability.

top_k, then top_p, then min_p truncate the model's distribution; what remains is sampled at the
temperature by llama.cpp's samplers, with the draw's own seed.
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

# Below this temperature the exponents overflow; sampling is greedy in effect at much higher ones.
GREEDY = 1e-6

# Share of the mass below which tokens are rarely in a nucleus: the first cut before sorting.
_LIKELY = 3e-4

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class SampledToken(NamedTuple):
    """A sampled token and its log-probability (nats) in the unfiltered temperature-1 softmax.

    `confidence` is minus the mean log-probability of the likeliest tokens there, if requested.
    """

    token: int
    logprob: float
    confidence: float | None = None


def nucleus(weights: NDArray[np.float32], total: float, top_p: float) -> NDArray[np.intp]:
    """Return the smallest set of tokens that holds `top_p` of the mass, likeliest first.

    `weights` (vocabulary,) are probabilities times `total`. llama.cpp's top_p sampler gives the
    same set, but computes a softmax and a sort of the whole vocabulary: a sixth of the time of
    decoding with a small model.
    """
    # The last token kept is the largest of a tail with more than 1 - top_p of the mass, so it has
    # more than that share divided by the vocabulary, and smaller tokens cannot be kept. Usually a
    # few tokens hold all of the mass, and selecting those first avoids sorting thousands.
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
    """The sampler chain of one draw. Without a seed it is seeded at random.

    With `alternatives`, each sampled token has a confidence, computed from that many tokens.
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

    def sample(self, logits: Logits) -> SampledToken:
        """Sample from raw logits (vocabulary,). Raises ValueError if they are not finite."""
        # A finite maximum rules out NaN and +inf; -inf is allowed.
        top = float(logits.max())
        if not np.isfinite(top):
            raise ValueError("the model's output is not a number")
        weights = logits - np.float32(top)
        np.exp(weights, out=weights)
        # numpy sums pairwise: the error is below 1e-6 of the total, at half the time of float64.
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


# With fewer draws a thread, threads cost more than they save.
_SHARE = 8


class SamplerPool:
    """Threads that sample the tokens of a batch: numpy and llama.cpp release the GIL."""

    def __init__(self, threads: int) -> None:
        self._others = ThreadPoolExecutor(max(1, min(threads, 8) - 1), "ttc-sample")
        self._count = min(threads, 8)

    def sample(
        self, samplers: Sequence[Sampler], logits: Logits
    ) -> list[SampledToken | ValueError]:
        """Sample from rows of raw logits (draws, vocabulary), one for each sampler.

        A row that is not finite gives its ValueError instead of a token.
        """
        parts = max(1, min(self._count, len(samplers) // _SHARE))
        cuts = [len(samplers) * part // parts for part in range(parts + 1)]
        shares = [(samplers[a:b], logits[a:b]) for a, b in pairwise(cuts)]
        futures = [self._others.submit(_sample_rows, *share) for share in shares[1:]]
        try:
            first = _sample_rows(*shares[0])
        finally:
            # Also when interrupted: the next decode overwrites the logits.
            wait(futures)
        return [*first, *(choice for future in futures for choice in future.result())]

    def close(self) -> None:
        """Stop the threads."""
        self._others.shutdown()


def _sample_rows(samplers: Sequence[Sampler], logits: Logits) -> list[SampledToken | ValueError]:
    found: list[SampledToken | ValueError] = []
    for sampler, row in zip(samplers, logits, strict=True):
        try:
            found.append(sampler.sample(row))
        except ValueError as error:
            found.append(error)
    return found
