"""Allocation of the KV cache: how many slots and how long, rebuilt while idle as requests need."""

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
    """An engine's KV cache and the prefix cache over it. `limit` is the longest context."""

    def __init__(self, header: Header, model: Model, options: Options, threads: int) -> None:
        self._header, self._model, self._options = header, model, options
        self._threads = threads
        self.limit: int = options.n_ctx or header.context_length or model.n_ctx_train
        self.kv: KVCache | None = None
        self.prefixes: PrefixCache

    def fit(self, waiting: Collection[SequenceDraw]) -> KVCache:
        """Return a cache long enough for all waiting draws, with as many slots as pay off.

        May replace the current cache and lose what it holds, so no slot may be in use. Raises
        BackendError if there is not enough memory.
        """
        now = self.kv
        needed = max((draw.needs for draw in waiting), default=0)
        length = sizing.length(needed, now.length if now else 0, self.limit, self._options.n_ctx)
        if now is not None and min(needed, self.limit) <= now.length:
            if len(waiting) <= now.count or self._slots(now.length, waiting) <= now.count:
                return now
            length = now.length
        self.close()
        kv = self.kv = self._allocate(self._slots(length, waiting), length)
        self.prefixes = PrefixCache(kv)
        return kv

    def close(self) -> None:
        """Free the cache."""
        if self.kv is not None:
            self.kv.close()
            self.kv = None

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
