"""The OpenAI backend: the verbs of the protocol over a server contacted with the first request.

A server's weights cannot be seen. So the fingerprint of a model is a digest of its name, the host
if it is public, what the server said about the weights when it was probed (llama-server: their
size, parameters and shape), and the alias's `revision`. A public host counts because providers
quantise as they like. A private server is identified by the model alone, so another port, machine
or restart does not start another pool (`ttc_openai.serving` compares such servers). Builds
(`system_fingerprint`) do not count. A server with other weights under a name than when it was
probed is rejected.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ttc import keys
from ttc.backends import Completion, Finding, ModelInfo, Probing, Request, refusal
from ttc.messages import notes, secrets
from ttc.records import SamplingParams
from ttc_openai import forms, server_traits
from ttc_openai.address import Address, key_for, parse
from ttc_openai.dialect import unsupported_param
from ttc_openai.options import Options
from ttc_openai.server import ModelServer, resolve_model
from ttc_openai.server_traits import ServerTraits
from ttc_openai.serving import check_same_weights
from ttc_openai.supported_params import find_unset_params

if TYPE_CHECKING:
    from ttc_openai.dispatcher import Dispatcher


# Seconds between two looks at what else there is to do, where a caller steps.
STEP = 0.002


class OpenAI:
    """A model on an OpenAI-compatible server as a ttc backend."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self.model = describe(server.address, server.traits, server.options.revision)
        self.capabilities = server.traits.capabilities
        self._dispatcher: Dispatcher | None = None
        self._refused: list[Completion] = []
        self._under_way: set[str] = set()

    @classmethod
    def open(cls, model: str, options: Mapping[str, Any]) -> OpenAI:
        """Find the model's address and its known traits. Raises UsageError or BackendError."""
        given = Options.parse(options)
        address = parse(model, given.base_url, given.proxy)
        server = resolve_model(ModelServer(address, given, ServerTraits(), key_for(address)))
        traits = server_traits.read(server.address)
        traits = replace(traits, logprobs=traits.logprobs and given.logprobs)
        return cls(ModelServer(server.address, given, traits, server.key))

    def submit(self, request: Request) -> None:
        """Queue a request; the first one fetches the server's list of models.

        Raises BackendError if the server cannot be used or serves other weights.
        """
        error = self.refuses(request)
        self._under_way.add(request.id)
        if error is not None:
            self._refused.append(Completion(request.id, "", "error", error=error))
            return
        if self._dispatcher is None:
            self._server, entry = self._server.check()
            check_same_weights(self._server.address, self.model.fingerprint, entry)
            from ttc_openai.dispatcher import Dispatcher

            if line := forms.without_effect(request, self._server.traits):
                notes.tell(f"{self._server.address.spec}: {line}")
            self._dispatcher = Dispatcher(self._server)
            self._end = weakref.finalize(self, self._dispatcher.close)
        self._dispatcher.submit(request)

    def refuses(self, request: Request) -> str | None:
        """Return why the server cannot be asked for something, None if it can."""
        reason = refusal(request, self.capabilities) or unsupported_param(
            request, self._server.traits
        )
        return reason and f"{self._server.address.spec}: {reason}"

    def wait(self) -> Completion:
        """Return the next completion to finish. Raises LookupError if no request is unfinished."""
        while True:
            if (done := self._next(1.0)) is not None:
                return done

    def step(self) -> Completion | None:
        """Return a completion that finishes within STEP seconds, else None.

        Raises LookupError if no request is unfinished.
        """
        return self._next(STEP)

    def _next(self, seconds: float) -> Completion | None:
        if not self._under_way:
            raise LookupError("no request is under way")
        if self._refused:
            done = self._refused.pop(0)
        else:
            assert self._dispatcher is not None
            arrived = self._dispatcher.wait_for(seconds)
            if arrived is None:
                return None
            done = arrived
        self._under_way.discard(done.request_id)
        return self._without_key(done)

    def _without_key(self, done: Completion) -> Completion:
        """Return a completion with all keys redacted, wherever they came from."""
        text = secrets.redacted(done.text, said_by_model=True)
        if text != done.text:
            notes.tell(
                f"{self._server.address.spec}: a draw's text contained a key, replaced by ***"
            )
        stop = done.stop and secrets.redacted(done.stop)
        error = done.error and secrets.redacted(done.error)
        if (text, stop, error) == (done.text, done.stop, done.error):
            return done
        return replace(done, text=text, stop=stop, error=error)

    def settle(self, params: SamplingParams) -> ModelInfo:
        """Find out whether the server accepts parameters of `params` that are off.

        Returns the model as its draws are keyed.
        """
        if self._dispatcher is None:
            self._server = replace(self._server, traits=find_unset_params(self._server, params))
            self.model = replace(self.model, unset=self._server.traits.unset)
        return self.model

    def cancel(self, request_id: str) -> None:
        """Stop a draw; it is returned as `cancelled`. Unknown ids are ignored."""
        if self._dispatcher is not None and request_id in self._under_way:
            self._dispatcher.cancel(request_id)

    def close(self) -> None:
        """Close all connections. Unfinished requests are dropped."""
        self._under_way.clear()
        self._refused.clear()
        if self._dispatcher is not None:
            self._end()
            self._dispatcher = None

    def check(self) -> tuple[Finding, ...]:
        """Check the server by its list of models; nothing is drawn."""
        from ttc_openai.checking import findings

        return findings(self._server)

    def probe(self, *, tell: Callable[[str], None]) -> Probing:
        """Test what the server does with this model and keep the findings. Raises BackendError."""
        from ttc_openai.probe.report import probe

        traits, rows, path = probe(self._server, tell)
        address, revision = self._server.address, self._server.options.revision
        return Probing(
            describe(address, traits, revision), traits.capabilities, tuple(rows), str(path)
        )


def describe(address: Address, traits: ServerTraits, revision: str) -> ModelInfo:
    """Return the model's identity, as far as it is known without its weights."""
    # Servers that were started with a file may name the model by its path.
    name = PurePath(address.model).name if address.model.startswith("/") else address.model
    about: dict[str, Any] = {"place": address.identity_host, "model": name}
    if traits.weights:
        about["weights"] = dict(traits.weights)
    if revision:
        about["revision"] = revision
    numbers = traits.weights.get("n_params"), traits.weights.get("n_ctx_train")
    parameters, context = (value if isinstance(value, int) else None for value in numbers)
    fingerprint = keys.digest("openai1", about)
    return ModelInfo(name, fingerprint, context, parameters, unset=traits.unset)
