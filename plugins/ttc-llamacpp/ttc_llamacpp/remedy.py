"""The line that builds a llama.cpp which works on this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "llama-cpp-python"

# ggml's switches without GGML_NATIVE, the processor's flag for each, and whether it is on then.
# AMX has none on purpose: GCC before 13 compiles a crash.
_SWITCHES = (
    ("SSE42", "sse4_2", True),
    ("AVX", "avx", True),
    ("AVX2", "avx2", True),
    ("BMI2", "bmi2", True),
    ("FMA", "fma", True),
    ("F16C", "f16c", True),
    ("AVX_VNNI", "avx_vnni", False),
    ("AVX512", "avx512bw", False),
    ("AVX512_VBMI", "avx512vbmi", False),
    ("AVX512_VNNI", "avx512_vnni", False),
    ("AVX512_BF16", "avx512_bf16", False),
)
_DEVICES = ("CUDA", "VULKAN", "HIP", "SYCL", "MUSA", "OPENCL", "BLAS", "RPC")


def installed() -> str | None:
    """Return the version of llama-cpp-python, None where it is not installed."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return None


def installer() -> str:
    """Return how packages are installed where this interpreter finds them."""
    pip = shutil.which("pip")
    if pip and Path(pip).parent.resolve() == Path(sys.executable).parent.resolve():
        return "pip install"
    if find_spec("pip"):
        return f"{sys.executable} -m pip install"
    return f"uv pip install --python {sys.executable}"


def reinstall(flags: Iterable[str], libraries: Iterable[str]) -> str:
    """Return the command that builds llama-cpp-python anew for a processor with these flags, by
    switches of its own instead of those that the compiler takes from the processor; devices that
    the files of the library name stay in it."""
    there, has = set(flags), " ".join(libraries).upper()
    switches = ["-DGGML_NATIVE=OFF"]
    # Other processors than x86 have other switches, and no flag of these.
    if "sse2" in there:
        switches += [
            f"-DGGML_{name}={'OFF' if usual else 'ON'}"
            for name, flag, usual in _SWITCHES
            if (flag in there) is not usual
        ]
    switches += [f"-DGGML_{name}=ON" for name in _DEVICES if f"GGML-{name}" in has]
    release = installed()
    wanted = f"{PACKAGE}=={release}" if release else PACKAGE
    return (
        f'CMAKE_ARGS="{" ".join(switches)}" {installer()} --force-reinstall --no-deps '
        f"--no-cache-dir --no-binary {PACKAGE} {wanted}"
    )
