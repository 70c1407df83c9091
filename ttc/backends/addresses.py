"""Addresses of servers: http://HOST:PORT/v1#MODEL, and what people write instead."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

SCHEMES = ("http://", "https://")
# The default addresses of local servers.
LOCAL = {
    "ollama": "http://localhost:11434/v1",
    "lmstudio": "http://localhost:1234/v1",
    "llama-server": "http://localhost:8080/v1",
    "sglang": "http://localhost:30000/v1",
}
# What lies below the base of the API, and is often pasted with it.
_ENDPOINT = re.compile(
    r"/(chat/completions|completions|responses|embeddings|models|chat|engines)(/.*)?$"
)
_VERSION = re.compile(r"/(api/)?v\d+\w*(/|$)")
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
_BARE = re.compile(rf"(?P<host>{_HOST})(?::(?P<port>\d{{1,5}}))?(?P<path>/[^#\s]*)?(?:#\S*)?")
_SLIPPED = re.compile(r"(https?)(?::|/)+/*(?=[^/])", re.IGNORECASE)


def is_url(spec: str) -> bool:
    """Return whether a text begins as the URL of a server."""
    return spec.lower().startswith(SCHEMES)


def local(spec: str) -> str | None:
    """Return the URL of `ollama:NAME` and other local servers; None for any other spec."""
    name, _, model = spec.partition(":")
    if name not in LOCAL:
        return None
    return LOCAL[name] + (f"#{model}" if model else "")


def meant(spec: str) -> str | None:
    """Return the URL that a spec without http:// probably means; None if it is no address."""
    if slip := _SLIPPED.match(spec):
        return plain(f"{slip[1].lower()}://{spec[slip.end() :]}")
    found = _BARE.fullmatch(spec)
    if found is None:
        return None
    host, port, path = found["host"], found["port"], found["path"] or ""
    numbered = re.fullmatch(r"\[.*\]|\d+(\.\d+){3}", host) is not None
    named = host == "localhost" or (("." in host or "-" in host or host.isalpha()) and bool(port))
    served = bool(_VERSION.search(path) or _ENDPOINT.search(path)) and bool(path)
    if not (port or served or host == "localhost" or numbered) or not (numbered or named or served):
        return None
    # A name without a dot, or with a port, is a server on the local network.
    public = "." in host and not numbered and port in (None, "443")
    return plain(f"{'https' if public else 'http'}://{spec}")


def plain(url: str) -> str:
    """Return a URL that ends with the base of the API, which is added if it is missing."""
    url, _, model = url.partition("#")
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    path = _ENDPOINT.sub("", parts.path.rstrip("/"))
    if host.endswith((".azure.com", ".azure.us", ".azure.cn")):
        deployed = re.search(r"/deployments/([^/]+)", parts.path)
        return f"https://{host}/openai/v1#{model or (deployed[1] if deployed else 'DEPLOYMENT')}"
    return f"{parts.scheme}://{host}{path or '/v1'}" + (f"#{model}" if model else "")


def mistake(url: str) -> str | None:
    """Return what is wrong with a URL and what to write instead; None if nothing is wrong.

    Queries and passwords are not repeated, for they may be secret.
    """
    base = url.partition("#")[0]
    parts = urlsplit(base)
    host = parts.netloc.rpartition("@")[2]
    if "api-version" in parse_qs(parts.query, keep_blank_values=True) or (
        host.endswith((".azure.com", ".azure.us", ".azure.cn")) and "/deployments/" in parts.path
    ):
        return (
            f"https://{host}: this is Azure's older kind of address, with a deployment or an "
            f"api-version; use the newer one: -m {plain(url)}, with the key in "
            f'TTC_OPENAI_KEYS="https://{host}=KEY"'
        )
    if parts.username is not None or parts.query:
        return None
    if pasted := _ENDPOINT.search(parts.path.rstrip("/")):
        return f"{base}: the address must end before {pasted[0]}; write -m {plain(url)}"
    return None


def versioned(base_url: str) -> bool:
    """Return whether the path of a base URL has a version in it, such as /v1."""
    return _VERSION.search(urlsplit(base_url).path) is not None
