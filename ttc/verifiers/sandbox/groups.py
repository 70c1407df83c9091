"""A control group for a fork server and its processes, if this user can create one.

It limits what process limits do not: memory of the kernel and of files in memory, and threads.
Without one (most ordinary users), the process limits and the server's own checks of its processes
have to suffice.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.inside.watch import THREADS

ROOT = Path("/sys/fs/cgroup")
# In addition to a program's memory: for the tests' process, the server, files in memory.
_BESIDE = 256 << 20
_TASKS = 2 * THREADS + 16
_GONE_WITHIN = 1.0
_NAME = "ttc-"


class Group(NamedTuple):
    """The folders of a control group: one, or with cgroups v1 one per controller."""

    folders: tuple[Path, ...]

    def close(self) -> None:
        """Remove the group once its killed processes are gone."""
        deadline = time.monotonic() + _GONE_WITHIN
        for folder in self.folders:
            while not _removed(folder) and time.monotonic() < deadline:
                time.sleep(0.005)


def confine(process: int, limits: Limits) -> Group | None:
    """Put a process and its children into a new group; return None if that is not possible."""
    made: list[Path] = []
    try:
        for parent, bounds in _places(limits):
            for left in parent.glob(f"{_NAME}*"):
                if not Path("/proc", left.name.split("-")[1]).exists():  # its run was killed
                    _removed(left)
            made.append(folder := parent / f"{_NAME}{os.getpid()}-{secrets.token_hex(4)}")
            folder.mkdir()
            for name, value in bounds.items():
                (folder / name).write_text(str(value))
            for pid in _family(process):
                (folder / "cgroup.procs").write_text(str(pid))
    except OSError:
        Group(tuple(made)).close()
        return None
    return Group(tuple(made)) if made else None


def _removed(folder: Path) -> bool:
    """Remove a group; return whether it is gone."""
    with suppress(OSError):
        folder.rmdir()
    return not folder.exists()


def _places(limits: Limits) -> list[tuple[Path, dict[str, int]]]:
    """Return the folders in which groups can be created, with their limits."""
    memory = limits.memory + _BESIDE
    own = dict(_own_groups())
    if "memory" in own and "pids" in own:
        old = {"memory": {"memory.limit_in_bytes": memory}, "pids": {"pids.max": _TASKS}}
        return [(ROOT / name / own[name].lstrip("/"), bounds) for name, bounds in old.items()]
    if "" not in own:
        return []
    here = ROOT / own[""].lstrip("/")
    # A group with processes has no groups with controllers below it: use a sibling then.
    for parent in (here, here.parent):
        with suppress(OSError):
            controllers = (parent / "cgroup.subtree_control").read_text().split()
            if {"memory", "pids"} <= set(controllers) and os.access(parent, os.W_OK):
                return [(parent, {"memory.max": memory, "pids.max": _TASKS})]
    return []


def _own_groups() -> list[tuple[str, str]]:
    """Return this process's groups by controller; the controller is "" for cgroups v2."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        found += [(name, path) for name in controllers.split(",")]
    return found


def _family(process: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    found = [process]
    for pid in found:
        with suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
            found += map(int, children.split())
    return found
