"""Profiles: the fastest options for a model on a machine, as `ttc models tune` measured them.

One small file for each. Several machines may share the folder, so the file's name has a digest of
the machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttc import paths
from ttc_llamacpp.options import WORDS

_TUNED = ("most", "threads", "attention", "cache", "weights", "kernels")


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def machine() -> str:
    """Return a name for what timings depend on: system, processor and number of CPUs."""
    return f"{platform.system()} {platform.machine()} {_processor()} {os.cpu_count()}"


def flags() -> tuple[str, ...]:
    """Return the processor's feature flags; empty if the system does not report them."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name.strip() in ("flags", "Features"):
                    return tuple(sorted(value.split()))
    except OSError:
        pass
    return ()


def folder() -> Path:
    """Return the folder for what was measured on this machine."""
    return paths.data_folder() / "profiles"


def path(fingerprint: str) -> Path:
    """Return the path of a model's profile, by the fingerprint of its file."""
    here = hashlib.sha256(machine().encode()).hexdigest()[:8]
    return folder() / f"{fingerprint.removeprefix('sha256:')[:32]}-{here}.json"


def read(fingerprint: str) -> dict[str, Any]:
    """Return the options of a profile; empty if there is none or it is invalid."""
    try:
        found = json.loads(path(fingerprint).read_text(encoding="utf-8"))["options"]
        tuned = {name: found[name] for name in _TUNED if name in found}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    numbers = all(type(tuned.get(name, 1)) is int for name in ("most", "threads"))
    words = all(tuned[name] in WORDS[name] for name in tuned if name in WORDS)
    return tuned if numbers and words else {}


def write(fingerprint: str, profile: Mapping[str, Any]) -> Path:
    """Write a profile. Raises OSError or TtcError if it cannot be written."""
    return put(path(fingerprint), profile)


def put(target: Path, document: Mapping[str, Any]) -> Path:
    """Write a JSON file atomically. Raises OSError or TtcError if it cannot be written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    paths.atomic_write(target, json.dumps(document, indent=1, allow_nan=False))
    return target


def forget(fingerprint: str) -> bool:
    """Delete a profile; return False if there is none."""
    try:
        path(fingerprint).unlink()
    except FileNotFoundError:
        return False
    return True
