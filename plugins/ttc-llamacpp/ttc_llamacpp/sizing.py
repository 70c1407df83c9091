"""Sizes of the KV cache: the length of a sequence and the number of slots."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ttc.errors import BackendError
from ttc.messages.counts import some
from ttc_llamacpp.options import Options

# llama.cpp rounds the length up to a multiple of this anyway.
_STEP = 256
# The fewest and the most slots. A race (first-finish) is fair only among draws that run side by
# side, so more waiting draws get more slots.
CPU_SLOTS, GPU_SLOTS = (8, 32), (32, 64)
# Share of the free memory for the cache; the rest is for weights not read yet and for other
# programs.
_SHARE = 0.5
_BYTES = {"f16": 2, "f32": 4}


def length(needed: int, current: int, limit: int, fixed: int | None) -> int:
    """Return the tokens a sequence should hold: at least `needed`, at most `limit`.

    It grows by half at least, so slowly growing prompts do not rebuild the cache each time.
    `fixed`, the user's choice, is returned unchanged.
    """
    if fixed is not None:
        return fixed
    grown = max(needed, current + current // 2)
    return min(-(-grown // _STEP) * _STEP, limit)


def flash(options: Options, *, offloads: bool) -> bool:
    """Return whether attention is fused: as the user or the profile says; by default on GPUs and
    with the packed kernels, which compute it."""
    if options.attention is None:
        return offloads or options.kernels == "packed"
    return options.attention == "flash"


def sequence_bytes(geometry: Mapping[str, int], tokens: int, cache: str = "f16") -> int | None:
    """Return the bytes of one sequence's keys and values; None if the geometry is unknown."""
    sizes = [geometry.get(name) for name in ("layers", "kv_heads", "head_size")]
    total = 2 * _BYTES[cache] * tokens
    for size in sizes:
        if size is None:
            return None
        total *= size
    return total


def free_memory() -> int | None:
    """Return the bytes available without swapping; None if the system does not report them."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        # macOS and the BSDs only report the total; half of it is a cautious guess.
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, OSError, ValueError):
        return None


def slots(
    geometry: Mapping[str, int], tokens: int, waiting: int, options: Options, *, offloads: bool
) -> int:
    """Return how many sequences of `tokens` to keep for `waiting` draws.

    As many as the device profits from, within the free memory. `options.slots`, the user's choice,
    is used unchanged; `options.most` is a measured upper limit. Raises BackendError if they do not
    fit: the system would grant the memory and kill the process when it is used.
    """
    fewest, most = GPU_SLOTS if offloads else CPU_SLOTS
    most = options.most or most
    count = options.slots or min(max(waiting, fewest), most)
    each, free = sequence_bytes(geometry, tokens, options.cache), free_memory()
    if each is None or free is None or offloads:
        return count
    if options.slots is None:
        count = max(1, min(count, int(free * _SHARE) // each))
    if count * each > free:
        raise BackendError(
            f"{some(count, 'draw')} of {tokens} tokens need {count * each / 2**30:.1f} GB, "
            f"{free / 2**30:.1f} GB are free; set slots or n_ctx lower"
        )
    return count
