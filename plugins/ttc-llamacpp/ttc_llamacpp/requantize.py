"""The weights of a file in another encoding, written by llama.cpp and kept in the cache folder.

A quantised file spends its time unpacking. The same weights as 32-bit floats, exactly the numbers
that llama.cpp unpacks them to, decode many draws at once nearly twice as fast, for up to eight
times the memory. f16 and bf16 round them to 11 and 8 bits. q8_0 and q4_0 quantise them again.
"""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path

from ttc import paths
from ttc.errors import BackendError
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.options import WEIGHTS

EXPANSIONS, REQUANTISED = WEIGHTS[1:4], WEIGHTS[4:]

# llama.h's file types, and bits a weight.
_FTYPES = {"f32": 0, "f16": 1, "bf16": 32, "q8_0": 7, "q4_0": 2}
_BITS = {"f32": 32.0, "f16": 16.0, "bf16": 16.0, "q8_0": 8.5, "q4_0": 4.5}
_MARGIN = 1 << 20


def size(header: Header, encoding: str) -> int:
    """Return the approximate bytes of the weights in an encoding."""
    return int(header.parameters * _BITS[encoding] / 8) + _MARGIN


def reencode(header: Header, digest: str, encoding: str) -> Path:
    """Return the file with a header's weights in an encoding; write it first if it is missing.

    Raises BackendError if the disk is too full or llama.cpp cannot write it.
    """
    if encoding == "file":
        return header.path
    folder = paths.cache_folder() / "weights"
    path = folder / f"{digest.removeprefix('sha256:')}.{encoding}.gguf"
    if path.is_file():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < size(header, encoding):
            raise BackendError(
                f"{folder}: not enough disk space for the weights as {encoding} "
                f"({size(header, encoding) / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free); "
                'set weights = "file", or TTC_CACHE to another folder'
            )
        with paths.replacing(path) as part:
            _write(header.path, part, encoding)
    except OSError as error:
        raise BackendError(f"{folder}: {error.strerror or error}") from None
    return path


def _write(source: Path, target: Path, encoding: str) -> None:
    import llama_cpp.llama_cpp as api

    from ttc_llamacpp.llama_log import LOG

    LOG.install()
    LOG.take()
    params = api.llama_model_quantize_default_params()
    params.ftype, params.allow_requantize = _FTYPES[encoding], True
    given = str(source).encode(), str(target).encode(), ctypes.byref(params)
    if api.llama_model_quantize(*given):
        raise BackendError(f"{source}: llama.cpp cannot convert it to {encoding}: {LOG.take()}")
