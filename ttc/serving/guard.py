"""Who may ask: a key if there is one, else only pages and programs of this machine."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ttc.errors import UsageError
from ttc.loopback import names_loopback
from ttc.messages import secrets
from ttc.paths import expanded
from ttc.serving.errors import ApiError

SHORTEST = 8


def keys_of_file(path: Path | None) -> tuple[str, ...]:
    """Return the keys of a file, one a line; without a file, that of TTC_SERVE_KEY. They are masked
    in all that is printed. UsageError."""
    variable = os.environ.get("TTC_SERVE_KEY")
    texts = [] if variable is None else [variable]
    place = "TTC_SERVE_KEY"
    if path is not None:
        place = f"--key-file {path}"
        try:
            texts = Path(expanded(path, "--key-file")).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise UsageError(f"{place}: {why}") from None
    found = tuple(text.strip() for text in texts if text.strip())
    if (path is not None or variable is not None) and not found:
        raise UsageError(f"{place}: there is no key in it")
    if any(len(key) < SHORTEST or not key.isascii() or not key.isprintable() for key in found):
        raise UsageError(f"{place}: a key has at least {SHORTEST} printable ASCII characters")
    for key in found:
        secrets.keep(key)
    return found


class Guard:
    """Checks the headers of requests."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._digests = [_digest(key) for key in keys]

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise ApiError unless a request may be answered.

        Without a key, a page in a browser could reach this server under a name that its owner
        points to this machine: so hosts and origins other than this machine are refused.
        """
        if self._digests:
            self._check_key(headers.get("authorization", ""))
            return
        host = headers.get("host", "")
        if not names_loopback(host):
            raise _forbidden(f"the host {host[:100]!r} is not this machine")
        origin = headers.get("origin")
        if origin is not None and _place(origin) != _place(f"//{host}"):
            raise _forbidden(f"a page of {origin[:100]!r} may not ask here")

    def _check_key(self, given: str) -> None:
        scheme, _, key = given.partition(" ")
        digest = _digest(key.strip())
        known = [hmac.compare_digest(digest, each) for each in self._digests]
        if scheme.lower() != "bearer" or not any(known):
            raise ApiError(
                401,
                "Incorrect API key provided."
                if key
                else "You didn't provide an API key: send the header Authorization: Bearer KEY.",
                code="invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _place(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or 80
    except ValueError:
        return "", None


def _forbidden(why: str) -> ApiError:
    message = f"Refused: {why}; with a key (ttc serve --key-file FILE) it would be answered"
    return ApiError(403, message, kind="permission_error", code="forbidden")
