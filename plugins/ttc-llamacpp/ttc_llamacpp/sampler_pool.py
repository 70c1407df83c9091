"""Threads that sample the next tokens of a batch of draws."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise

from ttc_llamacpp.kv_cache import Logits
from ttc_llamacpp.sampling import SampledToken, Sampler

# With fewer draws a thread, threads cost more than they save.
_SHARE = 8


class SamplerPool:
    """Threads that sample the tokens of a batch: numpy and llama.cpp release the GIL."""

    def __init__(self, threads: int) -> None:
        self._others = ThreadPoolExecutor(max(1, min(threads, 8) - 1), "ttc-sample")
        self._count = min(threads, 8)

    def sample(
        self, samplers: Sequence[Sampler], logits: Logits
    ) -> list[SampledToken | ValueError]:
        """Sample from rows of raw logits (draws, vocabulary), one for each sampler.

        A row that is not finite gives its ValueError instead of a token.
        """
        parts = max(1, min(self._count, len(samplers) // _SHARE))
        cuts = [len(samplers) * part // parts for part in range(parts + 1)]
        shares = [(samplers[a:b], logits[a:b]) for a, b in pairwise(cuts)]
        futures = [self._others.submit(_sample_rows, *share) for share in shares[1:]]
        try:
            first = _sample_rows(*shares[0])
        finally:
            # Also when interrupted: the next decode overwrites the logits.
            wait(futures)
        return [*first, *(choice for future in futures for choice in future.result())]

    def close(self) -> None:
        """Stop the threads."""
        self._others.shutdown()


def _sample_rows(samplers: Sequence[Sampler], logits: Logits) -> list[SampledToken | ValueError]:
    found: list[SampledToken | ValueError] = []
    for sampler, row in zip(samplers, logits, strict=True):
        try:
            found.append(sampler.sample(row))
        except ValueError as error:
            found.append(error)
    return found
