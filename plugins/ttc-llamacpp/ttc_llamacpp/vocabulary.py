"""The vocabulary of a model, read without its weights."""

from __future__ import annotations

import ctypes
from pathlib import Path

import llama_cpp.llama_cpp as api

from ttc.errors import BackendError
from ttc_llamacpp.llama_log import LOG


def tokens_of(path: Path, text: str) -> tuple[int, ...]:
    """Return the tokens of a text, without BOS; special tokens in it are parsed. BackendError."""
    LOG.install()
    LOG.take()
    api.llama_backend_init()
    params = api.llama_model_default_params()
    params.vocab_only, params.n_gpu_layers = True, 0
    model = api.llama_model_load_from_file(str(path).encode(), params)
    if not model:
        raise BackendError(f"{path}: llama.cpp cannot read its vocabulary: {LOG.take()}")
    try:
        data = text.encode("utf-8", "replace")
        size = len(data) + 8
        found = (ctypes.c_int32 * size)()
        vocabulary = api.llama_model_get_vocab(model)
        count = api.llama_tokenize(vocabulary, data, len(data), found, size, False, True)
        return tuple(found[: max(count, 0)])
    finally:
        api.llama_model_free(model)
