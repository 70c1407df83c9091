"""The backend's options, checked before any file is touched."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from ttc.backends.template_clock import Clock
from ttc.options import OptionReader
from ttc_llamacpp import lora

# Number formats of the KV cache. Nothing less precise than llama.cpp's default is offered.
Cache = Literal["f16", "f32"]
MOST_SLOTS = 256  # llama.cpp's own limit on sequences
# The weights of the file unchanged, expanded exactly, and rounded to 11 and to 8 bits of mantissa;
# the last two are requantised: other weights, so another model.
WEIGHTS = ("file", "f32", "f16", "bf16", "q8_0", "q4_0")
WORDS = {
    "attention": ("plain", "flash"),
    "cache": ("f16", "f32"),
    "weights": WEIGHTS,
    "kernels": ("ggml", "packed"),
    "profile": ("auto", "off"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """What the user or a profile chose; None leaves it to the engine.

    `n_ctx`: tokens of one draw, prompt included (None: sized from the requests); `threads`:
    None for one per core; `slots`: draws decoded together (None: chosen by the device and the
    memory at hand, up to `most`); `gpu_layers`: layers on the GPU, -1 for all, nothing on a CPU
    build; `attention`: `plain` or `flash`; `cache`: the type of keys and values; `weights`: how
    the weights are encoded; `kernels`: whose code multiplies them, ggml's or that of packed.py;
    `profile`: whether what `ttc models tune` measured is used; `clock`: the day that a chat
    template sees (`today`); `loras`: the adapters (`lora`, `lora_scale`).
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
    loras: tuple[lora.Lora, ...] = ()

    @classmethod
    def parse(cls, given: Mapping[str, Any], tuned: Mapping[str, Any] | None = None) -> Options:
        """Read numbers, words or their text over what a profile says.

        UsageError names the option that is wrong.
        """
        read = OptionReader("llamacpp", given)
        base = replace(cls(), **(tuned or {}))
        found = cls(
            n_ctx=read.whole("n_ctx", base.n_ctx, 8, 2**24),
            threads=read.whole("threads", base.threads, 1, 512),
            slots=read.whole("slots", base.slots, 1, MOST_SLOTS),
            gpu_layers=read.whole("gpu_layers", base.gpu_layers, -1, 10_000),
            attention=read.choice("attention", WORDS["attention"], base.attention),
            cache=cast(Cache, read.choice("cache", WORDS["cache"], base.cache)),
            weights=read.choice("weights", WEIGHTS, base.weights),
            kernels=read.choice("kernels", WORDS["kernels"], base.kernels),
            profile=read.choice("profile", WORDS["profile"], base.profile),
            most=base.most,
            clock=Clock.parse(read),
            loras=lora.parse(read),
        )
        read.end()
        return found


def default_threads() -> int:
    """One thread per physical core, as far as that can be told."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = usable or 1
    # Beyond four, half of them are usually hyperthreads or efficiency cores, which slow decoding.
    return count if count <= 4 else count // 2
