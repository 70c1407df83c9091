"""A folder for each job: the current directory of its processes, empty at the start.

Where the kernel allows a mount it is a tmpfs in a mount namespace that only the fork server
changes: bounded in bytes and files, and gone with everything in it, of whatever mode or depth.
Elsewhere (`none`, and `landlock` without user namespaces) it is a new private folder for each job.
The server removes it (`tree`) and counts what is in it some 20 times a second, so a program can
exceed the limits for a moment, and hold up to 2 GiB in files that it removed and still has open.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from contextlib import suppress

from ttc.verifiers.sandbox.inside import tree

_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000
_NO_SUID, _NO_DEVICES, _NO_EXEC, _NO_ACCESS_TIMES = 2, 4, 8, 1024
_RECURSIVE, _PRIVATE = 0x4000, 0x40000
_DETACH = 2
MOST_FILES = 4096

# Shows whether a folder was used: times of its root, free blocks, free files.
Look = tuple[int, ...]


class Mounted:
    """A tmpfs at `path`, of at most `size` bytes. OSError if it cannot be mounted."""

    layer = "tmpfs"

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._options = f"size={size},nr_inodes={MOST_FILES},mode=700".encode()
        # Tried in a fork first: a process cannot leave a namespace in which it may not mount.
        flags = next(filter(self._possible, (_NEW_USERS | _NEW_MOUNTS, _NEW_MOUNTS)), None)
        if flags is None:
            raise OSError(f"no mount is possible at {path}")
        self._enter(flags)

    def renew(self) -> bool:
        """Mount an empty folder if the last job used the old one; return whether it did.

        OSError if that is not possible, so that the old one is still there.
        """
        if self._look() == self._empty:
            return False
        self._check(self._libc.umount2(self.path.encode(), _DETACH))
        self._mount()
        return True

    def exceeded(self) -> bool:
        """Return False: the kernel refuses what exceeds the limits."""
        return False

    def _possible(self, flags: int) -> bool:
        if not hasattr(self._libc, "unshare"):  # not Linux
            return False
        if (pid := os.fork()) == 0:
            with suppress(BaseException):
                self._enter(flags)
                os._exit(0)
            os._exit(1)
        return os.waitpid(pid, 0)[1] == 0

    def _enter(self, flags: int) -> None:
        """Create a mount namespace, and mount the folder in it."""
        user, group = os.geteuid(), os.getegid()
        self._check(self._libc.unshare(flags))
        if flags & _NEW_USERS:
            # Map only the process's own id, which needs no privilege.
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{user} {user} 1")
            _write("/proc/self/gid_map", f"{group} {group} 1")
        else:  # root's mounts would be seen outside
            self._check(self._libc.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None))
        self._mount()

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


class Private:
    """A new folder in `parent` for each job that finds the last one used. OSError if it cannot be
    created.

    No job can reach the folder of another: Landlock allows a process only its own.
    """

    layer = "folder"

    def __init__(self, parent: str, size: int) -> None:
        self._parent, self._size, self._made = parent, size, 0
        self._create()

    def renew(self) -> bool:
        """Remove the folder if the last job used it, and create another; return whether it did.

        OSError if something in it cannot be removed.
        """
        with suppress(OSError):  # trusted code can remove the folder itself
            if self._look() == self._empty:
                return False
        if not tree.remove(self.path):
            raise OSError(f"{self.path} cannot be removed")
        self._create()
        return True

    def exceeded(self) -> bool:
        """Return whether it now holds more bytes or files than a job may have."""
        return tree.exceeds(self.path, self._size, MOST_FILES)

    def _create(self) -> None:
        self._made += 1
        self.path = os.path.join(self._parent, str(self._made))
        os.mkdir(self.path, 0o700)
        self._empty = self._look()

    def _look(self) -> Look:
        root = os.stat(self.path)
        times = (root.st_mtime_ns, root.st_ctime_ns, root.st_mode, root.st_nlink)
        with os.scandir(self.path) as entries:
            return (*times, any(True for _ in entries))


def folder(path: str, size: int, mounts: Sequence[str]) -> Mounted | Private:
    """Return the folder of jobs, mounted at the first of `mounts` where that is possible, else in
    `path`. OSError if no folder is possible."""
    for each in mounts:
        with suppress(OSError):
            return Mounted(each, size)
    return Private(path, size)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
