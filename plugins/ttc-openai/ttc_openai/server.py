"""A model on a server: its address, its key, its known traits, and checks before the first draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from ttc.errors import BackendError
from ttc.messages import notes
from ttc_openai import server_traits
from ttc_openai.address import Address
from ttc_openai.model_list import ModelList, NotAServerError, fetch_models
from ttc_openai.options import Options
from ttc_openai.server_traits import ServerTraits


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A server and the model to draw from. The key is left out of its repr."""

    address: Address
    options: Options
    traits: ServerTraits
    key: str | None = field(default=None, repr=False)

    @property
    def concurrency(self) -> int:
        """The most open requests: the option's, the server's slots, or half of the file limit."""
        most = min(self.options.concurrency, self.traits.slots or self.options.concurrency)
        # The other half is for connections that are being closed, and for the rest of the process.
        return max(1, min(most, _file_limit() // 2))

    def check(self) -> tuple[ModelServer, Mapping[str, Any]]:
        """Fetch the server's list of models; return the server and the model's entry in it.

        A model that the list lacks is used anyway, with a note: lists may be forbidden, incomplete
        or patterns. Raises BackendError if the server cannot be reached, rejects the key, is not
        compatible, or has other weights under the model's name than when it was probed.
        """
        wanted = self.address.model
        try:
            found = fetch_models(self)
        except NotAServerError as error:
            # Only the list may be behind something else; the draws will show.
            notes.tell(f"{error}; using {wanted!r} anyway")
            return self, {}
        name = found.find(wanted)
        if name is None:
            return self._unlisted(found), {}
        entry = (found.models or {})[name]
        if self.traits.weights and name == wanted and self.traits.weights != weights_of(entry):
            spec = self.address.spec
            raise BackendError(
                f"{spec}: serves other weights than when it was probed; "
                f"run ttc models probe {spec}, which gives its draws pools of their own"
            )
        return self, entry

    def _unlisted(self, found: ModelList) -> ModelServer:
        where, wanted = self.address.base_url, self.address.model
        if found.models is None:
            notes.tell(f"{where}: the server {found.why}; using {wanted!r} anyway")
            return self
        near = next(iter(get_close_matches(wanted, found.models, n=1)), "")
        hint = f"did you mean {near}?" if near else f"it has {found.names}"
        notes.tell(f"{where}: its list of models lacks {wanted!r} ({hint}); using it anyway")
        return replace(self, address=replace(self.address, suggestion=near))


def _file_limit() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 512
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft > 0 else 1 << 20


def resolve_model(server: ModelServer) -> ModelServer:
    """Return the server with a model: its only one, if the address names none.

    If the server does not answer, the one that it had before is used. Raises BackendError if it has
    several.
    """
    address = server.address
    if address.model:
        return server
    where = address.base_url
    try:
        found = fetch_models(server)
    except BackendError:
        before = server_traits.only_model(where)
        if before is None:
            raise
        return replace(server, address=replace(address, model=before))
    if found.models is None or len(found.models) != 1:
        has = f"has {found.names}" if found.models else "lists no models"
        problem = found.why if found.models is None else has
        raise BackendError(f"{where}: the server {problem}; name one, -m {where}#MODEL")
    (model,) = found.models
    server_traits.only_model(where, model)
    return replace(server, address=replace(address, model=model))


def weights_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a list entry says about the model's weights (sizes and digests), if anything."""
    meta = entry.get("meta")
    about = {**meta, **entry} if isinstance(meta, dict) else dict(entry)
    names = ("digest", "sha256", "size", "n_params", "n_vocab", "n_embd", "n_ctx_train", "ftype")
    return {name: about[name] for name in names if isinstance(about.get(name), (int, str))}
