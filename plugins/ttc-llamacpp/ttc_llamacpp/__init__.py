"""The llama.cpp backend of ttc: GGUF models on CPU, Metal and CUDA.

    -m model.gguf    -m llamacpp:smollm2    -m hf:OWNER/REPO:FILE

Nothing heavy is imported here: llama.cpp and numpy are loaded with the first request, so a run that
finds all its samples in the store costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ttc_llamacpp.locate import bundled_path
from ttc_llamacpp.parameters import CAPABILITIES

if TYPE_CHECKING:
    from ttc.backends import Backend

__all__ = ["CAPABILITIES", "bundled_path", "open_llamacpp"]


def open_llamacpp(model: str, options: Mapping[str, Any]) -> Backend:
    """Open a GGUF file (`path`, `smollm2`, `hf:OWNER/REPO:FILE`) without loading its weights.

    Raises UsageError for an invalid option, BackendError for a file that is missing or cannot
    generate.
    """
    from ttc_llamacpp.backend import LlamaCpp

    return LlamaCpp.open(model, options)
