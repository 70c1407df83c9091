"""Tokens as llama.cpp's samplers take them."""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp.llama_cpp as api
import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.integer[Any]]
_ROW = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


def candidates(ids: Ids) -> tuple[NDArray[np.void], Any]:
    """Return rows for some tokens, with logits of 0, and llama.cpp's array over the same memory.

    The array is valid as long as the rows are kept.
    """
    rows = np.zeros(len(ids), _ROW)
    rows["id"] = ids
    array = api.llama_token_data_array(
        data=ctypes.cast(rows.ctypes.data, api.llama_token_data_p),
        size=len(ids),
        selected=-1,
        sorted=False,
    )
    return rows, array
