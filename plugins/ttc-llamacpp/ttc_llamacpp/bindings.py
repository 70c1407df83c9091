"""Make llama-cpp-python's own classes use kernels that work on this machine.

They have no option for it. `python -m ttc_llamacpp.bindings MODEL MODULE [ARGUMENTS]` applies it to
MODEL and then runs a module that loads the model, such as `llama_cpp.server`.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

from ttc_llamacpp import library_check
from ttc_llamacpp.gguf import read_header
from ttc_llamacpp.options import Options


def use_safe_kernels(model: Path) -> None:
    """Load models without ggml's extra buffers from now on, if this model needs that.

    Raises BackendError if llama.cpp does not work at all.
    """
    if library_check.choose(read_header(model), Options()).extras:
        return
    import llama_cpp.llama_cpp as api

    default = api.llama_model_default_params

    def without() -> Any:
        params = default()
        params.use_extra_bufts = False
        return params

    api.llama_model_default_params = without


if __name__ == "__main__":
    use_safe_kernels(Path(sys.argv[1]))
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
