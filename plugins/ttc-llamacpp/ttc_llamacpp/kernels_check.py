"""Compare single ggml nodes computed by the packed kernels with those of ggml's CPU backend.

Run by `children` with the path of a library; the exit status is 0 if both agree.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as api
import numpy as np
from numpy.typing import NDArray

from ttc_llamacpp.kernels_build import PackedKernels
from ttc_llamacpp.library_check_child import disable_core_dumps

Floats = NDArray[np.float32]

# ggml.h, ggml-backend.h
F32, F16, Q4_0, Q4_1, Q8_0 = 0, 1, 2, 3, 8
_CPU = 0
_OVERHEAD = 1 << 20

_pointer = ctypes.c_void_p
_LIBRARY: Any = api._lib


class _InitParams(ctypes.Structure):
    """struct ggml_init_params."""

    _fields_ = (
        ("mem_size", ctypes.c_size_t),
        ("mem_buffer", _pointer),
        ("no_alloc", ctypes.c_bool),
    )


def _call(name: str, *arguments: Any, returns: Any = _pointer) -> Any:
    """Call a function of ggml: integers are passed as 64 bits, addresses are integers."""
    function = getattr(_LIBRARY, name)
    function.restype = returns
    wide = [ctypes.c_int64(each) if isinstance(each, int) else each for each in arguments]
    return function(*wide)


@dataclass(frozen=True, slots=True)
class Device:
    """A ggml device and the buffer type for its weights."""

    handle: int
    weights: int

    @contextmanager
    def backend(self, threads: int) -> Iterator[int]:
        """Yield a backend of the device that computes with `threads` threads."""
        backend = _call("ggml_backend_dev_init", self.handle, None)
        registry = _call("ggml_backend_dev_backend_reg", self.handle)
        name = b"ggml_backend_set_n_threads"
        setter = _call("ggml_backend_reg_get_proc_address", registry, name)
        ctypes.CFUNCTYPE(None, _pointer, ctypes.c_int)(setter)(backend, threads)
        try:
            yield backend
        finally:
            _call("ggml_backend_free", backend, returns=None)


def cpu() -> Device:
    """Return ggml's own CPU backend."""
    weights = _call("ggml_backend_cpu_buffer_type")
    return Device(_call("ggml_backend_dev_by_type", _CPU), weights)


def ours(kernels: PackedKernels) -> Device:
    """Return the device of the packed kernels."""
    functions = kernels.library.ttc_device, kernels.library.ttc_packed_type
    for function in functions:
        function.restype = _pointer
    return Device(functions[0](), functions[1]())


@contextmanager
def _tensors() -> Iterator[int]:
    """Yield a ggml context for tensors without data."""
    context = _call("ggml_init", _InitParams(_OVERHEAD, None, True))
    try:
        yield context
    finally:
        _call("ggml_free", context, returns=None)


@contextmanager
def _allocated(context: int, buffer_type: int) -> Iterator[None]:
    buffer = _call("ggml_backend_alloc_ctx_tensors_from_buft", context, buffer_type)
    try:
        yield
    finally:
        _call("ggml_backend_buffer_free", buffer, returns=None)


def _tensor(context: int, encoding: int, shape: tuple[int, ...]) -> int:
    """Return a tensor by its shape as numpy gives it, slowest dimension first."""
    sizes = (ctypes.c_int64 * len(shape))(*reversed(shape))
    tensor: int = _call("ggml_new_tensor", context, encoding, len(shape), sizes)
    return tensor


def _set(tensor: int, data: bytes) -> None:
    _call("ggml_backend_tensor_set", tensor, data, 0, len(data), returns=None)


def _compute(
    context: int, device: Device, node: int, shape: tuple[int, ...], threads: int
) -> Floats:
    graph = _call("ggml_new_graph", context)
    _call("ggml_build_forward_expand", graph, node, returns=None)
    if not _call("ggml_backend_dev_supports_op", device.handle, node, returns=ctypes.c_bool):
        raise ValueError("the device does not support it")
    out = np.empty(shape, np.float32)
    with device.backend(threads) as backend:
        # Twice: the second run must not allocate anything.
        for _ in range(2):
            if _call("ggml_backend_graph_compute", backend, graph, returns=ctypes.c_int):
                raise MemoryError
    _call("ggml_backend_tensor_get", node, out.ctypes.data, 0, out.nbytes, returns=None)
    return out


