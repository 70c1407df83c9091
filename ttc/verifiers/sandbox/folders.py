"""Private folders for the fork servers of the tiers that have no root folder of their own."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from contextlib import suppress

from ttc.verifiers.sandbox.inside import tree

_PREFIX = "ttc-work-"
_NEW = 60.0  # seconds in which the run that creates a folder has locked it


class WorkFolder:
    """A new folder for one server's jobs; `path` is the part that the server uses.

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
