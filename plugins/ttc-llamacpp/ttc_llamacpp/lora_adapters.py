"""LoRA adapters in llama.cpp: loaded with a model, and set in each of its contexts."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import llama_cpp.llama_cpp as api

from ttc.errors import BackendError
from ttc_llamacpp.llama_log import LOG
from ttc_llamacpp.lora import Lora


class Adapters:
    """The adapters of a loaded model. llama.cpp frees them with the model.

    Raises BackendError if one does not fit the model.
    """

    def __init__(self, model: Any, loras: Sequence[Lora]) -> None:
        self._loras = loras
        self._handles = [_loaded(model, lora) for lora in loras]

    def set_in(self, context: Any) -> None:
        """Apply them all to a context. Raises BackendError if llama.cpp cannot."""
        self._set(context, range(len(self._loras)))

    def _set(self, context: Any, chosen: Sequence[int]) -> None:
        handles = (api.llama_adapter_lora_p_ctypes * len(chosen))(
            *(self._handles[each] for each in chosen)
        )
        scales = (ctypes.c_float * len(chosen))(*(self._loras[each].scale for each in chosen))
        if api.llama_set_adapters_lora(context, handles, len(chosen), scales):
            raise BackendError(f"lora: llama.cpp cannot apply it: {LOG.take()}")

    def set_alone(self, context: Any, index: int | None) -> None:
        """Apply one of them to a context, or none."""
        self._set(context, () if index is None else (index,))

    def __iter__(self) -> Iterator[Lora]:
        return iter(self._loras)


def _loaded(model: Any, lora: Lora) -> Any:
    LOG.take()
    handle = api.llama_adapter_lora_init(model, str(lora.path).encode())
    if not handle:
        raise BackendError(f"lora {lora.path}: it does not fit the model: {LOG.take()}")
    if api.llama_adapter_get_alora_n_invocation_tokens(handle):
        raise BackendError(
            f"lora {lora.path}: an aLoRA, which only works after its invocation text"
        )
    return handle
