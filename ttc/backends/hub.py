"""Files of the Hugging Face hub: from its cache, else downloaded into it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from ttc.errors import BackendError


def resolves(url: str) -> bool:
    """Return whether the host of a URL can be resolved: offline, the hub's client would retry for
    half a minute. Behind a proxy, which resolves names itself, return True."""
    if getproxies().get("https"):
        return True
    try:
        socket.getaddrinfo(urlsplit(url).hostname, 443)
    except OSError:
        return False
    return True


def fetched(
    model: str,
    install: str,
    fetch: Callable[[Any, bool], str],
    whole: Callable[[Path], bool] = Path.exists,
) -> Path:
    """Return the path that `fetch(huggingface_hub, local_only)` finds in the cache or downloads.

    If the cache has it, and `whole` says that it is complete, it is used without the network: the
    same weights as last time. BackendError, which names the `model`, if it cannot be downloaded;
    `install` is the command that installs the client.
    """
    try:
        import huggingface_hub as hub
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        raise BackendError(f"{model}: huggingface_hub is not installed; {install}") from None
    unreachable = f"{model}: not downloaded yet, and the Hugging Face hub cannot be reached"
    try:
        if whole(path := Path(fetch(hub, True))):
            return path
    except LocalEntryNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise BackendError(f"{model}: {_line(error)}") from None
    if not resolves(hub.constants.ENDPOINT):
        raise BackendError(unreachable)
    try:
        return Path(fetch(hub, False))
    except LocalEntryNotFoundError:
        raise BackendError(unreachable) from None
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise BackendError(f"{model}: {_line(error)}") from None


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
