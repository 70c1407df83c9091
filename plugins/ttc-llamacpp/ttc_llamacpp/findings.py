"""What works of llama.cpp on this machine, for `ttc doctor`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ttc.backends import Finding
from ttc.errors import BackendError
from ttc.plugins import installing
from ttc_llamacpp import check_request, library_check, remedy
from ttc_llamacpp.check_request import CheckRequest
from ttc_llamacpp.check_result import CheckResult
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.options import Options


def findings(header: Header, options: Options) -> tuple[Finding, ...]:
    """Check the kernels for a model's types, ignoring kept results.

    Checked are the library, its plain kernels, its extra buffers, and the packed kernels if the
    options ask for them.
    """
    found = library_check.check(CheckRequest(header, replace(options, kernels="ggml")), anew=True)
    library = f"llama-cpp-python {installing.version_of(remedy.PACKAGE) or '(not installed)'}"
    if found.unusable:
        reason, _, repair = found.unusable.partition("; ")
        repair = repair.removeprefix("to rebuild it: ")
        return (Finding("llama.cpp", False, f"{library}: {reason}", repair),)
    if found.unknown:
        detail = f"{library} could not be checked: {found.unknown}"
        return (Finding("llama.cpp", False, detail, "run ttc doctor again when it is idle"),)
    if not found.faults:
        return (Finding("llama.cpp", True, f"{library}; all layers are computed on the GPU"),)
    rows = [
        _finding("llama.cpp", library, found, extras=False),
        _finding(f"llama.cpp's {check_request.extras_name()}", library, found, extras=True),
    ]
    if options.kernels == "packed":
        rows.append(_packed(header, options))
    return tuple(rows)


def _finding(what: str, library: str, found: CheckResult, *, extras: bool) -> Finding:
    fault = found.fault("ggml", extras=extras)
    if not fault:
        return Finding(what, True, library)
    # Without the extra buffers draws are only slower: a note, not a failure.
    off = "; they are off" if extras else ""
    return Finding(what, extras, f"{library} {fault}{off}", check_request.rebuild_command())


def _packed(header: Header, options: Options) -> Finding:
    from ttc_llamacpp.kernels_build import built

    # Removing the library makes the next run compile it again, with the compiler in CC.
    what, path = "the packed kernels", Path()
    try:
        path = built()
        found = library_check.check(CheckRequest(header, options, path), anew=True)
        faults = [found.unknown or found.fault("packed", extras=extras) for extras in (True, False)]
    except BackendError as error:
        faults = [str(error)] * 2
    if not all(faults):
        return Finding(what, True, str(path))
    again = f"rm -f {path}" if path.name else ""
    return Finding(what, False, f"{faults[1]}; ggml's are used", again)
