"""Which proxy of the environment stands between this machine and a server.

The HTTP library takes `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` from the
environment. Requests to this machine itself go through none, unless the option `proxy` says so: a
proxy elsewhere could not reach it, and would be handed the key and the prompts.
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
    """Return the proxy that requests to an address go through, and where it is set; None if they
    go straight."""
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
