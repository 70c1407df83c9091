"""Finds out which of llama.cpp's kernels work on this machine, in a process that may crash.

A library that was built for another processor, or by a faulty compiler, crashes or computes
garbage. So before the first draw a child process (rehearsal.py) decodes a few tokens with a tiny
model that is quantised like the real one, first with llama.cpp's plain kernels and then with the
wanted ones. Kernels that crash, hang or differ by more than rounding are not used: first ggml's
extra buffers are turned off (they keep weights in layouts for other kernels, such as AMX), then the
packed kernels. The arithmetic stays the same, and so do draws and pools.

The outcome is kept beside the profiles, under a digest of everything that it depends on.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ttc.errors import BackendError, TtcError
from ttc.plugins import installing
from ttc_llamacpp import children, miniature, profiles, remedy, sizing
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.options import Options

# Logits may differ by this share of their spread. What rounding does is below 0.01 (activations of
# 8 bits fall either way), one wrong lane of 16 is 0.25, and rubbish 1.4.
ROUNDING = 0.05
# On a very busy machine a working library may seem to hang, so that is checked again after a day.
_DAY = 86_400.0
# If no tiny model can be made, the model itself is used, up to this size.
_LARGEST = 256 << 20
_COST = (
    "Answers are the same, only slower: by about a fifth for Q4_0 files, "
    "hardly at all for Q4_1 and Q8_0"
)


@dataclass(frozen=True, slots=True)
class KernelChoice:
    """How to compute here. `off` has a line for each thing that is turned off."""

    kernels: str
    extras: bool
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found. `faults` has what is wrong with each way that was tried ("" for nothing);
    it is empty if everything is computed on a GPU. `unusable` is why llama.cpp cannot be imported,
    `unknown` why the check failed, `features` what its CPU code was built for, and `before`
    whether an earlier run found this out and reported it."""

    faults: Mapping[str, str] = field(default_factory=dict)
    unusable: str = ""
    unknown: str = ""
    features: str = ""
    before: bool = False

    def fault(self, kernels: str, extras: bool) -> str:
        """Return what is wrong with a way, "" for nothing."""
        return self.faults.get(_name(kernels, extras), "was not checked") if self.faults else ""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What to check: a model's types, with the options that choose the code."""

    header: Header
    options: Options
    library: Path | None = None

    @property
    def kernels(self) -> str:
        """Whose kernels are wanted."""
        return "packed" if self.library else "ggml"

    @property
    def ways(self) -> list[tuple[str, bool]]:
        """The ways to try, the plain one first and what is wanted last."""
        wanted = [(self.kernels, False), (self.kernels, True)]
        return list(dict.fromkeys([("ggml", False), *wanted]))

    @property
    def on_gpu(self) -> bool:
        """Whether a build with a GPU would compute everything there."""
        layers, asked = self.header.geometry.get("layers"), self.options.gpu_layers
        return asked < 0 or (layers is not None and asked > layers)

    def asked(self) -> dict[str, Any]:
        """Return the child's input, apart from the model."""
        return {
            "ways": self.ways,
            "flash": sizing.flash(self.options, offloads=False),
            "cache": self.options.cache,
            "library": str(self.library or ""),
            "on_gpu": self.on_gpu,
            "numpy": "numpy" in sys.modules,
        }

    @property
    def small(self) -> miniature.Miniature:
        """The tiny model that stands for the real one."""
        head = self.header.geometry.get("head_size", 64)
        return miniature.Miniature(miniature.sources(self.header), head)

    @property
    def digest(self) -> str:
        """A digest of everything that the outcome depends on."""
        small = self.small
        kinds = [[each.kind, each.experts] for each in small.sources]
        model = [kinds, small.width, small.head] if kinds else str(self.header.path.resolve())
        here = [platform.system(), platform.machine(), profiles.flags() or profiles.machine()]
        about = {"schema": 1, "files": files(), "here": here, "model": model, **self.asked()}
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _name(kernels: str, extras: bool) -> str:
    return f"{kernels}+extras" if extras else kernels


def extras() -> str:
    """Return what ggml's extra buffers are for on this processor."""
    amx = "amx_int8" in profiles.flags()
    return "AMX kernels and repacked weights" if amx else "repacked weights"


def files() -> list[tuple[str, int, int]]:
    """Return the files that are llama.cpp here (path, size, time of change); none is loaded."""
    spec = find_spec("llama_cpp")
    packages = [Path(each) for each in (spec.submodule_search_locations or ())] if spec else []
    places = [package / "lib" for package in packages]
    if given := os.environ.get("LLAMA_CPP_LIB_PATH"):
        places = [Path(given)]
    found = []
    for path in [package / "llama_cpp.py" for package in packages] + [
        each for place in places if place.is_dir() for each in sorted(place.iterdir())
    ]:
        with suppress(OSError):
            stat = path.stat()
            found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return found


def mend() -> str:
    """Return the command that builds a llama.cpp which works here."""
    return remedy.reinstall(profiles.flags(), (name for name, _, _ in files()))