def quantised(weights: Floats, encoding: int) -> bytes:
    """Return a matrix (rows, columns) in one of ggml's encodings."""
    rows, columns = weights.shape
    size = rows * _call("ggml_row_size", encoding, columns, returns=ctypes.c_size_t)
    out = ctypes.create_string_buffer(size)
    source = np.ascontiguousarray(weights).ctypes.data
    _call("ggml_quantize_chunk", encoding, source, out, 0, rows, columns, None)
    return out.raw


def product(device: Device, weights: Floats, encoding: int, x: Floats, threads: int = 1) -> Floats:
    """Return x (n, columns) times the transposed weights (rows, columns), which are quantised: (n,
    rows).

    Raises ValueError if the device does not support it.
    """
    shape = x.shape[0], weights.shape[0]
    with _tensors() as held, _tensors() as context:
        matrix = _tensor(held, encoding, weights.shape)
        batch = _tensor(context, F32, x.shape)
        node = _call("ggml_mul_mat", context, matrix, batch)
        with _allocated(held, device.weights), _allocated(context, cpu().weights):
            _set(matrix, quantised(weights, encoding))
            _set(batch, x.tobytes())
            return _compute(context, device, node, shape, threads)


def attention(
    device: Device, q: Floats, k: Floats, v: Floats, mask: Floats, threads: int = 1
) -> Floats:
    """Return attention (sequences, tokens, heads, size).

    Queries are (sequences, heads, tokens, size); keys and values (sequences, shared heads,
    positions, size) are rounded to float16; the mask is (sequences, 1, tokens, positions). Raises
    ValueError if the device does not support it.
    """
    sequences, heads, tokens, size = q.shape
    with _tensors() as context:
        given = [(q, F32), (k, F16), (v, F16), (mask, F16)]
        tensors = [_tensor(context, encoding, each.shape) for each, encoding in given]
        numbers = [ctypes.c_float(each) for each in (size**-0.5, 0.0, 0.0)]
        node = _call("ggml_flash_attn_ext", context, *tensors, *numbers)
        with _allocated(context, cpu().weights):
            for tensor, (each, encoding) in zip(tensors, given, strict=True):
                _set(tensor, each.astype(np.float16 if encoding == F16 else np.float32).tobytes())
            return _compute(context, device, node, (sequences, tokens, heads, size), threads)


def largest_difference(one: Floats, other: Floats) -> float:
    """Return the largest difference as a share of the largest number."""
    return float(np.abs(one - other).max() / np.abs(other).max())


def find_difference(path: str) -> str | None:
    """Compare the nodes of a library with ggml's; return the first difference, None if there is
    none."""
    device, random = ours(PackedKernels(Path(path))), np.random.default_rng(0)

    def normal(*shape: int) -> Floats:
        return random.standard_normal(shape, np.float32)

    for encoding in (Q4_0, Q4_1, Q8_0):
        weights, x = normal(48, 96), normal(21, 96)
        found = product(device, weights, encoding, x, 2)
        if not largest_difference(found, product(cpu(), weights, encoding, x)) < 1e-4:
            return f"error: a product of type {encoding} differs from ggml's"
    q, k, v = normal(3, 6, 1, 64), normal(3, 2, 40, 64), normal(3, 2, 40, 64)
    mask = np.where(np.arange(40) < 33, 0, -np.inf).astype(np.float32)
    masks = np.broadcast_to(mask, (3, 1, 1, 40))
    found = attention(device, q, k, v, masks, 2)
    if not largest_difference(found, attention(cpu(), q, k, v, masks)) < 1e-2:
        return "error: attention differs from ggml's"
    return None


def main() -> None:
    """Compare the library that the command line names."""
    disable_core_dumps()
    sys.exit(find_difference(sys.argv[1]))
