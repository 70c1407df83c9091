"""A server as it is asked for a model: its address, the key for it, what is known of it, and what
it says of itself before anything is drawn."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ttc.errors import BackendError
from ttc_openai import traits as kept
from ttc_openai.address import Address
from ttc_openai.options import Options
from ttc_openai.traits import Traits

if TYPE_CHECKING:
    import openai

# How long a server may take to say which models it has.
_LISTING = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server and the model that is asked of it. The key is not shown."""

    address: Address
    options: Options
    traits: Traits
    key: str | None = field(default=None, repr=False)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way: what was asked for, what the server bears, and
        what the process has files for."""
        most = min(self.options.concurrency, self.traits.slots or self.options.concurrency)
        # The other half is for connections that are being closed, and for the rest of the process.
        return max(1, min(most, _files() // 2))

    def check(self) -> None:
        """Ask what it serves. BackendError if it cannot be reached, wants another key, is no such
        server, lacks the model, or has other weights under its name than were probed."""
        found = listing(self)
        if found is None:
            return
        wanted = self.address.model
        if wanted not in found:
            near = get_close_matches(wanted, found, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {_shown(found)}"
            raise BackendError(f"{self.address.base_url}: has no model {wanted!r}; {hint}")
        if self.traits.weights and self.traits.weights != weights(found[wanted]):
            raise BackendError(
                f"{self.address.spec}: serves other weights than when it was probed; "
                f"ttc models probe {self.address.spec} looks again, and its draws go to other pools"
            )


def _files() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 512
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft > 0 else 1 << 20


def named(server: Server) -> Server:
    """Return the server with a model: its only one, if none was asked for.

    A server that does not answer may be known from before. BackendError if it has several.
    """
    address = server.address
    if address.model:
        return server
    try:
        found = listing(server)
    except BackendError:
        before = kept.only_model(address.base_url)
        if before is None:
            raise
        return replace(server, address=replace(address, model=before))
    if found is None or len(found) != 1:
        which = "does not say which models it has" if found is None else f"has {_shown(found)}"
        raise BackendError(f"{address.base_url}: {which}; name one, -m {address.base_url}#MODEL")
    (model,) = found
    kept.only_model(address.base_url, model)
    return replace(server, address=replace(address, model=model))


def listing(server: Server) -> dict[str, Mapping[str, Any]] | None:
    """Return what a server says of each of its models; None if it has no such list.

    BackendError if it cannot be reached, refuses the key or is no such server. A server that is
    still loading is waited for.
    """
    from ttc_openai.client import sync_client
    from ttc_openai.faults import understood

    limit = min(_LISTING, server.options.timeout)
    with closing(sync_client(server.address, server.key, limit)) as client:
        for left in reversed(range(server.options.retries + 1)):
            try:
                return _models(client, server)
            except Exception as error:
                if isinstance(error, BackendError):
                    raise
                fault = understood(error, server.address, server.key)
                if not (fault.busy and left):
                    raise BackendError(fault.reason) from None
                time.sleep(min(fault.after or 1.0, 10.0))
    raise AssertionError("the last try returns or raises")


def _models(client: openai.OpenAI, server: Server) -> dict[str, Mapping[str, Any]] | None:
    from openai import APIStatusError

    from ttc_openai.faults import is_html
    from ttc_openai.reading import MalformedError, document

    where = server.address.base_url
    try:
        text = client.models.with_raw_response.list().http_response.text
    except APIStatusError as error:
        page = is_html(error.response.text)
        if error.status_code in (404, 405, 501) and not page:
            return None
        if page and error.status_code not in (401, 403, 429, 503):
            raise BackendError(_NO_SERVER.format(where, "an HTML page")) from None
        raise
    try:
        rows = document(text).get("data")
    except MalformedError:
        what = "an HTML page" if is_html(text) else repr(text[:40])
        raise BackendError(_NO_SERVER.format(where, what)) from None
    if not isinstance(rows, list):
        raise BackendError(_NO_SERVER.format(where, "JSON without a list of models"))
    return {str(row["id"]): row for row in rows if isinstance(row, dict) and "id" in row}


_NO_SERVER = (
    "{}: not an OpenAI-compatible server: its /models answers with {}; "
    "the address often ends in /v1"
)


def weights(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a server tells of a model's weights, and not of its own process: sizes and
    digests, where it does."""
    meta = told.get("meta")
    about = {**meta, **told} if isinstance(meta, dict) else dict(told)
    names = ("digest", "sha256", "size", "n_params", "n_vocab", "n_embd", "n_ctx_train", "ftype")
    return {name: about[name] for name in names if isinstance(about.get(name), (int, str))}


def _shown(names: Mapping[str, Any]) -> str:
    several = sorted(names)
    more = f" and {len(several) - 5} more" if len(several) > 5 else ""
    return (", ".join(several[:5]) + more) or "none"
