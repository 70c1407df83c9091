"""A server as it is asked for a model: its address, the key for it, what is known of it, and what
it says of itself before anything is drawn."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ttc.backends import addresses
from ttc.errors import BackendError
from ttc.messages import notes, secrets
from ttc_openai import server_traits
from ttc_openai.address import Address
from ttc_openai.options import Options
from ttc_openai.server_traits import ServerTraits

if TYPE_CHECKING:
    import openai

# How long a server may take to say which models it has.
_LISTING = 10.0
# How often it is asked again after a fault that may be a stray one, and the seconds in between.
_STRAYS, _SOON = 2, 0.5


class NotAServerError(BackendError):
    """What should be a list of models is neither one nor JSON."""


@dataclass(frozen=True, slots=True)
class ModelList:
    """What a server says of each of its models; `why` there is no such list where it is None."""

    models: Mapping[str, Mapping[str, Any]] | None
    why: str = ""

    def find(self, model: str) -> str | None:
        """Return the name in the list that a model goes by: its own, with a variant that is the
        default, or a pattern of a proxy."""
        names = self.models or {}
        for name in (model, f"models/{model}", f"{model}:latest"):
            if name in names:
                return name
        patterns = (name for name in names if "*" in name)
        return next((name for name in patterns if fnmatchcase(model, name)), None)


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A server and the model that is asked of it. The key is not shown."""

    address: Address
    options: Options
    traits: ServerTraits
    key: str | None = field(default=None, repr=False)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way: what was asked for, what the server bears, and
        what the process has files for."""
        most = min(self.options.concurrency, self.traits.slots or self.options.concurrency)
        # The other half is for connections that are being closed, and for the rest of the process.
        return max(1, min(most, _files() // 2))

    def check(self) -> tuple[ModelServer, Mapping[str, Any]]:
        """Ask what it serves; return the server, and what it says of the model.

        A model that its list lacks is asked for all the same, and people are told: lists are
        forbidden, short or patterns. BackendError if it cannot be reached, wants another key, is no
        such server, or has other weights under the model's name than were probed.
        """
        wanted = self.address.model
        try:
            found = listing(self)
        except NotAServerError as error:
            # Something else may be in front of the list alone; the draws will tell.
            notes.tell(f"{error}; asking for {wanted!r} all the same")
            return self, {}
        name = found.find(wanted)
        if name is None:
            return self._unlisted(found), {}
        told = (found.models or {})[name]
        if self.traits.weights and name == wanted and self.traits.weights != weights(told):
            raise BackendError(
                f"{self.address.spec}: serves other weights than when it was probed; "
                f"ttc models probe {self.address.spec} looks again, and its draws go to other pools"
            )
        return self, told

    def _unlisted(self, found: ModelList) -> ModelServer:
        where, wanted = self.address.base_url, self.address.model
        if found.models is None:
            notes.tell(f"{where}: {found.why}; asking for {wanted!r} all the same")
            return self
        near = next(iter(get_close_matches(wanted, found.models, n=1)), "")
        hint = f"did you mean {near}?" if near else f"it has {shown(found.models)}"
        notes.tell(
            f"{where}: its list of models lacks {wanted!r} ({hint}); asking for it all the same"
        )
        return replace(self, address=replace(self.address, near=near))


def _files() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 512
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft > 0 else 1 << 20


def resolve_model(server: ModelServer) -> ModelServer:
    """Return the server with a model: its only one, if none was asked for.

    A server that does not answer may be known from before. BackendError if it has several.
    """
    address = server.address
    if address.model:
        return server
    try:
        found = listing(server)
    except BackendError:
        before = server_traits.only_model(address.base_url)
        if before is None:
            raise
        return replace(server, address=replace(address, model=before))
    if found.models is None or len(found.models) != 1:
        has = f"has {shown(found.models)}" if found.models else "lists no models"
        which = found.why if found.models is None else has
        raise BackendError(f"{address.base_url}: {which}; name one, -m {address.base_url}#MODEL")
    (model,) = found.models
    server_traits.only_model(address.base_url, model)
    return replace(server, address=replace(address, model=model))


def listing(server: ModelServer) -> ModelList:
    """Return what a server says of each of its models, or why it does not.

    BackendError if it cannot be reached, refuses the key or is no such server. A server that is
    still loading is waited for, and what may be a stray fault is tried again.
    """
    from ttc_openai.client import sync_client
    from ttc_openai.errors import classify_error

    limit = min(_LISTING, server.options.timeout)
    began, strays = time.monotonic(), min(_STRAYS, server.options.retries)
    with closing(sync_client(server.address, server.key, limit)) as client:
        for left in reversed(range(server.options.retries + 1)):
            strays -= 1
            try:
                return _models(client, server)
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
            said = fault.reason.removeprefix(f"{server.address.base_url}: ")
            return ModelList(None, f"does not say which models it has ({said})")
    raise AssertionError("the last try returns or raises")


def _models(client: openai.OpenAI, server: ModelServer) -> ModelList:
    from openai import APIStatusError

    from ttc_openai.errors import classify_error, is_html

    where = server.address.base_url
    try:
        text = client.models.with_raw_response.list().http_response.text
    except APIStatusError as error:
        page = is_html(error.response.text)
        if page and error.status_code not in (401, 403, 407, 429, 503):
            _at_v1(client, server)
            raise NotAServerError(_NO_SERVER.format(where, "an HTML page")) from None
        if error.status_code in (404, 405, 501):
            _at_v1(client, server)
            return ModelList(None, f"has no list of its models ({error.status_code})")
        if error.status_code == 403 and not page:
            said = classify_error(error, server.address, server.key).reason.rpartition("(")[2]
            how = "does not let this key list its models"
            how = how if server.key else "does not list its models without a key"
            return ModelList(None, f"{how} ({said}")
        raise
    return _read(text, server)


def _read(text: str, server: ModelServer) -> ModelList:
    """Read the answer that should be a list: as OpenAI has it, bare, or under another name."""
    from ttc_openai.errors import is_html

    try:
        told = secrets.cleaned(json.loads(text))
    except ValueError:
        what = "an HTML page" if is_html(text) else repr(secrets.redacted(text)[:40])
        raise NotAServerError(_NO_SERVER.format(server.address.base_url, what)) from None
    rows = told
    if isinstance(told, dict):
        rows = told.get("data", told.get("models"))
    if not isinstance(rows, list):
        return ModelList(None, "its /models answers with JSON without a list of models")
    return ModelList({str(row["id"]): row for row in rows if isinstance(row, dict) and "id" in row})


def _at_v1(client: openai.OpenAI, server: ModelServer) -> None:
    """Raise BackendError if what is looked for is below /v1 of the address."""
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
        raise BackendError(f"{where}: the API is not here but below /v1; write -m {right}")


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


def shown(names: Mapping[str, Any]) -> str:
    several = sorted(names)
    more = f" and {len(several) - 5} more" if len(several) > 5 else ""
    return (", ".join(several[:5]) + more) or "none"
