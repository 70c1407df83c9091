"""What works of llama.cpp on this machine, as findings for `ttc doctor`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ttc.backends import Finding
from ttc.errors import BackendError
from ttc_llamacpp import remedy, soundness
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.options import Options
from ttc_llamacpp.soundness import Outcome, Question


def findings(header: Header, options: Options) -> tuple[Finding, ...]:
    """Try a model's types anew and return what was found: the library, its plain kernels, its
    extra buffers, and the packed kernels where they are wanted."""
    found = soundness.outcome(Question(header, replace(options, kernels="ggml")), anew=True)
    library = f"llama-cpp-python {remedy.installed() or '(not installed)'}"
    if found.unusable:
        reason, _, repair = found.unusable.partition("; ")
        repair = repair.removeprefix("to build it anew: ")
        return (Finding("llama.cpp", False, f"{library}: {reason}", repair),)
    if found.unknown:
        detail = f"{library} could not be checked: {found.unknown}"
        return (Finding("llama.cpp", False, detail, "ttc doctor, once the machine is at rest"),)
    if not found.faults:
        return (Finding("llama.cpp", True, f"{library}; all layers are computed on the GPU"),)
    told = [
        _finding("llama.cpp", library, found, extras=False),
        _finding(f"llama.cpp's {soundness.extras()}", library, found, extras=True),
    ]
    if options.kernels == "packed":
        told.append(_packed(header, options))
    return tuple(told)


def _finding(what: str, library: str, found: Outcome, *, extras: bool) -> Finding:
    fault = found.fault("ggml", extras=extras)
    if not fault:
        return Finding(what, True, library)
    # Draws come without the extra buffers, only slower: something to mend, and no failure.
    off = "; they are off" if extras else ""
    return Finding(what, extras, f"{library} {fault}{off}", soundness.mend())


def _packed(header: Header, options: Options) -> Finding:
    from ttc_llamacpp.packed import built

    # Without the library they are compiled anew, by the compiler that CC names.
    what, path = "the packed kernels", Path()
    try:
        path = built()
        found = soundness.outcome(Question(header, options, path), anew=True)
        faults = [found.unknown or found.fault("packed", extras=extras) for extras in (True, False)]
    except BackendError as error:
        faults = [str(error)] * 2
    if not all(faults):
        return Finding(what, True, str(path))
    again = f"rm -f {path}" if path.name else ""
    return Finding(what, False, f"{faults[1]}; ggml's are used", again)
