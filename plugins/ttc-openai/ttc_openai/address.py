"""Addresses of models on servers, and the key for each address.

A key belongs to one origin (scheme, host and port) and is sent to no other. Anything may name a
server, such as a cloned project's ttc.toml, but it only gets a key that the user gave for that very
server:

- `OPENAI_API_KEY` is for `TTC_OPENAI_BASE_URL`, else `OPENAI_BASE_URL`, else api.openai.com;
- `TTC_OPENAI_KEYS="https://a.example=KEY,http://gpu:8000=KEY"` has keys for the origins that it
  names;
- if the keyring package is installed, `ttc keys set https://a.example` stores the key of that
  origin in the system's keyring.

No option holds a key: settings files are shared, and a project's cannot be trusted.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ttc.backends import addresses, server_keys
from ttc.backends.server_keys import origin
from ttc.errors import UsageError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A server's base URL (`http://host:port/v1`) and a model, "" if none is named.

    `proxy`: use the environment's proxy even for this machine. `suggestion`: the model of the
    server that may have been meant.
    """

    base_url: str
    model: str
    proxy: bool = field(default=False, compare=False)
    suggestion: str = field(default="", compare=False)

    @property
    def origin(self) -> str:
        """Scheme, host and port, to which keys are bound."""
        return origin(self.base_url)

    @property
    def identity_host(self) -> str:
        """The host as part of a model's identity: its name if it is public, else `own`.

        A public host is a provider, which may serve other weights under the same name than the next
        one. A private server is identified by its model alone: the same server on another port,
        machine or tunnel has the same model.
        """
        host = urlsplit(self.base_url).hostname or ""
        return "own" if is_private(host) else host

    @property
    def bypasses_proxy(self) -> bool:
        """Whether no proxy is used because the server is on this machine."""
        return not self.proxy and is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def spec(self) -> str:
        """The address as `-m` takes it."""
        return f"{self.base_url}#{self.model}" if self.model else self.base_url


def is_private(host: str) -> bool:
    """Return whether a host is this machine or in a private network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        local = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
        return "." not in host or host.endswith(local)
    return address.is_private or address.is_loopback


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, in any spelling."""
    host = host.lower().rstrip(".")
    names = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
    if host in names or host.endswith(".localhost"):
        return True
    try:
        # 127.1 and 0x7f000001 are spellings of addresses that the system accepts.
        host = socket.inet_ntoa(socket.inet_aton(host)) if ":" not in host else host
        address = ipaddress.ip_address(host.partition("%")[0])
    except (OSError, ValueError):
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def normalize_url(url: str) -> str:
    """Return a base URL in its normal form, with `/v1` added if it has no path.

    Raises UsageError if it is not the URL of a server, contains more than the base of the API, or
    contains secrets, which would be stored.
    """
    if not addresses.is_url(url):
        instead = addresses.meant(url) or "http://HOST:PORT/v1"
        raise UsageError(f"{url}: not the address of a server; write {instead}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{url}: {error}") from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise UsageError(f"{url}: not the address of a server; write http://HOST:PORT/v1")
    if (wrong := addresses.mistake(url)) is not None:
        raise UsageError(wrong)
    if parts.username is not None or parts.query:
        raise UsageError(
            f"{origin(url)}: an address must not contain a user, password or query; give keys in "
            "TTC_OPENAI_KEYS, OPENAI_API_KEY or the keyring"
        )
    return origin(url) + (parts.path.rstrip("/") or "/v1")


def default_url() -> str:
    """Return the base URL that the environment names, else OpenAI's."""
    return normalize_url(server_keys.default_url())


def parse(spec: str, base_url: str | None, proxy: bool = False) -> Address:
    """Parse the part after `openai:`, or a URL; `base_url` is an alias's. Raises UsageError."""
    if addresses.is_url(spec):
        if base_url is not None:
            raise UsageError(f"{spec}: already an address; remove base_url from the alias")
        url, _, model = spec.partition("#")
        if (wrong := addresses.mistake(spec)) is not None:
            raise UsageError(wrong)
        return Address(normalize_url(url), model, proxy)
    if not spec and base_url is None:
        raise UsageError("openai: name a model, -m openai:MODEL, or a server, -m http://HOST:PORT")
    if base_url is None:
        return Address(default_url(), spec, proxy)
    try:
        return Address(normalize_url(base_url), spec, proxy)
    except UsageError as error:
        raise UsageError(f"openai: base_url = {error}") from None


def key_for(address: Address) -> str | None:
    """Return the key that was given for an address's origin, None if there is none.

    From then on `ttc.messages.secrets` redacts it. Raises UsageError for a malformed key.
    """
    wanted = address.origin
    if wanted == origin(default_url()) and (key := server_keys.variable("OPENAI_API_KEY")):
        return key
    return server_keys.of_pairs(wanted) or server_keys.in_keyring(wanted)
