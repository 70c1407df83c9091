"""The write lock of a store, across processes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from ttc.errors import StoreError

LOCK_PATIENCE = 30.0


class WriteLock:
    """A lock file beside the database; it contains the pid of the process that last had it."""

    def __init__(self, database: Path) -> None:
        self._database = database
        real = Path(os.path.realpath(database))  # one lock for a file, through whatever link
        self._path = real.with_name(real.name + ".lock")
        self._descriptor = self._opened()

    def _opened(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def _is_there(self) -> bool:
        """Return whether the lock file is still the one that others would open."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self._path))
        except OSError:
            return not self._path.parent.is_dir()

    def _holder(self) -> str:
        pid = os.pread(self._descriptor, 32, 0).decode(errors="replace").strip("\0 \n")
        return f"pid {pid}" if pid else "another process"

    def acquire(self) -> None:
        """Wait for the lock; StoreError with the holder's pid after LOCK_PATIENCE seconds."""
        if sys.platform == "win32":
            return  # no flock; BEGIN IMMEDIATE with its busy timeout has to do
        import fcntl

        deadline = time.monotonic() + LOCK_PATIENCE
        delay = 0.001
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_there():
                    break
                os.close(self._descriptor)  # the file was deleted: others lock a new one
                self._descriptor = self._opened()
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StoreError(
                        f"{self._database}: {self._holder()} has been writing for "
                        f"{LOCK_PATIENCE:.0f} s; end it, or name another store with --db"
                    ) from None
                time.sleep(delay)
                delay = min(2 * delay, 0.05)
        os.pwrite(self._descriptor, str(os.getpid()).ljust(16).encode(), 0)

    def release(self) -> None:
        """Release the lock."""
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the lock file. It is not removed, which would race with other processes."""
        os.close(self._descriptor)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *exc: object) -> None:
        self.release()
