"""Which of llama.cpp's ways to compute work on this machine, found out where a crash does no harm.

A library that was built for another processor, or by a compiler with a fault, dies by a signal or
computes rubbish. So before the first draw a child process (rehearsal.py) decodes a few tokens on a
tiny model that is quantised as the real one is, first with llama.cpp's plain kernels and then with
what is wanted. What dies, hangs or differs by more than rounding is not used: first ggml's extra
buffers are given up (they keep weights in layouts for other kernels, AMX among them), then the
packed kernels. The arithmetic stays the same, so draws and pools do too.

What came of it is kept beside the profiles, by a digest of all that it depends on.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ttc.errors import BackendError
from ttc_llamacpp import children, miniature, plan, profiles, remedy
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.options import Options

# Logits may differ by this share of their spread. What rounding does is below 0.01 (activations of
# 8 bits fall either way), one wrong lane of 16 is 0.25, and rubbish 1.4.
ROUNDING = 0.05
# A machine that is very busy looks like a library that hangs, so that is tried again after a day.
_DAY = 86_400.0
# Where no tiny model can be made the model itself is tried, up to this size.
_LARGEST = 256 << 20
_COST = (
    "costs speed alone: about a fifth of the tokens/s for Q4_0 files, "
    "next to nothing for Q4_1 and Q8_0"
)


@dataclass(frozen=True, slots=True)
class Way:
    """How to compute here. `off` has a line for each thing that is not as it was wanted."""

    kernels: str
    extras: bool
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found. `faults` has what is wrong with each way that was tried ("" for nothing);
    it is empty where all is computed on a GPU. `unusable` is why llama.cpp cannot be imported,
    `unknown` why nothing can be said, `features` what its CPU code was built for, and `before`
    whether an earlier run found it out, and told."""

    faults: Mapping[str, str] = field(default_factory=dict)
    unusable: str = ""
    unknown: str = ""
    features: str = ""
    before: bool = False

    def fault(self, kernels: str, extras: bool) -> str:
        """Return what is wrong with a way, "" for nothing."""
        return self.faults.get(_name(kernels, extras), "was not reached") if self.faults else ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be tried: a model's types with the options that choose the code."""

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
        """Return what the child is told, apart from the model."""
        return {
            "ways": self.ways,
            "flash": plan.flash(self.options, offloads=False),
            "cache": self.options.cache,
            "library": str(self.library or ""),
            "on_gpu": self.on_gpu,
        }

    @property
    def small(self) -> miniature.Miniature:
        """The tiny model that stands for the real one."""
        head = self.header.geometry.get("head_size", 64)
        return miniature.Miniature(miniature.sources(self.header), head)

    @property
    def digest(self) -> str:
        """All that the outcome depends on."""
        small = self.small
        kinds = [[each.kind, each.experts] for each in small.sources]
        model = [kinds, small.width, small.head] if kinds else str(self.header.path.resolve())
        here = [platform.system(), platform.machine(), profiles.flags() or profiles.machine()]
        about = {"schema": 1, "files": files(), "here": here, "model": model, **self.asked()}
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _name(kernels: str, extras: bool) -> str:
    return f"{kernels}+extras" if extras else kernels


def extras() -> str:
    """Say what ggml's extra buffers are for on this processor."""
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


def way(header: Header, options: Options, library: Path | None = None) -> Way:
    """Return how to compute with a model's weights; `library` are the packed kernels if they are
    wanted. BackendError if llama.cpp does not work at all."""
    question = Question(header, options, library)
    found = outcome(question)
    demand(found)
    if found.unknown:
        told = f"llama.cpp could not be checked ({found.unknown}), so its {extras()} are off"
        return Way("ggml", extras=False, off=(told,))
    faults = [found.fault(question.kernels, extra) for extra in (True, False)]
    if not faults[0]:
        return Way(question.kernels, extras=True)
    if not faults[1]:
        told = _known_off() if found.before else _without_extras(faults[0])
        return Way(question.kernels, extras=False, off=(told,))
    # Packed ones, since the plain way of ggml's works.
    told = (
        f"llama.cpp {faults[1]} with the packed kernels, so they are off; the draws are the same "
        f"and slower; to compile them anew: rm {library}, with CC set to another compiler"
    )
    plain = way(header, options)
    return Way(plain.kernels, plain.extras, (told, *plain.off))


