"""The official client library, set up so that keys and prompts only go to the named server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
import openai

from ttc.errors import BackendError
from ttc_openai.address import Address

# Seconds to connect, for checks and for draws: a busy server may be slow to accept.
CONNECT, BUSY = 5.0, 30.0
_AMBIENT = (
    "OPENAI_API_KEY",
    "OPENAI_ADMIN_KEY",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_CUSTOM_HEADERS",
)
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
# The library requires a key; without one, its header is removed again.
_NO_KEY = "none"


@contextmanager
def _alone() -> Iterator[None]:
    """Hide what the library would read from the environment and send to any server.

    Raises BackendError if the environment names certificates that cannot be read.
    """
    hidden = {name: os.environ.pop(name) for name in _AMBIENT if name in os.environ}
    try:
        yield
    except OSError as error:  # also what ssl raises
        name = next((each for each in _CERTIFICATES if os.environ.get(each)), None)
        if name is None:
            raise
        why = error.strerror or error
        raise BackendError(
            f"{name}={os.environ[name]}: no certificates can be read there ({why}); "
            "set it to a file with certificates, or unset it"
        ) from None
    finally:
        os.environ.update(hidden)


def _unsigned(request: httpx2.Request) -> None:
    request.headers.pop("Authorization", None)


async def _unsigned_too(request: httpx2.Request) -> None:
    _unsigned(request)


def _signs(headers: Mapping[str, str] | None) -> str | None:
    """Return the header that stands for a key, if one was given."""
    return (headers or {}).get("Authorization")


def _settings(
    address: Address, timeout: httpx2.Timeout, hook: Any, key: str | None
) -> dict[str, Any]:
    """Return the settings of both clients.

    Redirects are not followed: they would carry prompts to a server that the user did not name.
    This machine is reached without a proxy.
    """
    return {
        "timeout": timeout,
        "follow_redirects": False,
        "event_hooks": {} if key else {"request": [hook]},
        **({"mounts": dict.fromkeys(("http://", "https://"))} if address.bypasses_proxy else {}),
    }


def sync_client(
    address: Address, key: str | None, timeout: float, headers: Mapping[str, str] | None = None
) -> openai.OpenAI:
    """Return a client for a few requests, one after the other; `headers` go with each."""
    limits = httpx2.Timeout(timeout, connect=CONNECT)
    with _alone():
        signed = key or _signs(headers)
        http = openai.DefaultHttpxClient(**_settings(address, limits, _unsigned, signed))
        return openai.OpenAI(
            api_key=key or _NO_KEY,
            base_url=address.base_url,
            max_retries=0,
            http_client=http,
            default_headers=headers,
        )


def async_client(
    address: Address,
    key: str | None,
    timeout: float,
    connections: int,
    headers: Mapping[str, str] | None = None,
) -> openai.AsyncOpenAI:
    """Return a client for many requests at once, with as many connections; `headers` go with each
    request."""
    times = httpx2.Timeout(timeout, connect=min(BUSY, timeout), pool=None)
    with _alone():
        http = openai.DefaultAsyncHttpxClient(
            limits=httpx2.Limits(
                max_connections=connections, max_keepalive_connections=connections
            ),
            **_settings(address, times, _unsigned_too, key or _signs(headers)),
        )
        return openai.AsyncOpenAI(
            api_key=key or _NO_KEY,
            base_url=address.base_url,
            max_retries=0,
            http_client=http,
            default_headers=headers,
        )
