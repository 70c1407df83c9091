"""The vLLM backend of ttc: models in Hugging Face format, in process.

    -m vllm:FOLDER    -m vllm:OWNER/REPO

Nothing heavy is imported here: vLLM and PyTorch are loaded with the first request, so a run that
finds all its samples in the store costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ttc_vllm.requested import CAPABILITIES

if TYPE_CHECKING:
    from ttc.backends import Backend

__all__ = ["CAPABILITIES", "open_vllm"]


def open_vllm(model: str, options: Mapping[str, Any]) -> Backend:
    """Open a model's folder, or a repository of the Hugging Face hub, without loading its weights.

    Raises UsageError for an invalid option, BackendError if there is no such model.
    """
    from ttc_vllm.backend import Vllm

    return Vllm.open(model, options)
