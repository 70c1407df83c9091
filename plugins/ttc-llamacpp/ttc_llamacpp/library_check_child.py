"""Decode a few tokens in ways that may crash: the child process of `library_check`.

It reads `CheckRequest.child_input` as JSON from stdin and writes a line of JSON for each step that
worked: the import of the library, then each combination of kernels with the distance of its logits
from the first one. The first missing line shows where it crashed.
"""

from __future__ import annotations

import json
import os
import sys
import types
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ttc_llamacpp.kernels_build import PackedKernels

    Floats = NDArray[np.float32]

# Enough threads to divide the work, few enough not to spin beside a busy machine.
_THREADS = 2
# Lengths of the prompts of two sequences: products of many rows, of a full tile and with a rest.
_PROMPTS = (40, 17)


def silence() -> Any:
    """Return a private file for stdout; everything else that is printed goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def disable_core_dumps() -> None:
    """Make sure that a crash leaves no core file, no dialog and no report."""
    if sys.platform == "win32":
        import ctypes

        # SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX
        ctypes.windll.kernel32.SetErrorMode(0x8003)
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        import ctypes

        # PR_SET_DUMPABLE: RLIMIT_CORE does not apply to a core handler that the kernel pipes to.
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)


def bindings() -> Any:
    """Import llama.cpp's C API alone: the package around it would take twice the time."""
    spec = find_spec("llama_cpp")
    if spec is None:
        raise ImportError("No module named 'llama_cpp'")
    bare = types.ModuleType("llama_cpp")
    bare.__path__ = list(spec.submodule_search_locations or ())
    sys.modules.setdefault("llama_cpp", bare)
    import llama_cpp.llama_cpp as api

    return api


def run_steps(asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the result of each step that worked."""
    if asked["numpy"]:
        # As in the parent: two C++ runtimes may conflict, depending on which is loaded first.
        import numpy  # noqa: F401
    api = bindings()
    offloads = bool(api.llama_supports_gpu_offload())
    on_gpu = offloads and asked["on_gpu"]
    yield {"features": api.llama_print_system_info().decode("utf-8", "replace"), "on_gpu": on_gpu}
    if on_gpu:
        read_vocabulary(api, asked["vocabulary"])
        yield {"vocabulary": True}
        return
    if offloads:
        _hide_devices(api)
    first: Floats | None = None
    for kernels, extras in asked["ways"]:
        try:
            found = logits(asked, kernels, extras=extras)
        except Exception as error:  # noqa: BLE001 (whatever it is, the parent reports it)
            yield {"error": f"{error or type(error).__name__}"}
            return
        first = found if first is None else first
        yield {"difference": difference(first, found)}


def read_vocabulary(api: Any, path: str) -> None:
    """Load a model's vocabulary without its weights: all that a GPU build does on the CPU."""
    api.llama_backend_init()
    params = api.llama_model_default_params()
    params.vocab_only, params.n_gpu_layers = True, 0
    if model := api.llama_model_load_from_file(path.encode(), params):
        api.llama_model_free(model)


def logits(asked: Mapping[str, Any], kernels: str, *, extras: bool) -> Floats:
    """Return the logits (rows, vocabulary) of a few prompts and steps with a combination of
    kernels."""
    import numpy as np

    from ttc_llamacpp.kv_cache import CacheShape, KVCache, Row
    from ttc_llamacpp.llama_api import Model

    loaded = packed(asked["library"]) if kernels == "packed" else None
    model = Model(Path(asked["model"]), 0, loaded, extras=extras)
    sequences = KVCache(model, CacheShape(2, 256, _THREADS, asked["flash"], asked["cache"]))
    tokens = [7 * index % min(model.n_vocab, 251) for index in range(sum(_PROMPTS) + 4)]
    rows, at = list[Any](), 0
    for place, count in enumerate(_PROMPTS):
        last = sequences.prefill(place, tokens[at : at + count], last=True)
        rows.append(last)
        at += count
    # One token alone, then one a sequence: products of one row and of a few.
    rows += list(sequences.decode([Row(0, tokens[at])]).copy())
    rows += list(sequences.decode([Row(0, tokens[at + 1]), Row(1, tokens[at + 2])]).copy())
    sequences.close()
    model.close()
    return np.stack(rows)


def _hide_devices(api: Any) -> None:
    """Make llama.cpp compute on the processor only, which is what is to be checked."""
    default, none = api.llama_model_default_params, (api.ctypes.c_void_p * 1)(None)

    def without() -> Any:
        params = default()
        params.devices = api.ctypes.cast(none, api.ctypes.c_void_p)
        return params

    api.llama_model_default_params = without


def packed(library: str) -> PackedKernels:
    """Return the compiled kernels, registered with this process's llama.cpp."""
    from ttc_llamacpp.kernels_build import PackedKernels

    return PackedKernels(Path(library))


def difference(one: Floats, other: Floats) -> float | None:
    """Return the distance of two arrays of logits (root mean square) in units of the standard
    deviation of the first; None if either is not finite."""
    import numpy as np

    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return None
    spread = float(one.std())
    return float(np.sqrt(np.square(one - other).mean())) / spread if spread else 0.0


def main() -> None:
    """Run one check."""
    disable_core_dumps()
    out, asked = silence(), json.load(sys.stdin)
    try:
        for line in run_steps(asked):
            print(json.dumps(line), file=out, flush=True)
    except (ImportError, OSError, RuntimeError) as error:
        print(json.dumps({"unusable": str(error)}), file=out, flush=True)