def way(header: Header, options: Options, library: Path | None = None) -> KernelChoice:
    """Return how to compute with a model's weights; `library` are the packed kernels if they are
    wanted. BackendError if llama.cpp does not work at all."""
    question = CheckRequest(header, options, library)
    found = outcome(question)
    demand(found)
    if found.unknown:
        told = f"llama.cpp could not be checked ({found.unknown}), so its {extras()} are off"
        return KernelChoice("ggml", extras=False, off=(told,))
    faults = [found.fault(question.kernels, extra) for extra in (True, False)]
    if not faults[0]:
        return KernelChoice(question.kernels, extras=True)
    if not faults[1]:
        told = _known_off() if found.before else _without_extras(faults[0])
        return KernelChoice(question.kernels, extras=False, off=(told,))
    # Only the packed kernels are faulty, since ggml's plain ones work.
    told = (
        f"llama.cpp {faults[1]} with the packed kernels, so they are off. Answers are the same, "
        f"only slower. To compile them again: rm {library}, and set CC to another compiler"
    )
    plain = way(header, options)
    return KernelChoice(plain.kernels, plain.extras, (told, *plain.off))


def demand(found: CheckResult) -> None:
    """BackendError where not even the plain kernels work."""
    if found.unusable:
        raise BackendError(f"llama-cpp-python cannot be imported: {found.unusable}")
    if fault := found.fault("ggml", extras=False):
        raise BackendError(
            f"llama.cpp {fault} even with its plain kernels (or the model file is damaged); "
            f"to rebuild it: {mend()}"
        )


def _without_extras(fault: str) -> str:
    return f"llama.cpp {fault} with its {extras()}, so they are off. {_COST}. To fix it: {mend()}"


def _known_off() -> str:
    return f"llama.cpp's {extras()} are off here; ttc doctor says why and how to fix it"


def outcome(question: CheckRequest, *, anew: bool = False) -> CheckResult:
    """Return the kept outcome of a check; with `anew`, or if there is none, check first."""
    target = profiles.folder() / f"check-{question.digest[:32]}.json"
    if not anew and (known := _read(target)) is not None:
        return known
    found = _try(question)
    if not found.unknown and not _fleeting(found):
        late = any(children.LATE in fault for fault in found.faults.values())
        until = time.time() + _DAY if late else None
        # A folder that cannot be written costs a check each time, never the run.
        with suppress(OSError, TtcError):
            profiles.put(target, {"schema": 1, "until": until, **asdict(found)})
    return found


def _fleeting(found: CheckResult) -> bool:
    """Whether it is a failed import: found in milliseconds, and fixed by an installation."""
    return bool(found.unusable) and "crashes" not in found.unusable


def _read(target: Path) -> CheckResult | None:
    try:
        kept = json.loads(target.read_text(encoding="utf-8"))
        if kept["schema"] != 1 or (kept["until"] is not None and kept["until"] < time.time()):
            return None
        faults = {str(name): str(fault) for name, fault in kept["faults"].items()}
        return CheckResult(faults, str(kept["unusable"]), "", str(kept["features"]), before=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _try(question: CheckRequest) -> CheckResult:
    try:
        with tempfile.TemporaryDirectory(prefix="ttc-") as place:
            models = {"model": str(_model(question, Path(place)))}
            models["vocabulary"] = str(question.header.path)
            given = json.dumps({**question.asked(), **models})
            try:
                child = children.run("ttc_llamacpp.library_check_child", given=given)
            except children.ChildBusyError:
                raise
            except children.ChildError:
                # Something killed it; try once more.
                child = children.run("ttc_llamacpp.library_check_child", given=given)
    except children.ChildError as none:
        return CheckResult(unknown=str(none))
    except OSError as error:
        return CheckResult(unknown=f"{error.filename or 'its files'}: {error.strerror or error}")
    return _judged(question, child)


def _model(question: CheckRequest, place: Path) -> Path:
    """Return the file to use: a tiny model, else the model itself if that is not large."""
    header, small = question.header, question.small
    if small.sources:
        small.write(header.path, place / "tiny.gguf")
        return place / "tiny.gguf"
    if header.path.stat().st_size > _LARGEST:
        raise children.ChildError("its matrices have unknown shapes")
    return header.path


def _judged(question: CheckRequest, child: children.ChildResult) -> CheckResult:
    """Make an outcome of the lines that a child wrote before it ended."""
    told = list[dict[str, Any]]()
    for line in child.out.splitlines():
        with suppress(ValueError):
            told.append(json.loads(line))
    complaint = (child.complaints.strip().splitlines() or [f"status {child.status}"])[-1]
    if not told:
        if not child.death:
            return CheckResult(unknown=complaint)
        return CheckResult(unusable=f"it {child.death}; to rebuild it: {mend()}")
    if reason := told[0].get("unusable"):
        repair = f"{installing.pip_install()} --force-reinstall {remedy.PACKAGE}"
        return CheckResult(unusable=f"{reason}; {repair}")
    features = str(told[0].get("features", ""))
    if told[0].get("on_gpu"):
        if not child.death:
            return CheckResult(features=features)
        before = " (numpy loaded first)" if question.asked()["numpy"] else ""
        fault = f"{child.death} when it reads a vocabulary{before}"
        return CheckResult({_name("ggml", False): fault}, features=features)
    faults = [_fault(each) for each in told[1:]]
    if told[1:] and "error" in told[1]:
        return CheckResult(unknown=str(told[1]["error"]), features=features)
    if len(faults) < len(question.ways) and "error" not in told[-1]:
        if not child.failed:
            return CheckResult(unknown="its output is incomplete", features=features)
        faults.append(child.death or f"ends early ({complaint})")
    names = [_name(*each) for each in question.ways]
    return CheckResult(dict(zip(names, faults, strict=False)), features=features)


def _fault(told: Mapping[str, Any]) -> str:
    if "error" in told:
        return f"fails ({told['error']})"
    if told["difference"] is None:
        return "computes no finite numbers"
    if told["difference"] > ROUNDING:
        return f"computes wrong numbers (off by {told['difference']:.0%} of their spread)"
    return ""
