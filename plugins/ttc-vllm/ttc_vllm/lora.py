"""A LoRA adapter of a model: the option `lora`, a folder as PEFT writes it."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttc.backends.fingerprint import file_digest
from ttc.errors import BackendError

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# What vLLM takes for `max_lora_rank`.
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
_SHOWN = 16  # digits of an adapter's digest in the fingerprint
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter's folder, its rank, and what stands for it in the fingerprint."""

    folder: Path
    rank: int
    digest: str

    @property
    def mark(self) -> str:
        """What sets the samples apart from those of the model alone."""
        return f"+lora:{self.digest}"

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of vLLM's engine that make room for it."""
        rank = next(rank for rank in _RANKS if rank >= self.rank)
        return {"enable_lora": True, "max_lora_rank": rank, "max_loras": 1}


def read(folder: Path) -> Adapter:
    """Read an adapter's folder. Raises BackendError if it is none, or one that changes nothing."""
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        rank = config["r"] if config.get("peft_type", "LORA") == "LORA" else None
        if not isinstance(rank, int) or not 0 < rank <= _RANKS[-1]:
            raise BackendError(f"lora {folder}: no LoRA adapter with a rank up to {_RANKS[-1]}")
        if not any(_second_matrices(folder / _WEIGHTS)):
            raise BackendError(f"lora {folder}: it changes nothing: all its lora_B are zero")
        digests = [file_digest(folder / name) for name in (_CONFIG, _WEIGHTS)]
    except OSError as error:
        raise BackendError(
            f"lora {folder}: {error.strerror or error}; it needs {_CONFIG} and {_WEIGHTS}, as PEFT "
            "writes them"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise BackendError(f"lora {folder}: not an adapter, or a damaged one: {error}") from None
    both = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return Adapter(folder.resolve(), rank, both[:_SHOWN])


def _second_matrices(path: Path) -> Iterator[bool]:
    """Yield for parts of the matrices lora_B whether they hold anything but zeros."""
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        for name, tensor in header.items():
            if "lora_B" not in name and "lora_embedding_B" not in name:
                continue
            start, end = tensor["data_offsets"]
            file.seek(8 + size + start)
            left = end - start
            while left > 0 and (chunk := file.read(min(left, _CHUNK))):
                left -= len(chunk)
                yield any(chunk)
