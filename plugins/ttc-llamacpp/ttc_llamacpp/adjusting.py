"""What is added to logits before anything is sampled: biases, and penalties on generated tokens."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from ttc.records import SamplingParams
from ttc_llamacpp.kv_cache import Logits

# The repeat penalty looks at this many of the last tokens, as llama.cpp does by default.
REPEAT_WINDOW = 64


class Adjustment:
    """The biases and penalties of one draw, in llama.cpp's order: biases, the repeat penalty, then
    the frequency and presence penalties.

    Only generated tokens are penalised, not those of the prompt: for frequency and presence all of
    them, for repetition the last REPEAT_WINDOW.
    """

    def __init__(self, params: SamplingParams) -> None:
        self._params = params
        self._biased: NDArray[np.intp] = np.array([t for t, _ in params.logit_bias], np.intp)
        self._biases = np.array([bias for _, bias in params.logit_bias], np.float32)
        self._counts: dict[int, int] = {}
        self._last: deque[int] = deque(maxlen=REPEAT_WINDOW)

    @classmethod
    def of(cls, params: SamplingParams) -> Adjustment | None:
        """Return the adjustment of a draw, None for one without."""
        penalties = params.presence_penalty or params.frequency_penalty
        if params.logit_bias or penalties or params.repeat_penalty != 1:
            return cls(params)
        return None

    def accept(self, token: int) -> None:
        """Count a generated token."""
        self._counts[token] = self._counts.get(token, 0) + 1
        self._last.append(token)

    def apply(self, logits: Logits) -> Logits:
        """Return adjusted logits (vocabulary,); the given ones stay as they are."""
        params, logits = self._params, logits.copy()
        logits[self._biased] += self._biases
        if params.repeat_penalty != 1 and self._last:
            ids = np.fromiter(set(self._last), np.intp)
            factor = np.float32(params.repeat_penalty)
            some = logits[ids]
            logits[ids] = np.where(some <= 0, some * factor, some / factor)
        if self._counts and (params.presence_penalty or params.frequency_penalty):
            ids = np.fromiter(self._counts, np.intp)
            counts = np.fromiter(self._counts.values(), np.float32)
            logits[ids] -= counts * np.float32(params.frequency_penalty)
            logits[ids] -= np.float32(params.presence_penalty)
        return logits
