"""The command that builds a llama.cpp which works on this machine."""

from __future__ import annotations

from collections.abc import Iterable

from ttc.plugins import installing

PACKAGE = "llama-cpp-python"

# ggml's switches without GGML_NATIVE, the processor flag for each, and their default there. AMX is
# left out on purpose: GCC before 13 compiles a crash.
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


def reinstall(flags: Iterable[str], libraries: Iterable[str]) -> str:
    """Return the command that rebuilds llama-cpp-python with explicit switches.

    The switches are for a processor with these `flags`, instead of what the compiler detects. GPU
    support is kept, as the names of the `libraries` show it.
    """
    there, has = set(flags), " ".join(libraries).upper()
    switches = ["-DGGML_NATIVE=OFF"]
    # Other processors than x86 have other switches and none of these flags.
    if "sse2" in there:
        switches += [
            f"-DGGML_{name}={'OFF' if usual else 'ON'}"
            for name, flag, usual in _SWITCHES
            if (flag in there) is not usual
        ]
    switches += [f"-DGGML_{name}=ON" for name in _DEVICES if f"GGML-{name}" in has]
    return f'CMAKE_ARGS="{" ".join(switches)}" {installing.rebuild(PACKAGE)}'
