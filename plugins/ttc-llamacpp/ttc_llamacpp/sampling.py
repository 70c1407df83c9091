"""Sampling of the next token, and its log-probability.

top_k, then top_p, then min_p truncate the model's distribution; what remains is sampled at the
temperature by llama.cpp's samplers, with the draw's own seed.
"""

from __future__ import annotations

import ctypes
import secrets
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

import llama_cpp.llama_cpp as api
import numpy as np
from numpy.typing import NDArray

from ttc.records import SamplingParams
from ttc_llamacpp.adjusting import Adjustment
from ttc_llamacpp.candidates import Ids, candidates
from ttc_llamacpp.constraint import Constraint
from ttc_llamacpp.kv_cache import Logits
from ttc_llamacpp.picking import GREEDY, pick

# Share of the mass below which tokens are rarely in a nucleus: the first cut before sorting.
_LIKELY = 3e-4


class SampledToken(NamedTuple):
    """A sampled token and its log-probability (nats) in the unfiltered temperature-1 softmax.

    `confidence` is minus the mean log-probability of the likeliest tokens there, and `top` are
    those tokens with their log-probabilities, if requested. A `forced` token was not sampled.
    """

    token: int
    logprob: float
    confidence: float | None = None
    top: tuple[tuple[int, float], ...] = ()
    forced: bool = False


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

    With `alternatives`, each sampled token has a confidence, computed from that many tokens; with
    `logprobs`, that many of the likeliest tokens. `constraint` holds while `constrained` is set;
    tokens in `forced` come next, whatever the model says.
    """

    def __init__(
        self,
        params: SamplingParams,
        seed: int | None,
        alternatives: int = 0,
        logprobs: int = 0,
        constraint: Constraint | None = None,
    ) -> None:
        self._params = params
        self._alternatives, self._logprobs = alternatives, logprobs
        self._adjustment = Adjustment.of(params)
        self._constraint, self.constrained = constraint, False
        self.forced: deque[int] = deque()
        seed = secrets.randbits(31) if seed is None else seed
        if constraint is not None:
            self._random = np.random.default_rng(seed)
        self._chain: Any = None
        if params.temperature < GREEDY:
            return
        self._chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
        for stage in self._stages(seed):
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
        """Sample from raw logits (vocabulary,). Raises ValueError if they are not finite, or if the
        constraint allows no token."""
        # A finite maximum rules out NaN and +inf; -inf is allowed.
        top = float(logits.max())
        if not np.isfinite(top):
            raise ValueError("the model's output is not a number")
        weights = logits - np.float32(top)
        np.exp(weights, out=weights)
        # numpy sums pairwise: the error is below 1e-6 of the total, at half the time of float64.
        total = float(weights.sum())
        whole = top + float(np.log(total))
        forced = bool(self.forced)
        token = self.forced[0] if forced else self._next(logits, weights, total)
        sure = whole - self._mean_of_likeliest(logits) if self._alternatives else None
        best = self._likeliest(logits, whole) if self._logprobs else ()
        return SampledToken(token, float(logits[token]) - whole, sure, best, forced)

    def _mean_of_likeliest(self, logits: Logits) -> float:
        count = min(self._alternatives, len(logits))
        return float(np.partition(logits, -count)[-count:].mean(dtype=np.float64))

    def _likeliest(self, logits: Logits, whole: float) -> tuple[tuple[int, float], ...]:
        count = min(self._logprobs, len(logits))
        ids = np.argpartition(logits, -count)[-count:]
        ids = ids[np.lexsort((ids, -logits[ids]))]
        return tuple((int(token), float(logits[token]) - whole) for token in ids)

    def _next(self, logits: Logits, weights: NDArray[np.float32], total: float) -> int:
        if self._adjustment is not None:
            logits = self._adjustment.apply(logits)
            weights = np.exp(logits - logits.max())
            total = float(weights.sum())
        if self._constraint is not None and self.constrained:
            return pick(logits, self._params, self._constraint.allowed, self._random.random())
        if self._chain is None:
            return int(logits.argmax())
        if self._params.top_p < 1 and not self._params.top_k:
            return self._pick(logits, nucleus(weights, total, self._params.top_p))
        return self._pick(logits, np.arange(len(logits)))

    def _pick(self, logits: Logits, ids: Ids) -> int:
        """Sample one of some tokens with the chain."""
        rows, array = candidates(ids)
        rows["logit"] = logits[ids]
        api.llama_sampler_apply(self._chain, ctypes.byref(array))
        token = int(array.data[array.selected].id)
        api.llama_sampler_accept(self._chain, token)
        return token

    def accept(self, token: int) -> None:
        """Follow a token that was sampled and is kept."""
        if self.forced:
            self.forced.popleft()
        elif self._constraint is not None and self.constrained:
            self._constraint.accept(token)
        if self._adjustment is not None:
            self._adjustment.accept(token)

    def count(self, tokens: Iterable[int]) -> None:
        """Penalise tokens of an answer that was begun as if they were sampled."""
        for token in tokens:
            if self._adjustment is not None:
                self._adjustment.accept(token)

    def follow(self, answer: str) -> bool:
        """Return whether the constraint allows the beginning of an answer; go on behind it."""
        if self._constraint is None:
            return True
        return self._constraint.follow(answer)

    def close(self) -> None:
        """Free the chain and the constraint."""
        if self._constraint is not None:
            self._constraint.close()
        if self._chain is not None:
            api.llama_sampler_free(self._chain)
            self._chain = None
