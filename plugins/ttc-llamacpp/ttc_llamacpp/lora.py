"""LoRA adapters of a model: the options `lora` and `lora_scale`, checked before weights load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttc import paths
from ttc.errors import BackendError
from ttc.options import OptionReader
from ttc_llamacpp.fingerprint import fingerprint
from ttc_llamacpp.gguf import Header, read_header

_SHOWN = 16  # digits of an adapter's digest in the fingerprint


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter's file and its scale."""

    path: Path
    scale: float = 1.0

    def digest(self) -> str:
        """Return what stands for it in the model's fingerprint. Raises BackendError."""
        content = fingerprint(self.path).removeprefix("sha256:")
        return f"+lora:{content[:_SHOWN]}@{self.scale:g}"

    @property
    def name(self) -> str:
        """What stands for it in the model's name."""
        scale = "" if self.scale == 1 else f"@{self.scale:g}"
        return f"+{self.path.stem}{scale}"


def parse(read: OptionReader) -> tuple[Lora, ...]:
    """Read the options: one path or a list, and as many scales or one for all. OptionError."""
    paths = read.value("lora", (), _paths, "the path of an adapter (GGUF), or a list of such paths")
    scales = read.value("lora_scale", (1.0,), _scales, "a number other than 0, or a list of such")
    if not paths:
        if read.has("lora_scale"):
            raise read.error("lora_scale is for an adapter; name one with lora")
        return ()
    if len(scales) not in (1, len(paths)):
        raise read.error(f"lora_scale has {len(scales)} numbers, lora {len(paths)} adapters")
    return tuple(map(Lora, paths, scales * len(paths) if len(scales) == 1 else scales))


def _paths(given: Any) -> tuple[Path, ...]:
    names = list(given) if isinstance(given, (list, tuple)) else [given]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError
    return tuple(Path(paths.expanded(name, "lora")) for name in names)


def _scales(given: Any) -> tuple[float, ...]:
    scales = tuple(float(each) for each in (given if isinstance(given, (list, tuple)) else [given]))
    if not scales or not all(math.isfinite(scale) and scale for scale in scales):
        raise ValueError
    return scales


def check(loras: Sequence[Lora], model: Header) -> None:
    """Raise BackendError if a file is no adapter, or one of another architecture."""
    for lora in loras:
        path = lora.path
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "no such file"
            raise BackendError(
                f"lora {path}: {kind}; give an adapter as GGUF (convert_lora_to_gguf.py of "
                "llama.cpp makes one from a folder of PEFT)"
            )
        header = read_header(path)
        kinds = header.metadata.get("general.type"), header.metadata.get("adapter.type")
        if kinds != ("adapter", "lora"):
            raise BackendError(f"lora {path}: a model, not a LoRA adapter")
        if header.architecture != model.architecture:
            raise BackendError(
                f"lora {path}: an adapter for the architecture {header.architecture}, and "
                f"{model.path.name} is {model.architecture}"
            )
