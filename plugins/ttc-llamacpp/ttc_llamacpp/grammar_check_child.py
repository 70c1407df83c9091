"""Creates a grammar sampler and asks it about a vocabulary: the child process of `grammar_check`.

It reads `{"grammar": …, "vocabulary": PATH}` from stdin and writes `accepted` or `refused`.
"""

from __future__ import annotations

import ctypes
import json
import sys
from contextlib import suppress
from typing import Any

from ttc_llamacpp.library_check_child import bindings, disable_core_dumps, silence

_MEMORY = 4 << 30


def main() -> None:
    """Try one grammar."""
    disable_core_dumps()
    out, asked = silence(), json.load(sys.stdin)
    api = bindings()
    _limit_memory()
    api.llama_backend_init()
    params = api.llama_model_default_params()
    params.vocab_only, params.n_gpu_layers = True, 0
    model = api.llama_model_load_from_file(asked["vocabulary"].encode(), params)
    if not model:
        return
    vocabulary = api.llama_model_get_vocab(model)
    sampler = api.llama_sampler_init_grammar(vocabulary, asked["grammar"].encode(), b"root")
    if sampler:
        _ask(api, sampler, api.llama_vocab_n_tokens(vocabulary))
    print("accepted" if sampler else "refused", file=out, flush=True)


def _ask(api: Any, sampler: Any, count: int) -> None:
    rows = (api.llama_token_data * count)()
    for token in range(count):
        rows[token].id = token
    array = api.llama_token_data_array(data=rows, size=count, selected=-1, sorted=False)
    api.llama_sampler_apply(sampler, ctypes.byref(array))


def _limit_memory() -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, hard))
