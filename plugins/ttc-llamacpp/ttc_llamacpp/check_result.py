"""The result of a check of llama.cpp: parsed from the child's output, kept as a small JSON file."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ttc.errors import TtcError
from ttc.plugins import installing
from ttc_llamacpp import profiles, remedy
from ttc_llamacpp.check_request import CheckRequest, mode_name, rebuild_command
from ttc_llamacpp.children import LATE, ChildResult

# Logits may differ by this share of their standard deviation. Rounding (activations of 8 bits)
# stays below 0.01, one wrong lane of 16 gives 0.25, and garbage 1.4.
ROUNDING = 0.05
# On a very busy machine a working library may seem to hang, so that is checked again after a day.
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found.

    `faults` has what is wrong with each combination that was tried ("" for nothing); it is empty if
    all layers are computed on a GPU. `unusable`: why llama.cpp cannot be imported. `unknown`: why
    the check itself failed. `features`: what its CPU code was built for. `before`: whether the
    result is one kept by an earlier run, which has reported it.
    """

    faults: Mapping[str, str] = field(default_factory=dict)
    unusable: str = ""
    unknown: str = ""
    features: str = ""
    before: bool = False

    def fault(self, kernels: str, extras: bool) -> str:
        """Return what is wrong with a combination, "" for nothing."""
        return self.faults.get(mode_name(kernels, extras), "was not checked") if self.faults else ""


def path_of(request: CheckRequest) -> Path:
    """Return the file in which the result of a check is kept."""
    return profiles.folder() / f"check-{request.digest[:32]}.json"


def read(path: Path) -> CheckResult | None:
    """Return a kept result, None if there is none, or it is expired or damaged."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["schema"] != 1 or (kept["until"] is not None and kept["until"] < time.time()):
            return None
        faults = {str(name): str(fault) for name, fault in kept["faults"].items()}
        return CheckResult(faults, str(kept["unusable"]), "", str(kept["features"]), before=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(path: Path, result: CheckResult) -> None:
    """Keep a result for later runs, unless it may be another one next time."""
    # A failed import is found in milliseconds, and the next installation fixes it.
    import_failed = bool(result.unusable) and "crashes" not in result.unusable
    if result.unknown or import_failed:
        return
    late = any(LATE in fault for fault in result.faults.values())
    until = time.time() + _DAY if late else None
    # In a folder that cannot be written, each run checks again.
    with suppress(OSError, TtcError):
        profiles.put(path, {"schema": 1, "until": until, **asdict(result)})


def from_child(request: CheckRequest, child: ChildResult) -> CheckResult:
    """Return the result that the child's output lines show; it may have crashed after any line."""
    lines = list[dict[str, Any]]()
    for line in child.out.splitlines():
        with suppress(ValueError):
            lines.append(json.loads(line))
    complaint = (child.complaints.strip().splitlines() or [f"status {child.status}"])[-1]
    if not lines:
        if not child.death:
            return CheckResult(unknown=complaint)
        return CheckResult(unusable=f"it {child.death}; to rebuild it: {rebuild_command()}")
    if reason := lines[0].get("unusable"):
        repair = f"{installing.pip_install()} --force-reinstall {remedy.PACKAGE}"
        return CheckResult(unusable=f"{reason}; {repair}")
    features = str(lines[0].get("features", ""))
    if lines[0].get("on_gpu"):
        return _on_gpu(request, child, features)
    faults = [_fault(each) for each in lines[1:]]
    if lines[1:] and "error" in lines[1]:
        return CheckResult(unknown=str(lines[1]["error"]), features=features)
    if len(faults) < len(request.ways) and "error" not in lines[-1]:
        if not child.failed:
            return CheckResult(unknown="its output is incomplete", features=features)
        faults.append(child.death or f"ends early ({complaint})")
    names = [mode_name(*each) for each in request.ways]
    return CheckResult(dict(zip(names, faults, strict=False)), features=features)


def _on_gpu(request: CheckRequest, child: ChildResult, features: str) -> CheckResult:
    if not child.death:
        return CheckResult(features=features)
    before = " (numpy loaded first)" if request.child_input()["numpy"] else ""
    fault = f"{child.death} when it reads a vocabulary{before}"
    return CheckResult({mode_name("ggml", False): fault}, features=features)


def _fault(line: Mapping[str, Any]) -> str:
    if "error" in line:
        return f"fails ({line['error']})"
    if line["difference"] is None:
        return "computes no finite numbers"
    if line["difference"] > ROUNDING:
        return f"computes wrong numbers (off by {line['difference']:.0%} of their spread)"
    return ""
