"""What a check of llama.cpp covers: the types of a model's weights and the options in use."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ttc_llamacpp import miniature, profiles, remedy, sizing
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.options import Options


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """A model's types and the options that choose the code; `library` are the packed kernels."""

    header: Header
    options: Options
    library: Path | None = None

    @property
    def kernels(self) -> str:
        """The requested kernels: `packed` or `ggml`."""
        return "packed" if self.library else "ggml"

    @property
    def ways(self) -> list[tuple[str, bool]]:
        """The combinations (kernels, extra buffers) to check: plain ones first, requested last."""
        wanted = [(self.kernels, False), (self.kernels, True)]
        return list(dict.fromkeys([("ggml", False), *wanted]))

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU build would compute all layers on the GPU."""
        layers, asked = self.header.geometry.get("layers"), self.options.gpu_layers
        return asked < 0 or (layers is not None and asked > layers)

    def child_input(self) -> dict[str, Any]:
        """Return the input of `library_check_child`, without the model."""
        return {
            "ways": self.ways,
            "flash": sizing.flash(self.options, offloads=False),
            "cache": self.options.cache,
            "library": str(self.library or ""),
            "on_gpu": self.on_gpu,
            "numpy": "numpy" in sys.modules,
        }

    @property
    def small(self) -> miniature.Miniature:
        """The tiny model that is used instead of the real one."""
        head = self.header.geometry.get("head_size", 64)
        return miniature.Miniature(miniature.sources(self.header), head)

    @property
    def digest(self) -> str:
        """A digest of all that the result depends on."""
        small = self.small
        kinds = [[each.kind, each.experts] for each in small.sources]
        model = [kinds, small.width, small.head] if kinds else str(self.header.path.resolve())
        here = [platform.system(), platform.machine(), profiles.flags() or profiles.machine()]
        about = {"schema": 1, "files": files(), "here": here, "model": model}
        about |= self.child_input()
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def mode_name(kernels: str, extras: bool) -> str:
    """Return the name of a combination of kernels and extra buffers in kept results."""
    return f"{kernels}+extras" if extras else kernels


def extras_name() -> str:
    """Return what ggml uses its extra buffers for on this processor."""
    amx = "amx_int8" in profiles.flags()
    return "AMX kernels and repacked weights" if amx else "repacked weights"


def files() -> list[tuple[str, int, int]]:
    """Return the files of llama.cpp here (path, size, mtime in ns), without loading any."""
    spec = find_spec("llama_cpp")
    packages = [Path(each) for each in (spec.submodule_search_locations or ())] if spec else []
    places = [package / "lib" for package in packages]
    if given := os.environ.get("LLAMA_CPP_LIB_PATH"):
        places = [Path(given)]
    found = []
    for path in [package / "llama_cpp.py" for package in packages] + [
        each for place in places if place.is_dir() for each in sorted(place.iterdir())
    ]:
        with suppress(OSError):
            stat = path.stat()
            found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return found


def rebuild_command() -> str:
    """Return the command that builds a llama.cpp which works on this machine."""
    return remedy.reinstall(profiles.flags(), (name for name, _, _ in files()))
