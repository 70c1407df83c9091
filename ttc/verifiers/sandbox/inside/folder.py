"""A folder for each job: a tmpfs in a mount namespace that only the fork server changes.

Everything that a job leaves in it, of whatever mode or depth, disappears with the mount.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000
_NO_SUID, _NO_DEVICES, _NO_EXEC, _NO_ACCESS_TIMES = 2, 4, 8, 1024
_DETACH = 2
_MOST_FILES = 4096

# Shows whether a folder was used: times of its root, free blocks, free files.
Look = tuple[int, ...]


class Folder:
    """A mounted folder at `path`, of at most `size` bytes. OSError if it cannot be mounted."""

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._options = f"size={size},nr_inodes={_MOST_FILES},mode=700".encode()
        user, group = os.geteuid(), os.getegid()
        self._check(self._libc.unshare(_NEW_USERS | _NEW_MOUNTS))
        # Map only the process's own id, which needs no privilege.
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
        self._mount()

    def renew(self) -> bool:
        """Mount an empty folder if the last job used the old one; return whether it did."""
        if self._look() == self._empty:
            return False
        self._check(self._libc.umount2(self.path.encode(), _DETACH))
        self._mount()
        return True

    def _mount(self) -> None:
        flags = _NO_SUID | _NO_DEVICES | _NO_EXEC | _NO_ACCESS_TIMES
        where = self.path.encode()
        self._check(self._libc.mount(b"tmpfs", where, b"tmpfs", flags, self._options))
        self._empty = self._look()

    def _look(self) -> Look:
        root, room = os.stat(self.path), os.statvfs(self.path)
        times = (root.st_ino, root.st_dev, root.st_mtime_ns, root.st_ctime_ns)
        return (*times, root.st_mode, room.f_bfree, room.f_ffree)

    def _check(self, result: int) -> None:
        if result < 0:
            raise OSError(ctypes.get_errno(), f"no folder of its own at {self.path}")


def folder(path: str | None, size: int) -> Folder | None:
    """Return a folder, or None if there is no path or it cannot be mounted."""
    if path is None:
        return None
    with suppress(OSError):
        return Folder(path, size)
    return None


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
