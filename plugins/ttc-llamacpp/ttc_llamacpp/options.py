"""The backend's options, checked before any file is touched."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from ttc.errors import UsageError


class _Bounds(NamedTuple):
    low: int
    high: int


KNOWN = {
    "n_ctx": _Bounds(8, 2**24),
    "threads": _Bounds(1, 512),
    "slots": _Bounds(1, 256),  # llama.cpp's own limit on sequences
    "gpu_layers": _Bounds(-1, 10_000),
}


@dataclass(frozen=True, slots=True)
class Options:
    """`n_ctx`: tokens of one draw, prompt included (None: sized from the requests); `threads`:
    None for one per core; `slots`: draws decoded together (None: chosen by the device and the
    memory at hand); `gpu_layers`: layers on the GPU, -1 for all, nothing on a CPU build.
    """

    n_ctx: int | None = None
    threads: int | None = None
    slots: int | None = None
    gpu_layers: int = -1

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Options:
        """Read integers or their text; UsageError names the option that is wrong."""
        return cls(**{name: _checked(name, value) for name, value in given.items()})


def _checked(name: str, value: Any) -> int:
    if name not in KNOWN:
        near = get_close_matches(name, KNOWN, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"llamacpp: no option {name!r}; {hint}there are {', '.join(KNOWN)}")
    low, high = KNOWN[name]
    try:
        number = int(value) if isinstance(value, (int, str)) else None
    except ValueError:
        number = None
    if number is None or isinstance(value, bool) or not low <= number <= high:
        raise UsageError(f"llamacpp: {name} must be a whole number, {low} to {high}, not {value!r}")
    return number


def default_threads() -> int:
    """One thread per physical core, as far as that can be told."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = usable or 1
    # Beyond four, half of them are usually hyperthreads or efficiency cores, which slow decoding.
    return count if count <= 4 else count // 2
