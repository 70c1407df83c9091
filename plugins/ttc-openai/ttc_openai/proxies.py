"""The proxy of the environment that requests to a server go through.

The HTTP library reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. Requests to this
machine use no proxy unless the option `proxy` is set: a proxy elsewhere could not reach it, and
would see the key and the prompts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ttc.messages import secrets

if TYPE_CHECKING:
    from ttc_openai.address import Address


def proxy_of(address: Address) -> str | None:
    """Return the proxy for an address and where it is set, for messages; None without a proxy."""
    if address.bypasses_proxy:
        return None
    parts = urlsplit(address.base_url)
    found = getproxies()
    scheme = next((each for each in (parts.scheme, "all") if found.get(each)), None)
    if scheme is None or proxy_bypass(parts.netloc):
        return None
    url = found[scheme] if "://" in found[scheme] else f"http://{found[scheme]}"
    proxy = urlsplit(url)
    secrets.keep(proxy.password)
    name = f"{scheme}_proxy"
    where = next((each for each in (name, name.upper()) if os.environ.get(each)), "the system")
    host = proxy.netloc.rpartition("@")[2]
    return f"the proxy {proxy.scheme}://{host} ({where})"
