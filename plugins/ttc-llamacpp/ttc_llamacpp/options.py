"""The backend's options, checked before any file is touched."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, cast

from ttc.backends.template_clock import Clock
from ttc.errors import UsageError

# How keys and values are kept. Nothing less precise than llama.cpp's own default is offered.
Cache = Literal["f16", "f32"]


class _Bounds(NamedTuple):
    low: int
    high: int


NUMBERS = {
    "n_ctx": _Bounds(8, 2**24),
    "threads": _Bounds(1, 512),
    "slots": _Bounds(1, 256),  # llama.cpp's own limit on sequences
    "gpu_layers": _Bounds(-1, 10_000),
}
# The weights of the file as they are, expanded exactly, rounded to 11 and to 8 bits; the others are
# quantised anew: other weights, so another model.
WEIGHTS = ("file", "f32", "f16", "bf16", "q8_0", "q4_0")
WORDS = {
    "attention": ("plain", "flash"),
    "cache": ("f16", "f32"),
    "weights": WEIGHTS,
    "kernels": ("ggml", "packed"),
    "profile": ("auto", "off"),
}
KNOWN = (*NUMBERS, *WORDS, "today")


@dataclass(frozen=True, slots=True)
class Options:
    """What the user or a profile chose; None leaves it to the engine.

    `n_ctx`: tokens of one draw, prompt included (None: sized from the requests); `threads`:
    None for one per core; `slots`: draws decoded together (None: chosen by the device and the
    memory at hand, up to `most`); `gpu_layers`: layers on the GPU, -1 for all, nothing on a CPU
    build; `attention`: `plain` or `flash`; `cache`: the type of keys and values; `weights`: how
    the weights are encoded; `kernels`: whose code multiplies them, ggml's or that of packed.py;
    `profile`: whether what `ttc models tune` measured is used; `clock`: the day that a chat
    template sees (`today`).
    """

    n_ctx: int | None = None
    threads: int | None = None
    slots: int | None = None
    gpu_layers: int = -1
    attention: str | None = None
    cache: Cache = "f16"
    weights: str = "file"
    kernels: str = "ggml"
    profile: str = "auto"
    most: int | None = None
    clock: Clock = field(default_factory=Clock)

    @classmethod
    def parse(cls, given: Mapping[str, Any], tuned: Mapping[str, Any] | None = None) -> Options:
        """Read numbers, words or their text over what a profile says.

        UsageError names the option that is wrong.
        """
        clock = Clock.parse("llamacpp", given.get("today"))
        others = {name: value for name, value in given.items() if name != "today"}
        chosen = {name: _checked(name, value) for name, value in others.items()}
        return cls(**{**(tuned or {}), **chosen}, clock=clock)


def _checked(name: str, value: Any) -> int | str:
    if name in WORDS:
        if value not in WORDS[name]:
            raise UsageError(f"llamacpp: {name} must be {' or '.join(WORDS[name])}, not {value!r}")
        return cast(str, value)
    if name not in NUMBERS:
        near = get_close_matches(name, KNOWN, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"llamacpp: no option {name!r}; {hint}there are {', '.join(KNOWN)}")
    low, high = NUMBERS[name]
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
