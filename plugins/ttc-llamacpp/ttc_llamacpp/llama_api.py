"""llama.cpp's C API as the engine uses it: a loaded model and its tokenizer.

Importing this imports llama_cpp (half a second), so it is done with the first request only.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import llama_cpp.llama_cpp as api

from ttc.answers.thinking import is_mark
from ttc.errors import BackendError
from ttc_llamacpp.llama_log import LOG

if TYPE_CHECKING:
    from ttc_llamacpp.kernels_build import PackedKernels
    from ttc_llamacpp.lora import Lora
    from ttc_llamacpp.lora_adapters import Adapters


class Model:
    """Loaded weights and their vocabulary. Raises BackendError with llama.cpp's reason on failure.

    `kernels` multiply the weights that they can pack; a GPU build ignores them. With `extras`, ggml
    may use its extra buffers, which keep weights in other layouts for other kernels (AMX,
    repacking). `loras` are loaded with it; contexts set them.
    """

    def __init__(
        self,
        path: Path,
        gpu_layers: int,
        kernels: PackedKernels | None = None,
        *,
        extras: bool = True,
        loras: Sequence[Lora] = (),
    ) -> None:
        self.path = path
        LOG.install()
        LOG.take()
        api.llama_backend_init()
        params = api.llama_model_default_params()
        params.n_gpu_layers, params.use_extra_bufts = gpu_layers, extras
        self.offloads: bool = gpu_layers != 0 and api.llama_supports_gpu_offload()
        self._kernels = None if self.offloads else kernels
        with self._kernels.model() if self._kernels else nullcontext():
            self.handle: Any = api.llama_model_load_from_file(str(path).encode(), params)
        if not self.handle:
            raise BackendError(f"{path}: llama.cpp cannot load it: {LOG.take()}")
        if api.llama_model_has_encoder(self.handle) or api.llama_model_is_diffusion(self.handle):
            self.close()
            raise BackendError(f"{path}: not a causal language model, the one kind supported")
        self.vocab: Any = api.llama_model_get_vocab(self.handle)
        self.n_vocab: int = api.llama_vocab_n_tokens(self.vocab)
        self.n_ctx_train: int = api.llama_model_n_ctx_train(self.handle)
        self._pieces: dict[int, bytes] = {}
        self.adapters: Adapters | None = None
        if loras:
            from ttc_llamacpp.lora_adapters import Adapters

            try:
                self.adapters = Adapters(self.handle, loras)
            except BackendError:
                self.close()
                raise

    def making_context(self) -> AbstractContextManager[None]:
        """Return the context manager in which llama.cpp contexts of this model must be created."""
        return self._kernels.context() if self._kernels else nullcontext()

    def tokenize(self, text: str, *, add_bos: bool) -> tuple[int, ...]:
        """Return the tokens of a text; special tokens in it are parsed.

        `add_bos` prepends the model's BOS if it wants one and the text has none.
        """
        data = text.encode("utf-8", "replace")
        size = len(data) + 8
        buffer = (ctypes.c_int32 * size)()
        count = api.llama_tokenize(self.vocab, data, len(data), buffer, size, False, True)
        tokens = tuple(buffer[: max(count, 0)])
        bos: int = api.llama_vocab_bos(self.vocab)
        wanted = add_bos and bos >= 0 and api.llama_vocab_get_add_bos(self.vocab)
        return (bos, *tokens) if wanted and tokens[:1] != (bos,) else tokens

    def piece(self, token: int) -> bytes:
        """Return a token's bytes, which may be part of a character. Control tokens give b"", except
        those that mark thoughts."""
        found = self._pieces.get(token)
        if found is None:
            found = self._pieces[token] = self._render(token)
        return found

    def _render(self, token: int) -> bytes:
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            count = api.llama_token_to_piece(self.vocab, token, buffer, size, 0, False)
            if count == 0 and is_mark(spelling := self.spelling(token)):
                return spelling.encode()
            if count >= 0:
                return buffer.raw[:count]
            size = -count

    def ends(self, token: int) -> bool:
        """Return whether the token ends a generation (EOS, EOT, …)."""
        return bool(api.llama_vocab_is_eog(self.vocab, token))

    def spelling(self, token: int) -> str:
        """Return the text of a special token, "" for a missing one (-1)."""
        return str(api.llama_vocab_get_text(self.vocab, token).decode()) if token >= 0 else ""

    @property
    def bos(self) -> str:
        """The text of BOS, as chat templates use it."""
        return self.spelling(api.llama_vocab_bos(self.vocab))

    @property
    def eos(self) -> str:
        """The text of EOS."""
        return self.spelling(api.llama_vocab_eos(self.vocab))

    def close(self) -> None:
        """Free the weights."""
        if self.handle:
            api.llama_model_free(self.handle)
            self.handle = None
