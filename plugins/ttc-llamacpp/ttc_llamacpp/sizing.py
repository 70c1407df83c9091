"""How long the context is and how many draws it holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ttc.errors import BackendError
from ttc_llamacpp.options import Options

# llama.cpp rounds a sequence up to this many tokens anyway.
_STEP = 256
# The fewest and the most. A race (first-finish) is fair only among draws that run side by side,
# so the more draws wait, the more places there are.
CPU_SLOTS, GPU_SLOTS = (8, 32), (32, 64)
# Of the free memory; the rest is for the weights not read yet and for everybody else.
_SHARE = 0.5
_BYTES = {"f16": 2, "f32": 4}


def length(needed: int, current: int, limit: int, fixed: int | None) -> int:
    """Return the tokens a sequence should hold: what is needed, at most `limit`.

    It grows by half at least, so that slowly growing prompts do not build it anew each time.
    `fixed`, the user's choice, is taken as it is.
    """
    if fixed is not None:
        return fixed
    grown = max(needed, current + current // 2)
    return min(-(-grown // _STEP) * _STEP, limit)


def flash(options: Options, *, offloads: bool) -> bool:
    """Whether attention is fused: as the user or the profile says, else on GPUs, and where the
    packed kernels compute it."""
    if options.attention is None:
        return offloads or options.kernels == "packed"
    return options.attention == "flash"


def sequence_bytes(geometry: Mapping[str, int], tokens: int, cache: str = "f16") -> int | None:
    """Return the size of the keys and values of one sequence, None for an unknown geometry."""
    sizes = [geometry.get(name) for name in ("layers", "kv_heads", "head_size")]
    total = 2 * _BYTES[cache] * tokens
    for size in sizes:
        if size is None:
            return None
        total *= size
    return total


def free_memory() -> int | None:
    """Return the bytes that can be had without swapping, None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        # macOS and the BSDs tell the whole; half of it is a guess that errs on the safe side.
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, OSError, ValueError):
        return None


def slots(
    geometry: Mapping[str, int], tokens: int, waiting: int, options: Options, *, offloads: bool
) -> int:
    """Return how many sequences of `tokens` to keep for the draws that wait: what the device
    gains from, and never beyond the memory.

    `options.slots`, the user's choice, is taken as it is; `options.most` is a measured upper
    limit. BackendError where it cannot be: the system would promise the memory and end the
    process when it is used.
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
            f"{count} draws of {tokens} tokens need {count * each / 2**30:.1f} GB, "
            f"{free / 2**30:.1f} GB are free; set slots or n_ctx lower"
        )
    return count
