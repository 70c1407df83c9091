"""The KV cache: a fixed number of sequences (slots) that are decoded together.

Each sequence has its own KV stream (`kv_unified` off), so attention costs what the sequence itself
holds. This implies two rules of llama.cpp. The rows of a batch must be in ascending order of their
sequences without gaps, or the batch is split into small ones. And a copy between sequences always
copies the whole stream, at the next decode, so a copy is trimmed afterwards.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import llama_cpp.llama_cpp as api
import numpy as np
from numpy.typing import NDArray

from ttc.errors import BackendError
from ttc.messages.counts import some
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.llama_log import LOG
from ttc_llamacpp.options import Cache

BATCH = 512

_TYPES = {"f16": 1, "f32": 0}  # ggml.h

Logits = NDArray[np.float32]


class DecodeError(Exception):
    """llama_decode failed; the sequences of that batch were emptied."""


class Row(NamedTuple):
    """One token to decode at the end of one sequence."""

    sequence: int
    token: int


@dataclass(frozen=True, slots=True)
class CacheShape:
    """`count` sequences of `length` tokens, and how they are computed.

    `flash` fuses attention. That saves memory, and time on GPUs; on a CPU, with one new token a
    sequence, it takes 1.5 times as long at 300 tokens.
    """

    count: int
    length: int
    threads: int
    flash: bool = False
    cache: Cache = "f16"


class KVCache:
    """Empty sequences of a given shape. Raises BackendError if there is no memory for them."""

    def __init__(self, model: Model, shape: CacheShape) -> None:
        count, length = shape.count, shape.length
        self.shape, self.count, self.length, self._model = shape, count, length, model
        # Tokens in each sequence, counted before they are decoded: an upper bound after an
        # interrupt.
        self.held = [0] * count
        # Targets of copies that llama.cpp performs with the next decode.
        self._copied: set[int] = set()
        params = api.llama_context_default_params()
        params.n_ctx, params.n_seq_max, params.kv_unified = count * length, count, False
        params.n_batch = params.n_ubatch = BATCH
        # Logits are read for one row a sequence; the default reserves them for the whole batch, 100
        # MB for a vocabulary of 50,000.
        params.n_outputs_max = count
        params.n_threads = params.n_threads_batch = shape.threads
        params.flash_attn_type = int(shape.flash)
        params.type_k = params.type_v = _TYPES[shape.cache]
        LOG.take()
        with model.making_context():
            self.handle: Any = api.llama_init_from_model(model.handle, params)
        if not self.handle:
            raise BackendError(
                f"no memory for {some(count, 'draw')} of {length} tokens: {LOG.take()}; "
                "set slots or n_ctx lower"
            )
        if model.adapters is not None:
            model.adapters.set_in(self.handle)
        self._memory: Any = api.llama_get_memory(self.handle)
        self._batch: Any = api.llama_batch_init(BATCH, 0, 1)

    def prefill(self, sequence: int, tokens: Sequence[int], *, last: bool) -> Logits | None:
        """Append at most BATCH tokens to a sequence.

        Returns the logits after the last of them, (vocabulary,), if `last` says that the prompt
        ends there. Raises DecodeError, which leaves the sequence empty.
        """
        rows = [Row(sequence, token) for token in tokens]
        self._load(rows)
        self._batch.logits[len(rows) - 1] = last
        self._run(rows)
        return self._logits(1).reshape(-1).copy() if last else None

    def decode(self, rows: Sequence[Row]) -> Logits:
        """Append one token to each of some sequences, in ascending order.

        Returns the logits after each, (rows, vocabulary): a view, valid until the next call. Raises
        DecodeError, which leaves these sequences empty.
        """
        self._load(rows)
        for index in range(len(rows)):
            self._batch.logits[index] = True
        self._run(rows)
        return self._logits(len(rows))

    def copy(self, source: int, target: int, length: int) -> bool:
        """Make `target` hold the first `length` tokens of `source`; return False if it cannot."""
        if source != target:
            api.llama_memory_seq_cp(self._memory, source, target, -1, -1)
            self.held[target] = self.held[source]
            self._copied.add(target)
        return self.trim(target, length)

    def trim(self, sequence: int, length: int) -> bool:
        """Remove all but the first `length` tokens of a sequence.

        Returns False, and leaves it empty, if the model cannot: recurrent states have no past
        positions.
        """
        start = length if length else -1
        kept = bool(api.llama_memory_seq_rm(self._memory, sequence, start, -1))
        if not kept:
            api.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        self.held[sequence] = length if kept else 0
        return kept

    def save(self, sequence: int) -> bytes | None:
        """Return the state of a sequence as bytes; None while a copy into it is pending."""
        if sequence in self._copied:
            return None
        size = api.llama_state_seq_get_size(self.handle, sequence)
        data = (ctypes.c_uint8 * size)()
        written = api.llama_state_seq_get_data(self.handle, data, size, sequence)
        return bytes(data) if written == size else None

    def restore(self, sequence: int, data: bytes, length: int) -> bool:
        """Load a saved state of `length` tokens; return False, and leave the sequence empty, if it
        cannot."""
        self.trim(sequence, 0)
        # The sequence may be the source of a pending copy, and a target of one would be
        # overwritten.
        if self._copied:
            return False
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        if not api.llama_state_seq_set_data(self.handle, buffer, len(data), sequence):
            self.trim(sequence, 0)
            return False
        self.held[sequence] = length
        return True

    def close(self) -> None:
        """Free the cache."""
        if self.handle:
            api.llama_batch_free(self._batch)
            api.llama_free(self.handle)
            self.handle = None

    def _load(self, rows: Sequence[Row]) -> None:
        batch, held = self._batch, self.held
        batch.n_tokens = len(rows)
        for index, (sequence, token) in enumerate(rows):
            batch.token[index], batch.pos[index] = token, held[sequence]
            batch.n_seq_id[index], batch.seq_id[index][0] = 1, sequence
            batch.logits[index] = False
            # Before the decode: an interrupt after it must not leave tokens uncounted.
            held[sequence] += 1

    def _run(self, rows: Sequence[Row]) -> None:
        LOG.take()
        status = api.llama_decode(self.handle, self._batch)
        if status:
            for sequence in {row.sequence for row in rows}:
                self.trim(sequence, 0)
            raise DecodeError(f"llama.cpp could not decode (status {status}): {LOG.take()}")
        self._copied.clear()

    def _logits(self, rows: int) -> Logits:
        pointer = ctypes.cast(api.llama_get_logits(self.handle), ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(pointer, shape=(rows, self._model.n_vocab))
