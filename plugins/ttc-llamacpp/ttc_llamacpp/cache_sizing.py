"""How many sequences there are and how long: made anew, while none is in use, as requests need."""

from __future__ import annotations

from collections.abc import Collection

from ttc.errors import BackendError
from ttc_llamacpp import sizing
from ttc_llamacpp.draws import SequenceDraw
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.kv_cache import CacheShape, KVCache
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.options import Options
from ttc_llamacpp.prefix_cache import PrefixCache


class CacheAllocator:
    """The sequences of an engine and what is known of their tokens. `limit`: the longest."""

    def __init__(self, header: Header, model: Model, options: Options, threads: int) -> None:
        self._header, self._model, self._options = header, model, options
        self._threads = threads
        self.limit: int = options.n_ctx or header.context_length or model.n_ctx_train
        self.sequences: KVCache | None = None
        self.prefixes: PrefixCache

    def fit(self, waiting: Collection[SequenceDraw]) -> tuple[KVCache, PrefixCache]:
        """Return sequences that are long enough for all that wait, and as many as they gain from.

        Nothing may be in use: what the old ones hold is lost. BackendError if memory is short.
        """
        now = self.sequences
        needed = max((draw.needs for draw in waiting), default=0)
        length = sizing.length(needed, now.length if now else 0, self.limit, self._options.n_ctx)
        if now is not None and min(needed, self.limit) <= now.length:
            if len(waiting) <= now.count or self._slots(now.length, waiting) <= now.count:
                return now, self.prefixes
            length = now.length
        self.close()
        self.sequences = self._allocate(self._slots(length, waiting), length)
        self.prefixes = PrefixCache(self.sequences)
        return self.sequences, self.prefixes

    def close(self) -> None:
        """Free the cache."""
        if self.sequences is not None:
            self.sequences.close()
            self.sequences = None

    def _slots(self, length: int, waiting: Collection[SequenceDraw]) -> int:
        offloads = self._model.offloads
        geometry = self._header.geometry
        return sizing.slots(geometry, length, len(waiting), self._options, offloads=offloads)

    def _allocate(self, count: int, length: int) -> KVCache:
        options = self._options
        flash = sizing.flash(options, offloads=self._model.offloads)
        while True:
            try:
                shape = CacheShape(count, length, self._threads, flash, options.cache)
                return KVCache(self._model, shape)
            except BackendError:
                if options.slots or count == 1:
                    raise
                count //= 2
