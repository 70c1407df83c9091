"""The write lock of a store, across processes and on every platform."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from ttc.errors import StoreError

LOCK_PATIENCE = 30.0
# Windows locks the first byte, which then nobody else can read.
_PID_AT = 1 if sys.platform == "win32" else 0
_PID_BYTES = 16
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)


def lock_file(database: Path) -> Path:
    """Return the lock file of a store: one for a file, through whatever link it is named."""
    real = Path(os.path.realpath(database))
    return real.with_name(real.name + ".lock")


def opened(path: Path, *, create: bool = False) -> int:
    """Open a lock file, to lock it or to see whether it is locked; the caller closes it."""
    wanted = os.O_RDWR | os.O_CREAT if create else os.O_RDONLY
    return os.open(path, wanted | _FLAGS, 0o644)


def try_lock(descriptor: int) -> bool:
    """Lock an open lock file if nobody else has it; return whether it is locked now."""
    from filelock import lock_descriptor

    return lock_descriptor(descriptor, blocking=False)


def unlock(descriptor: int) -> None:
    """Release the lock of an open lock file."""
    from filelock import unlock_descriptor

    unlock_descriptor(descriptor)


def holder(descriptor: int) -> str:
    """Return the pid of the process that last had the lock, "" if none is noted."""
    os.lseek(descriptor, _PID_AT, os.SEEK_SET)
    pid = os.read(descriptor, 2 * _PID_BYTES).decode(errors="replace").strip("\0 \n")
    return pid if pid.isdigit() else ""


class WriteLock:
    """A lock file beside the database; it contains the pid of the process that last had it.

    The system releases it when its process ends, in whatever way. The file stays: to remove it
    would race with other processes.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = lock_file(database)
        self._descriptor = opened(self._path, create=True)

    def _is_there(self) -> bool:
        """Return whether the lock file is still the one that others would open."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self._path))
        except OSError:
            return not self._path.parent.is_dir()

    def acquire(self) -> None:
        """Wait for the lock; StoreError with the holder's pid after LOCK_PATIENCE seconds."""
        deadline = time.monotonic() + LOCK_PATIENCE
        delay = 0.001
        while True:
            if try_lock(self._descriptor):
                if self._is_there():
                    break
                os.close(self._descriptor)  # the file was deleted: others lock a new one
                self._descriptor = opened(self._path, create=True)
                continue
            if time.monotonic() > deadline:
                pid = holder(self._descriptor)
                raise StoreError(
                    f"{self._database}: {f'pid {pid}' if pid else 'another process'} has been "
                    f"writing for {LOCK_PATIENCE:.0f} s; end it, or name another store with --db"
                )
            time.sleep(delay)
            delay = min(2 * delay, 0.05)
        os.lseek(self._descriptor, _PID_AT, os.SEEK_SET)
        os.write(self._descriptor, str(os.getpid()).ljust(_PID_BYTES).encode())

    def release(self) -> None:
        """Release the lock."""
        unlock(self._descriptor)

    def close(self) -> None:
        """Close the lock file, which releases the lock if it is held."""
        os.close(self._descriptor)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *exc: object) -> None:
        self.release()
