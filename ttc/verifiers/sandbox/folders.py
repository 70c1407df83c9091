"""The folders in which fork servers create those of jobs."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress

from ttc.verifiers.sandbox import interpreter
from ttc.verifiers.sandbox.inside import tree

_PREFIX = "ttc-work-"
# Where the landlock tier mounts the folder of a job, if possible: programs can look at each parent
# of such a path, as SQLite does.
_PLACES = ("/mnt", "/media", "/srv", "/opt")
_NEW = 60.0  # seconds in which the run that creates a folder has locked it


class WorkFolder:
    """A new folder for one server's jobs, in a tier that has no root folder of its own; `path` is
    the part that the server uses.

    It stays locked while this process lives, so that a later run can tell the folder of one that
    was killed, and remove it. OSError if it cannot be created.
    """

    def __init__(self) -> None:
        parent = os.path.realpath(tempfile.gettempdir())
        _remove_abandoned(parent)
        self._root = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)
        self._lock = _locked(self._root)
        self.path = os.path.join(self._root, "jobs")
        os.mkdir(self.path, 0o700)

    def close(self) -> None:
        """Remove the folder with all it holds."""
        tree.remove(self._root)
        if self._lock is not None:
            os.close(self._lock)


def mounts(tier: str, readable: Sequence[str], work: str) -> list[str]:
    """Return the paths to try for mounting the folder of a job in; none for trusted code, which
    would be alone in the namespace."""
    if tier != "landlock":
        return [work] if tier == "bwrap" else []
    hides = (path for path in _PLACES if not any(interpreter.within(r, [path]) for r in readable))
    return [*filter(os.path.isdir, hides), work]


def _locked(path: str) -> int | None:
    """Return a descriptor with a lock on a folder; None if another process has locked it."""
    import fcntl  # not on Windows, which has no sandbox

    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_abandoned(parent: str) -> None:
    """Remove the folders of runs of this user that were killed."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if not entry.name.startswith(_PREFIX):
                continue
            with suppress(OSError):
                known = entry.stat(follow_symlinks=False)
                own = stat.S_ISDIR(known.st_mode) and known.st_uid == os.geteuid()
                old = time.time() - known.st_mtime > _NEW
                if own and old and (lock := _locked(entry.path)) is not None:
                    tree.remove(entry.path)
                    os.close(lock)
