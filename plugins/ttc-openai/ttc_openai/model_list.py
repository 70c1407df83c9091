"""The list of models that a server offers (GET /models), read with patience for its faults."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol

from ttc.backends import addresses
from ttc.errors import BackendError
from ttc.messages import notes, secrets

if TYPE_CHECKING:
    import openai

    from ttc_openai.address import Address
    from ttc_openai.options import Options

# Seconds that the list may take.
_TIMEOUT = 10.0
# How often it is requested again after a fault that may be a stray one, and the seconds between.
_STRAYS, _SOON = 2, 0.5
_NOT_A_SERVER = (
    "{}: not an OpenAI-compatible server: its /models answers with {}; "
    "the address often ends in /v1"
)


class NotAServerError(BackendError):
    """The answer to a request for the list of models is neither a list nor JSON."""


@dataclass(frozen=True, slots=True)
class ModelList:
    """What a server says about each of its models; without a list, `why` it has none."""

    models: Mapping[str, Mapping[str, Any]] | None
    why: str = ""

    def find(self, model: str) -> str | None:
        """Return the name under which the list has a model, None if it does not.

        That is its own name, one with a default prefix or tag, or a pattern (LiteLLM's `*`).
        """
        names = self.models or {}
        for name in (model, f"models/{model}", f"{model}:latest"):
            if name in names:
                return name
        patterns = (name for name in names if "*" in name)
        return next((name for name in patterns if fnmatchcase(model, name)), None)

    @property
    def names(self) -> str:
        """The first names for a message, and how many there are besides."""
        several = sorted(self.models or ())
        more = f" and {len(several) - 5} more" if len(several) > 5 else ""
        return (", ".join(several[:5]) + more) or "none"


class Endpoint(Protocol):
    """What a request for the list of models needs of a server."""

    @property
    def address(self) -> Address: ...
    @property
    def key(self) -> str | None: ...
    @property
    def options(self) -> Options: ...


def fetch_models(server: Endpoint) -> ModelList:
    """Request the list of models from a server.

    A server that is still loading is waited for, and what may be a stray fault is tried again.
    Raises BackendError if the server cannot be reached, rejects the key or is not compatible.
    """
    from ttc_openai.client import sync_client
    from ttc_openai.diagnosis import classify_error

    limit = min(_TIMEOUT, server.options.timeout)
    began, strays = time.monotonic(), min(_STRAYS, server.options.retries)
    with closing(sync_client(server.address, server.key, limit, server.options.headers)) as client:
        for left in reversed(range(server.options.retries + 1)):
            strays -= 1
            try:
                return _request(client, server)
            except NotAServerError:
                if strays < 0 or time.monotonic() - began > limit / 2:
                    raise
                time.sleep(_SOON)
                continue
            except Exception as error:
                if isinstance(error, BackendError):
                    raise
                fault = classify_error(error, server.address, server.key)
            if fault.busy and left:
                notes.tell(f"{fault.reason}; waiting for it")
                time.sleep(min(fault.after or 1.0, 10.0))
                continue
            stray = strays >= 0 and fault.again and not fault.all
            if stray and time.monotonic() - began < limit / 2:
                time.sleep(_SOON)
                continue
            if fault.all or fault.busy:
                raise BackendError(fault.reason) from None
            reason = fault.reason.removeprefix(f"{server.address.base_url}: ")
            return ModelList(None, f"does not list its models ({reason})")
    raise AssertionError("the last try returns or raises")


def _request(client: openai.OpenAI, server: Endpoint) -> ModelList:
    from openai import APIStatusError

    from ttc_openai.diagnosis import classify_error, is_html

    where = server.address.base_url
    try:
        text = client.models.with_raw_response.list().http_response.text
    except APIStatusError as error:
        page = is_html(error.response.text)
        if page and error.status_code not in (401, 403, 407, 429, 503):
            _check_v1(client, server)
            raise NotAServerError(_NOT_A_SERVER.format(where, "an HTML page")) from None
        if error.status_code in (404, 405, 501):
            _check_v1(client, server)
            return ModelList(None, f"has no list of its models ({error.status_code})")
        if error.status_code == 403 and not page:
            reason = classify_error(error, server.address, server.key).reason.rpartition("(")[2]
            how = "does not let this key list its models"
            how = how if server.key else "does not list its models without a key"
            return ModelList(None, f"{how} ({reason}")
        raise
    return _parse(text, server)


def _parse(text: str, server: Endpoint) -> ModelList:
    """Read a list of models: in OpenAI's form, bare, or under the name `models`."""
    from ttc_openai.diagnosis import is_html

    try:
        body = secrets.cleaned(json.loads(text))
    except ValueError:
        what = "an HTML page" if is_html(text) else repr(secrets.redacted(text)[:40])
        raise NotAServerError(_NOT_A_SERVER.format(server.address.base_url, what)) from None
    rows = body
    if isinstance(body, dict):
        rows = body.get("data", body.get("models"))
    if not isinstance(rows, list):
        return ModelList(None, "answers /models with JSON that holds no list of models")
    return ModelList({str(row["id"]): row for row in rows if isinstance(row, dict) and "id" in row})


def _check_v1(client: openai.OpenAI, server: Endpoint) -> None:
    """Raise BackendError if the API is below /v1 of the address."""
    from openai import APIError

    where = server.address.base_url
    if addresses.versioned(where):
        return
    try:
        found = json.loads(client.get(f"{where}/v1/models", cast_to=str))
    except (APIError, ValueError):
        return
    if isinstance(found, dict) and isinstance(found.get("data"), list):
        right = replace(server.address, base_url=f"{where}/v1").spec
        raise BackendError(f"{where}: the API is below /v1 of this address; write -m {right}")
