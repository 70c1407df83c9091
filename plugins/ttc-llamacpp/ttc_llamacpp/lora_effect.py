"""Tries LoRA adapters: one that changes nothing is refused."""

from __future__ import annotations

import numpy as np

from ttc.errors import BackendError
from ttc_llamacpp.kv_cache import CacheShape, DecodeError, KVCache, Logits
from ttc_llamacpp.llama_api import Model

_TOKENS = 8


def check_effect(model: Model, threads: int) -> None:
    """Raise BackendError if an adapter of a model leaves the logits after a short text unchanged:
    then every draw would be that of the model without it."""
    adapters = model.adapters
    assert adapters is not None
    cache = KVCache(model, CacheShape(1, 4 * _TOKENS, threads))
    try:
        adapters.set_alone(cache.handle, None)
        without = _logits(cache, model.n_vocab)
        for index, lora in enumerate(adapters):
            adapters.set_alone(cache.handle, index)
            if np.array_equal(without, _logits(cache, model.n_vocab)):
                raise BackendError(
                    f"lora {lora.path}: it changes nothing (the model computes the same with it "
                    "and without): its matrices are zero, or lora_scale is too small"
                )
    except DecodeError as error:
        raise BackendError(f"lora: llama.cpp cannot compute with it: {error}") from None
    finally:
        cache.close()


def _logits(cache: KVCache, vocabulary: int) -> Logits:
    cache.trim(0, 0)
    tokens = [7 * index % vocabulary for index in range(1, _TOKENS + 1)]
    found = cache.prefill(0, tokens, last=True)
    assert found is not None
    return found
