"""Where a model is, and which key may go there.

A key belongs to one origin (scheme, host and port) and is sent to no other. Whoever names a
server, be it a cloned project's ttc.toml, gets only a key that the user gave for that very server:

- `OPENAI_API_KEY` is for `TTC_OPENAI_BASE_URL`, else `OPENAI_BASE_URL`, else api.openai.com;
- `TTC_OPENAI_KEYS="https://a.example=KEY,http://gpu:8000=KEY"` are for the origins beside them;
- in the keyring, where that package is installed, the key of an origin is service `ttc`, user
  ORIGIN (`keyring set ttc https://a.example`).

No option holds a key: settings files are shared, and a project's are not to be trusted. White space
around a key is taken off; a key with anything inside that no header can hold is refused, unseen.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ttc.backends import addresses
from ttc.errors import BackendError, UsageError
from ttc.messages import secrets

OPENAI = "https://api.openai.com/v1"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A server's base URL (`http://host:port/v1`), and the model asked for, "" if none was.

    `proxy`: even this machine itself is reached through the proxy of the environment. `near`: what
    the server calls the model that may have been meant.
    """

    base_url: str
    model: str
    proxy: bool = field(default=False, compare=False)
    near: str = field(default="", compare=False)

    @property
    def origin(self) -> str:
        """Scheme, host and port, as keys are bound to them."""
        return origin(self.base_url)

    @property
    def place(self) -> str:
        """What of the host belongs to a model's identity.

        A public host is a provider, which may serve other weights under a name than the next
        one. A server of one's own is told by its model alone: the same server on another port,
        machine or tunnel is no other model.
        """
        host = urlsplit(self.base_url).hostname or ""
        return "own" if is_private(host) else host

    @property
    def bypasses_proxy(self) -> bool:
        """Whether no proxy may stand in between: the server is on this very machine."""
        return not self.proxy and is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def spec(self) -> str:
        """How `-m` names it."""
        return f"{self.base_url}#{self.model}" if self.model else self.base_url


def is_private(host: str) -> bool:
    """Whether a host is this machine or one of a private network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        local = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
        return "." not in host or host.endswith(local)
    return address.is_private or address.is_loopback


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, however it is spelled."""
    host = host.lower().rstrip(".")
    names = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
    if host in names or host.endswith(".localhost"):
        return True
    try:
        # 127.1 and 0x7f000001 are spellings of addresses that the system takes.
        host = socket.inet_ntoa(socket.inet_aton(host)) if ":" not in host else host
        address = ipaddress.ip_address(host.partition("%")[0])
    except (OSError, ValueError):
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def origin(url: str) -> str:
    """Return scheme://host:port of a URL, the port left out where it is the scheme's own."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    shown = "" if port in (None, _PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def base(url: str) -> str:
    """Return a base URL in its plain form, `/v1` added where it has no path.

    UsageError for what is no URL of a server, names more than the base of its API, or has secrets
    in it, which would be stored.
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
            f"{origin(url)}: an address may hold no user, password or query; keys come from "
            "TTC_OPENAI_KEYS, OPENAI_API_KEY or the keyring"
        )
    return origin(url) + (parts.path.rstrip("/") or "/v1")


def preferred() -> str:
    """Return the base URL that the environment names, else that of OpenAI."""
    resolve_model = os.environ.get("TTC_OPENAI_BASE_URL") or os.environ.get("OPENAI_BASE_URL")
    return base(resolve_model or OPENAI)


def parse(spec: str, base_url: str | None, proxy: bool = False) -> Address:
    """Read what follows `openai:`, or a URL; `base_url` is an alias's. UsageError."""
    if addresses.is_url(spec):
        if base_url is not None:
            raise UsageError(f"{spec}: is an address already; leave base_url out")
        url, _, model = spec.partition("#")
        if (wrong := addresses.mistake(spec)) is not None:
            raise UsageError(wrong)
        return Address(base(url), model, proxy)
    if not spec and base_url is None:
        raise UsageError("openai: name a model, -m openai:MODEL, or a server, -m http://HOST:PORT")
    return Address(base(base_url) if base_url is not None else preferred(), spec, proxy)


def key_for(address: Address) -> str | None:
    """Return the key that was given for an address's origin, None if none was.

    It is known to `ttc.messages.secrets` from then on. UsageError for one that cannot be a key.
    """
    wanted = address.origin
    if wanted == origin(preferred()) and (key := usable("OPENAI_API_KEY")):
        return key
    for pair in filter(None, re.split(r"[,\s]+", os.environ.get("TTC_OPENAI_KEYS", ""))):
        url, equals, key = pair.partition("=")
        try:
            if not equals or not key or not addresses.is_url(url):
                raise ValueError
            found = origin(url)
        except ValueError:
            raise UsageError(
                'TTC_OPENAI_KEYS: write "https://HOST=KEY,http://HOST:PORT=KEY"'
            ) from None
        if found == wanted:
            return _checked(key, f"the key of {found} in TTC_OPENAI_KEYS")
    return _from_keyring(wanted)


def usable(variable: str) -> str | None:
    """Return the key in a variable of the environment, None if there is none."""
    return _checked(os.environ.get(variable, ""), variable)


def _checked(key: str, where: str) -> str | None:
    """Return a key without white space around it. UsageError, which does not show it, if no header
    could hold it."""
    secrets.keep(key)
    key = key.strip()
    secrets.keep(key)
    wrong = next((char for char in key if not "!" <= char <= "~"), None)
    if wrong is None:
        return key or None
    kinds = {"\r": "a carriage return", "\n": "a line break", "\t": "a tab", " ": "a blank"}
    kind = kinds.get(wrong, f"the character U+{ord(wrong):04X}")
    raise UsageError(f"{where} has {kind} inside, which no key has; set it again")


def _from_keyring(wanted: str) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password("ttc", wanted)
    except KeyringError as error:
        raise BackendError(f"the keyring does not tell the key of {wanted}: {error}") from None
    return _checked(found or "", f"the key of {wanted} in the keyring")
