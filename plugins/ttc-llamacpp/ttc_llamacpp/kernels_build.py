"""Products of packed weights, and attention, by C code compiled for this processor.

llama.cpp has no batched product for some types of weights (Q4_1 on any processor), and its
attention of one token a sequence does not share what it reads among heads. `kernels/` has both for
AVX-512 with VNNI, as a ggml device. It is compiled once, by the C compiler that llama-cpp-python
needed too and against the headers installed with that, and kept in the cache folder. Before that, a
few small nodes are computed in a process of its own and compared with ggml's CPU backend: a library
that differs or crashes is not kept.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ttc import paths
from ttc.errors import BackendError
from ttc.plugins import installing
from ttc_llamacpp import children, remedy
from ttc_llamacpp.profiles import machine

_SOURCES = Path(__file__).parent / "kernels"
_FLAGS = ("-std=gnu11", "-O3", "-march=native", "-fopenmp", "-fPIC", "-shared")
_COMPILERS = ("cc", "gcc", "clang")
_COMPILE_TIMEOUT = 120.0

# struct ggml_calls in kernels/mirror.h.
_CALLED = (
    "ggml_backend_cpu_buffer_type",
    "ggml_backend_buft_alloc_buffer",
    "ggml_backend_buffer_free",
    "ggml_backend_buft_is_host",
    "ggml_backend_dev_by_type",
    "ggml_backend_dev_backend_reg",
    "ggml_backend_dev_init",
    "ggml_backend_free",
    "ggml_backend_device_register",
    "ggml_graph_n_nodes",
    "ggml_graph_nodes",
)
# Arguments of `ttc_use`.
_NOTHING, _MODEL, _CONTEXT = 0, 1, 2


class PackedKernels:
    """The compiled code, registered with the llama.cpp of this process.

    Raises BackendError if llama.cpp's structs are not those that the code was written for.
    """

    def __init__(self, path: Path) -> None:
        import llama_cpp.llama_cpp as api

        try:
            self.library: Any = ctypes.CDLL(str(path))
            # The handle of the library that llama_cpp loaded also finds its dependencies; loading
            # ggml by path could create a second copy of it.
            found = [ctypes.cast(getattr(api._lib, name), ctypes.c_void_p) for name in _CALLED]
        except (OSError, AttributeError) as error:
            raise BackendError(f"{path}: cannot be used with this llama.cpp: {error}") from None
        if self.library.ttc_register((ctypes.c_void_p * len(found))(*found)):
            raise BackendError(f"{path}: llama.cpp's backends have another layout than expected")

    def model(self) -> AbstractContextManager[None]:
        """Return a context manager in which loaded models have their weights packed."""
        return self._use(_MODEL)

    def context(self) -> AbstractContextManager[None]:
        """Return a context manager for creating llama.cpp contexts with the device; packed models
        need it."""
        return self._use(_CONTEXT)

    @contextmanager
    def _use(self, what: int) -> Iterator[None]:
        self.library.ttc_use(what)
        try:
            yield
        finally:
            self.library.ttc_use(_NOTHING)


@functools.cache
def load() -> PackedKernels:
    """Return the kernels, compiling them first if needed. Raises BackendError with the reason."""
    return PackedKernels(built())


def built() -> Path:
    """Return the library for this machine and llama.cpp, compiled and checked if it is missing."""
    spec = find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        raise BackendError("llama-cpp-python is not installed")
    sources = sorted(_SOURCES.iterdir())
    headers = Path(spec.origin).parents[1] / "include"
    parts = [installing.version_of(remedy.PACKAGE) or "", machine(), *_FLAGS]
    digest = hashlib.sha256("\0".join(parts).encode())
    for source in sources:
        digest.update(source.read_bytes())
    path = paths.cache_folder() / "kernels" / f"{digest.hexdigest()[:32]}.so"
    if path.is_file():
        return path
    if not (headers / "ggml.h").is_file():
        raise BackendError(f"{headers}: no headers of ggml; llama-cpp-python's wheel brings them")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with paths.replacing(path) as part:
            code = str(_SOURCES / "device.c")
            _run([_compiler(), *_FLAGS, f"-I{headers}", code, "-o", str(part)])
            _try(part)
    except OSError as error:
        raise BackendError(f"{path.parent}: {error.strerror or error}") from None
    return path


def _compiler() -> str:
    named = os.environ.get("CC")
    for name in [named] if named else _COMPILERS:
        if found := shutil.which(name):
            return found
    raise BackendError(f"no C compiler ({named or ', '.join(_COMPILERS)}); install one or set CC")


def _run(command: list[str]) -> None:
    """Run a command. Raises BackendError with its first error line if it fails."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_COMPILE_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise BackendError(f"{name}: not done after {_COMPILE_TIMEOUT:.0f} s") from None
    if done.returncode:
        raise _error_from(done.stderr, f"status {done.returncode}")


def _try(library: Path) -> None:
    """Compare a library's nodes with ggml's in a process of its own.

    Raises BackendError if they differ or the process dies.
    """
    try:
        child = children.run("ttc_llamacpp.kernels_check", str(library))
    except children.ChildError as error:
        raise BackendError(f"the kernels cannot be checked: {error}") from None
    if child.failed:
        raise _error_from(child.complaints, f"their check {child.death or 'fails'}")


def _error_from(stderr: str, otherwise: str) -> BackendError:
    lines = stderr.strip().splitlines() or [otherwise]
    reason = next((line for line in lines if "error" in line), lines[-1])
    return BackendError(f"the packed kernels cannot be used: {reason.strip()}")
