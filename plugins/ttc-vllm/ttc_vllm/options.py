"""The backend's options, checked before any file is touched. They bear vLLM's own names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple

from ttc.backends.template_clock import Clock
from ttc.errors import UsageError


class _Bounds(NamedTuple):
    low: int
    high: int


NUMBERS = {
    "tensor_parallel_size": _Bounds(1, 1024),
    "pipeline_parallel_size": _Bounds(1, 1024),
    "max_model_len": _Bounds(8, 2**24),
    "max_num_seqs": _Bounds(1, 2**16),
    "max_num_batched_tokens": _Bounds(8, 2**24),
    "block_size": _Bounds(1, 1024),
    "kv_cache_memory_bytes": _Bounds(2**20, 2**50),
}
# Those that are another arithmetic draw other samples: they are part of the model's fingerprint.
WORDS = {
    "dtype": ("auto", "bfloat16", "float16", "float32"),
    "kv_cache_dtype": ("auto", "bfloat16", "fp8", "fp8_e4m3", "fp8_e5m2"),
    "distributed_executor_backend": ("mp", "ray"),
}
SHARES = ("gpu_memory_utilization",)
SWITCHES = ("enforce_eager", "enable_prefix_caching")
# vLLM knows several dozen ways to quantise, and plugins of its own may bring others.
TEXTS = ("quantization", "revision")
KNOWN = (*NUMBERS, *WORDS, *SHARES, *SWITCHES, *TEXTS, "today")
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Options:
    """What the user chose; None leaves it to vLLM. The README says what each is."""

    tensor_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    block_size: int | None = None
    kv_cache_memory_bytes: int | None = None
    dtype: str = "auto"
    kv_cache_dtype: str = "auto"
    distributed_executor_backend: str | None = None
    gpu_memory_utilization: float | None = None
    enforce_eager: bool = False
    enable_prefix_caching: bool | None = None
    quantization: str | None = None
    revision: str | None = None
    clock: Clock = field(default_factory=Clock)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Options:
        """Read values or their text. UsageError names the option that is wrong."""
        clock = Clock.parse("vllm", given.get("today"))
        others = {name: value for name, value in given.items() if name != "today"}
        return cls(**{name: _checked(name, value) for name, value in others.items()}, clock=clock)

    def arguments(self) -> dict[str, Any]:
        """Return what vLLM's EngineArgs are given: all that is not left to vLLM."""
        chosen = asdict(self)
        del chosen["revision"]  # of a hub's repository, which is a folder by then
        del chosen["clock"]  # of the chat template
        return {name: value for name, value in chosen.items() if value is not None}

    @property
    def spreads(self) -> bool:
        """Whether the model is computed by other processes than this one."""
        sizes = self.tensor_parallel_size, self.pipeline_parallel_size
        return self.distributed_executor_backend is not None or sizes != (1, 1)

    @property
    def other_arithmetic(self) -> str:
        """Return what sets the samples apart from those of the model as it is: `+fp8`, or ""."""
        chosen = (self.quantization, self.dtype, self.kv_cache_dtype)
        marks = ("", "", "kv-")
        return "".join(
            f"+{mark}{value}"
            for mark, value in zip(marks, chosen, strict=True)
            if value not in (None, "auto")
        )


def _checked(name: str, value: Any) -> Any:
    if name in NUMBERS:
        return _number(name, value)
    if name in SHARES:
        return _share(name, value)
    if name in WORDS:
        if value in WORDS[name]:
            return value
        raise UsageError(f"vllm: {name} must be {' or '.join(WORDS[name])}, not {value!r}")
    if name in SWITCHES:
        found = _TRUTHS.get(str(value).lower())
        if found is None:
            raise UsageError(f"vllm: {name} must be true or false, not {value!r}")
        return found
    if name in TEXTS:
        if isinstance(value, str) and value:
            return value
        raise UsageError(f"vllm: {name} must be text, not {value!r}")
    near = get_close_matches(name, KNOWN, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(f"vllm: no option {name!r}; {hint}there are {', '.join(KNOWN)}")


def _number(name: str, value: Any) -> int:
    low, high = NUMBERS[name]
    try:
        number = int(value) if isinstance(value, (int, str)) else None
    except ValueError:
        number = None
    if number is None or isinstance(value, bool) or not low <= number <= high:
        raise UsageError(f"vllm: {name} must be a whole number, {low} to {high}, not {value!r}")
    return number


def _share(name: str, value: Any) -> float:
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = 0.0
    if isinstance(value, bool) or not 0 < share <= 1:
        raise UsageError(f"vllm: {name} must be a share, above 0 and at most 1, not {value!r}")
    return share
