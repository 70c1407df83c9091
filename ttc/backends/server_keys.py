"""Keys of servers: from the environment or the system's keyring, never from a file of ttc.

A key belongs to one origin (scheme, host and port) and is sent to no other. In the keyring it is
the password of the service `ttc` and the user ORIGIN, as `keyring set ttc https://a.example` sets
it, too. White space around a key is stripped; a key with other characters that no HTTP header can
hold is rejected without showing it. From the moment it is read, `ttc.messages.secrets` masks a key
wherever it would be shown.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ttc.backends import addresses
from ttc.errors import UsageError
from ttc.messages import secrets
from ttc.plugins import installing

_log = logging.getLogger(__name__)
SERVICE = "ttc"
PAIRS = "TTC_OPENAI_KEYS"
OPENAI = "https://api.openai.com/v1"
# The entry with the origins that `ttc keys set` has stored: a keyring does not list what it has.
_INDEX = "servers"
_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> str:
    """Return scheme://host:port of a URL, without the port if it is the scheme's default."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    shown = "" if port in (None, _PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def default_url() -> str:
    """Return the base URL that the environment names, else OpenAI's; OPENAI_API_KEY is for it."""
    named = os.environ.get("TTC_OPENAI_BASE_URL") or os.environ.get("OPENAI_BASE_URL")
    return named or OPENAI


def source_of(server: str) -> str | None:
    """Return where the key of an origin comes from, None if there is none. TtcError."""
    if server == origin(default_url()) and variable("OPENAI_API_KEY"):
        return "OPENAI_API_KEY"
    if of_pairs(server):
        return PAIRS
    return "keyring" if in_keyring(server) else None


def hint(server: str) -> str:
    """Return how to give the key of an origin."""
    return f'set {PAIRS}="{server}=KEY" in the environment, or run ttc keys set {server}'


def variable(name: str) -> str | None:
    """Return the key in an environment variable, None if it is not set. UsageError."""
    return checked(os.environ.get(name, ""), name)


def pairs() -> Iterator[tuple[str, str]]:
    """Yield the origins and keys of TTC_OPENAI_KEYS. UsageError if it is malformed."""
    for pair in filter(None, re.split(r"[,\s]+", os.environ.get(PAIRS, ""))):
        url, equals, key = pair.partition("=")
        try:
            if not equals or not key or not addresses.is_url(url):
                raise ValueError
            found = origin(url)
        except ValueError:
            raise UsageError(f'{PAIRS}: write "https://HOST=KEY,http://HOST:PORT=KEY"') from None
        yield found, key


def of_pairs(server: str) -> str | None:
    """Return the key of an origin in TTC_OPENAI_KEYS, None if it has none. UsageError."""
    for found, key in pairs():
        if found == server:
            return checked(key, f"the key of {found} in {PAIRS}")
    return None


def in_keyring(server: str) -> str | None:
    """Return the key of an origin in the keyring; None if it has none, or no keyring works here.

    A keyring that cannot be read, as one that stays locked, is told in the log: the server may need
    no key, and says so if it does.
    """
    try:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password(SERVICE, server)
    except NoKeyringError:
        return None
    except KeyringError as error:
        _log.warning("%s is asked without a key: the keyring cannot be read: %s", server, error)
        return None
    return checked(found or "", f"the key of {server} in the keyring")


def checked(key: str, where: str) -> str | None:
    """Return a key without white space around it, None for an empty one.

    Raises UsageError, which does not show the key, if no HTTP header could hold it.
    """
    secrets.keep(key)
    key = key.strip()
    secrets.keep(key)
    wrong = next((char for char in key if not "!" <= char <= "~"), None)
    if wrong is None:
        return key or None
    kinds = {"\r": "a carriage return", "\n": "a line break", "\t": "a tab", " ": "a blank"}
    kind = kinds.get(wrong, f"the character U+{ord(wrong):04X}")
    raise UsageError(f"{where} contains {kind}, which no key does; set it again")


def _instead() -> str:
    """Return where a key may be kept if no keyring keeps it."""
    return (
        f'keep the key in the environment, {PAIRS}="https://HOST=KEY", or in a file that only you '
        f"can read, which {installing.pip_install()} keyrings.alt gives"
    )


class Keyring:
    """The system's keyring. UsageError, with the remedy, if the package or a backend is missing."""

    def __init__(self) -> None:
        try:
            import keyring
            from keyring.errors import KeyringError, NoKeyringError
        except ImportError:
            raise UsageError(
                "the keyring needs the package keyring; "
                f"{installing.install('ttc-cli[keyring]')}; or give keys in {PAIRS}"
            ) from None
        self._keyring: Any = keyring
        self._error: type[Exception] = KeyringError
        self._none: type[Exception] = NoKeyringError

    @property
    def name(self) -> str:
        """The backend that is used, such as SecretService or macOS Keychain."""
        backend = self._keyring.get_keyring()
        if type(backend).__module__ == "keyring.backends.fail":
            raise UsageError(f"no keyring works on this machine; {_instead()}")
        return str(getattr(backend, "name", type(backend).__name__))

    @property
    def file(self) -> str | None:
        """The file of a backend that keeps one, None for a service of the system."""
        found = getattr(self._keyring.get_keyring(), "file_path", None)
        return None if found is None else str(found)

    def store(self, server: str, key: str) -> None:
        """Store the key of an origin, and list the origin. UsageError if it was not kept."""
        self._call("set_password", server, key)
        if self._call("get_password", server) != key:
            raise UsageError(f"the keyring {self.name} keeps nothing; {_instead()}")
        self._note({*self.servers(), server})

    def remove(self, server: str) -> bool:
        """Remove the key of an origin; return whether there was one."""
        there = self._call("get_password", server) is not None
        if there:
            self._call("delete_password", server)
        if server in (known := self.servers()):
            self._note({*known} - {server})
        return there

    def servers(self) -> list[str]:
        """Return the origins whose keys were stored by `store`."""
        return sorted(filter(None, str(self._call("get_password", _INDEX) or "").split()))

    def _note(self, servers: set[str]) -> None:
        self._call("set_password", _INDEX, " ".join(sorted(servers)))

    def _call(self, method: str, *values: str) -> Any:
        try:
            return getattr(self._keyring, method)(SERVICE, *values)
        except self._none:
            raise UsageError(f"no keyring works on this machine; {_instead()}") from None
        except self._error as error:
            raise UsageError(f"the keyring {self.name}: {error}; {_instead()}") from None