def demand(found: Outcome) -> None:
    """BackendError where not even the plain kernels work."""
    if found.unusable:
        raise BackendError(f"llama-cpp-python cannot be imported: {found.unusable}")
    if fault := found.fault("ggml", extras=False):
        raise BackendError(
            f"llama.cpp {fault} even with its plain kernels (or the model's file is damaged); "
            f"to build it anew: {mend()}"
        )


def _without_extras(fault: str) -> str:
    off = f"llama.cpp {fault} with its {extras()}, so they are off, which {_COST}"
    return f"{off}; to mend it: {mend()}"


def _known_off() -> str:
    return f"llama.cpp's {extras()} are off here; ttc doctor tells why, and how to mend it"


def outcome(question: Question, *, anew: bool = False) -> Outcome:
    """Return what is known of a question, found out first if it is not, or if it shall be anew."""
    target = profiles.folder() / f"check-{question.digest[:32]}.json"
    if not anew and (known := _read(target)) is not None:
        return known
    found = _try(question)
    if not found.unknown and not _fleeting(found):
        late = any(children.LATE in fault for fault in found.faults.values())
        until = time.time() + _DAY if late else None
        # A folder that cannot be written costs a check each time, never the run.
        with suppress(OSError):
            profiles.put(target, {"schema": 1, "until": until, **asdict(found)})
    return found


def _fleeting(found: Outcome) -> bool:
    """Whether it is told by Python in milliseconds, and gone with the next installation."""
    return bool(found.unusable) and "crashes" not in found.unusable


def _read(target: Path) -> Outcome | None:
    try:
        kept = json.loads(target.read_text(encoding="utf-8"))
        if kept["schema"] != 1 or (kept["until"] is not None and kept["until"] < time.time()):
            return None
        faults = {str(name): str(fault) for name, fault in kept["faults"].items()}
        return Outcome(faults, str(kept["unusable"]), "", str(kept["features"]), before=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _try(question: Question) -> Outcome:
    try:
        with tempfile.TemporaryDirectory(prefix="ttc-") as place:
            given = json.dumps({**question.asked(), "model": str(_model(question, Path(place)))})
            try:
                child = children.run("ttc_llamacpp.rehearsal", given=given)
            except children.BusyError:
                raise
            except children.NoChildError:
                # Whoever ended it may not do so again.
                child = children.run("ttc_llamacpp.rehearsal", given=given)
    except children.NoChildError as none:
        return Outcome(unknown=str(none))
    except OSError as error:
        return Outcome(unknown=f"{error.filename or 'its files'}: {error.strerror or error}")
    return _judged(question, child)


def _model(question: Question, place: Path) -> Path:
    """Return the file to try: a tiny model, else the model itself where that is not large."""
    header, small = question.header, question.small
    if small.sources:
        small.write(header.path, place / "tiny.gguf")
        return place / "tiny.gguf"
    if header.path.stat().st_size > _LARGEST:
        raise children.NoChildError("its matrices are of no shape that is known")
    return header.path


def _judged(question: Question, child: children.Child) -> Outcome:
    """Make an outcome of what a child told before it ended."""
    told = list[dict[str, Any]]()
    for line in child.out.splitlines():
        with suppress(ValueError):
            told.append(json.loads(line))
    complaint = (child.complaints.strip().splitlines() or [f"status {child.status}"])[-1]
    if not told:
        if not child.death:
            return Outcome(unknown=complaint)
        return Outcome(unusable=f"it {child.death}; to build it anew: {mend()}")
    if reason := told[0].get("unusable"):
        repair = f"{remedy.installer()} --force-reinstall {remedy.PACKAGE}"
        return Outcome(unusable=f"{reason}; {repair}")
    features = str(told[0].get("features", ""))
    if told[0].get("on_gpu"):
        return Outcome(features=features)
    faults = [_fault(each) for each in told[1:]]
    if told[1:] and "error" in told[1]:
        return Outcome(unknown=str(told[1]["error"]), features=features)
    if len(faults) < len(question.ways) and "error" not in told[-1]:
        if not child.failed:
            return Outcome(unknown="it told too little", features=features)
        faults.append(child.death or f"ends early ({complaint})")
    names = [_name(*each) for each in question.ways]
    return Outcome(dict(zip(names, faults, strict=False)), features=features)


def _fault(told: Mapping[str, Any]) -> str:
    if "error" in told:
        return f"fails ({told['error']})"
    if told["difference"] is None:
        return "computes no finite numbers"
    if told["difference"] > ROUNDING:
        return f"computes wrong numbers (off by {told['difference']:.0%} of their spread)"
    return ""
