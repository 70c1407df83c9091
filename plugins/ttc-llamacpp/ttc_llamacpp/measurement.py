"""Measurements for tuning: decoding speed, and the divergence of next-token distributions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttc_llamacpp.kv_cache import BATCH, CacheShape, KVCache, Row
from ttc_llamacpp.options import Cache

# Tokens of a sequence, and seconds of one measurement.
LENGTH = 512
SECONDS = 0.8

TEXT = (
    "A farmer brings apples, pears and plums to the market every Saturday. She has eleven crates "
    "of apples with forty in each, seven crates of pears with thirty-two in each, and a basket of "
    "plums that nobody has counted yet. By noon she has sold three quarters of the apples and half "
    "of the pears. To know how many are left, first multiply the crates by what is in each, then "
    "take away what was sold. That gives one hundred and ten apples. For the pears the sum is 7 * "
    "32 = 224, and half of that is 112. The plums go to the neighbours, as they do every week, "
    "because they would not keep until the next market day.\n\n"
)


@dataclass(frozen=True, slots=True)
class TuningSetup:
    """One combination of options to decode with."""

    weights: str
    slots: int
    attention: str
    cache: Cache
    threads: int
    kernels: str = "ggml"

    def shape(self) -> CacheShape:
        """Return the shape of its KV cache."""
        flash = self.attention == "flash"
        return CacheShape(self.slots, LENGTH, self.threads, flash, self.cache)

    def options(self) -> dict[str, Any]:
        """Return it as a profile's options; there the slots are an upper limit."""
        chosen = asdict(self)
        return {"most": chosen.pop("slots"), **chosen}


def divergence(exact: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the mean over positions of KL(exact ‖ other), in nats, from log-probabilities."""
    return float((np.exp(exact) * (exact - other)).sum(axis=1).mean())


def decoding(kv: KVCache, tokens: list[int]) -> float:
    """Return tokens per second of all sequences together, starting at a third of their length."""
    start = kv.length // 3
    kv.prefill(0, tokens[: min(start, BATCH)], last=False)
    for other in range(1, kv.count):
        kv.copy(0, other, start)
    every = range(kv.count)
    for token in tokens[:2]:
        kv.decode([Row(place, token) for place in every])
    steps, began = 0, perf_counter()
    for steps, token in enumerate(tokens[: kv.length - start - 2], start=1):
        kv.decode([Row(place, token) for place in every])
        if perf_counter() - began > SECONDS and steps >= 3:
            break
    return steps * kv.count / (perf_counter() - began)
