"""The backend's options, checked before any file is read. They have vLLM's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ttc.backends.template_clock import Clock
from ttc.options import OptionReader

# Another arithmetic draws other samples, so these are part of the model's fingerprint.
DTYPES = ("auto", "bfloat16", "float16", "float32")
CACHE_DTYPES = ("auto", "bfloat16", "fp8", "fp8_e4m3", "fp8_e5m2")
EXECUTORS = ("mp", "ray")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an alias; None leaves the choice to vLLM. The README explains each."""

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
    lora: str | None = None
    clock: Clock = field(default_factory=Clock)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Options:
        """Read values or their text. UsageError names the option that is wrong."""
        read = OptionReader("vllm", given)
        found = cls(
            tensor_parallel_size=read.whole("tensor_parallel_size", 1, 1, 1024),
            pipeline_parallel_size=read.whole("pipeline_parallel_size", 1, 1, 1024),
            max_model_len=read.whole("max_model_len", None, 8, 2**24),
            max_num_seqs=read.whole("max_num_seqs", None, 1, 2**16),
            max_num_batched_tokens=read.whole("max_num_batched_tokens", None, 8, 2**24),
            block_size=read.whole("block_size", None, 1, 1024),
            kv_cache_memory_bytes=read.whole("kv_cache_memory_bytes", None, 2**20, 2**50),
            dtype=read.choice("dtype", DTYPES, "auto"),
            kv_cache_dtype=read.choice("kv_cache_dtype", CACHE_DTYPES, "auto"),
            distributed_executor_backend=read.choice(
                "distributed_executor_backend", EXECUTORS, None
            ),
            gpu_memory_utilization=read.number("gpu_memory_utilization", None, above=0, most=1),
            enforce_eager=read.switch("enforce_eager", False),
            enable_prefix_caching=read.switch("enable_prefix_caching", None),
            # vLLM has several dozen ways to quantise, and plugins of its own may bring others.
            quantization=read.value("quantization", None, _text, "text"),
            revision=read.value("revision", None, _text, "text"),
            lora=read.value("lora", None, _text, "the folder of an adapter"),
            clock=Clock.parse(read),
        )
        read.end()
        return found

    def arguments(self) -> dict[str, Any]:
        """Return what vLLM's EngineArgs are given: all that is not left to vLLM."""
        chosen = asdict(self)
        del chosen["revision"]  # of a hub's repository, which is a folder by then
        del chosen["clock"]  # of the chat template
        del chosen["lora"]  # which `ttc_vllm.lora` reads
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


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError
    return given
