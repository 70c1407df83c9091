"""Check which of llama.cpp's kernels work on this machine, in a process that may crash.

A library built for another processor, or by a faulty compiler, crashes or computes garbage. So
before the first draw a child process (`library_check_child`) decodes a few tokens with a tiny model
that is quantised like the real one, first with llama.cpp's plain kernels and then with the
requested ones. Kernels that crash, hang or differ by more than rounding are not used: first ggml's
extra buffers are turned off (they keep weights in layouts for other kernels, such as AMX), then the
packed kernels. The arithmetic stays the same, and so do draws and pools.

The result is kept beside the profiles, under a digest of everything that it depends on.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ttc.errors import BackendError
from ttc_llamacpp import check_result, children
from ttc_llamacpp.check_request import CheckRequest, extras_name, rebuild_command
from ttc_llamacpp.check_result import CheckResult
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.options import Options

# If no tiny model can be made, the model itself is used, up to this size.
_LARGEST = 256 << 20
_COST = (
    "Answers are the same, only slower: by about a fifth for Q4_0 files, "
    "hardly at all for Q4_1 and Q8_0"
)


@dataclass(frozen=True, slots=True)
class KernelChoice:
    """The kernels to use here. `off` has a message for each thing that is turned off."""

    kernels: str
    extras: bool
    off: tuple[str, ...] = ()


def choose(header: Header, options: Options, library: Path | None = None) -> KernelChoice:
    """Return the kernels to use for a model's weights.

    `library` are the packed kernels, if requested. Raises BackendError if llama.cpp does not work.
    """
    request = CheckRequest(header, options, library)
    result = check(request)
    require_working(result)
    if result.unknown:
        why = f"llama.cpp could not be checked ({result.unknown}), so its {extras_name()} are off"
        return KernelChoice("ggml", extras=False, off=(why,))
    faults = [result.fault(request.kernels, extra) for extra in (True, False)]
    if not faults[0]:
        return KernelChoice(request.kernels, extras=True)
    if not faults[1]:
        why = _known_off() if result.before else _without_extras(faults[0])
        return KernelChoice(request.kernels, extras=False, off=(why,))
    # Only the packed kernels are faulty, since ggml's plain ones work.
    why = (
        f"llama.cpp {faults[1]} with the packed kernels, so they are off. Answers are the same, "
        f"only slower. To compile them again: rm {library}, and set CC to another compiler"
    )
    plain = choose(header, options)
    return KernelChoice(plain.kernels, plain.extras, (why, *plain.off))


def require_working(result: CheckResult) -> None:
    """Raise BackendError if not even the plain kernels work."""
    if result.unusable:
        raise BackendError(f"llama-cpp-python cannot be imported: {result.unusable}")
    if fault := result.fault("ggml", extras=False):
        raise BackendError(
            f"llama.cpp {fault} even with its plain kernels (or the model file is damaged); "
            f"to rebuild it: {rebuild_command()}"
        )


def _without_extras(fault: str) -> str:
    return (
        f"llama.cpp {fault} with its {extras_name()}, so they are off. {_COST}. "
        f"To fix it: {rebuild_command()}"
    )


def _known_off() -> str:
    return f"llama.cpp's {extras_name()} are off here; ttc doctor says why and how to fix it"


def check(request: CheckRequest, *, anew: bool = False) -> CheckResult:
    """Return the kept result of a check; with `anew`, or if none is kept, check first."""
    path = check_result.path_of(request)
    if not anew and (known := check_result.read(path)) is not None:
        return known
    result = _run(request)
    check_result.write(path, result)
    return result


def _run(request: CheckRequest) -> CheckResult:
    try:
        with tempfile.TemporaryDirectory(prefix="ttc-") as folder:
            models = {"model": str(_model(request, Path(folder)))}
            models["vocabulary"] = str(request.header.path)
            stdin = json.dumps({**request.child_input(), **models})
            try:
                child = children.run("ttc_llamacpp.library_check_child", stdin=stdin)
            except children.ChildBusyError:
                raise
            except children.ChildError:
                # Something killed it; try once more.
                child = children.run("ttc_llamacpp.library_check_child", stdin=stdin)
    except children.ChildError as error:
        return CheckResult(unknown=str(error))
    except OSError as error:
        return CheckResult(unknown=f"{error.filename or 'its files'}: {error.strerror or error}")
    return check_result.from_child(request, child)


def _model(request: CheckRequest, folder: Path) -> Path:
    """Return the file to decode with: a tiny model, else the model itself if that is not large."""
    header, small = request.header, request.small
    if small.sources:
        small.write(header.path, folder / "tiny.gguf")
        return folder / "tiny.gguf"
    if header.path.stat().st_size > _LARGEST:
        raise children.ChildError("its matrices have unknown shapes")
    return header.path
