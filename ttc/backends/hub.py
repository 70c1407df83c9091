"""Files of the Hugging Face hub: out of its cache if they are there, else fetched into it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from ttc.errors import BackendError


def resolves(url: str) -> bool:
    """Whether the host of a URL can be looked up: offline, the hub's client would try for half a
    minute. Behind a proxy it is the proxy that looks up."""
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
    """Return what `fetch(huggingface_hub, local_only)` puts into the cache or finds there.

    What is there already, and `whole`, is used as it is: no network, and the same weights as last
    time. BackendError, which names the `model`, where it cannot be had; `install` brings the
    client.
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
