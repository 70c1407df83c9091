"""Whether the file at a store's path is still the file that is written to.

A store can be deleted, moved or replaced while a run holds it open. What is then committed goes
to a file that nobody finds again. SQLite does not notice: it goes on in the file that it has open.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Callable
from pathlib import Path

from ttc.errors import StoreError

# Opens a file for its identity alone. Closing another kind of descriptor would drop the locks that
# SQLite holds on the file.
_IDENTITY_ONLY = getattr(os, "O_PATH", None)


class LostStoreError(StoreError):
    """The store is no longer at its path; what the run wrote may be gone with it."""


class Presence:
    """The identity of an open store's files: the database, its write-ahead log and its index."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._real = Path(os.path.realpath(path))
        self._database = _identity(self._real)
        self._beside: dict[str, tuple[int, int]] = {}
        self._held: int | None = None
        if _IDENTITY_ONLY is not None:
            with contextlib.suppress(OSError):
                self._held = os.open(self._real, _IDENTITY_ONLY | os.O_CLOEXEC)

    def check(self, save: Callable[[], bool]) -> None:
        """Raise LostStoreError if the store's files are not those that were opened.

        `save` writes the log into the database file that is open, and returns whether it did. To
        be called after a commit, before what it wrote is acknowledged.
        """
        if _identity(self._path) != self._database:
            raise LostStoreError(self._told(save()))
        for suffix in ("-wal", "-shm"):
            found = _identity(self._real.with_name(self._real.name + suffix))
            known = self._beside.get(suffix)
            if known is None and found is not None:
                self._beside[suffix] = found
            elif known is not None and found != known:
                raise LostStoreError(self._without(suffix, save()))

    def _without(self, suffix: str, saved: bool) -> str:
        what = f"{self._path}: its log {self._real.name}{suffix} was deleted or replaced"
        if saved:
            return f"{what} under this run; the store has what was drawn so far, run it again"
        return f"{what} under this run; the last samples are lost, run the same command again"

    def _told(self, saved: bool) -> str:
        """Return the line about a database that is not at its path: where it is, if that is known,
        and whether it has what this run wrote."""
        taken = _identity(self._path) is not None
        happened = "was replaced by another file" if taken else "was deleted, moved or unmounted"
        lost = "what this run drew is not in it" if taken else "what this run drew may be lost"
        if (place := self._place()) is not None and saved:
            return (
                f"{self._path}: the store was moved to {place} under this run; what was drawn so "
                f"far is there: go on with --db {shlex.quote(str(place))}"
            )
        if self._held is not None and not os.fstat(self._held).st_nlink:
            happened = happened if taken else "was deleted"
            lost = "what this run drew is lost"
        again = "the same command draws it again, into the store that is there then"
        return f"{self._path}: the store {happened} under this run; {lost}; {again}"

    def _place(self) -> Path | None:
        """Return where the database is now; None if it is nowhere or that cannot be known."""
        if self._held is None:
            return None
        with contextlib.suppress(OSError):
            place = Path(os.readlink(f"/proc/self/fd/{self._held}"))
            if _identity(place) == self._database:
                return place
        return None

    def close(self) -> None:
        """Let go of the file."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a file; None if there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def refuse_second_names(path: Path) -> None:
    """Raise StoreError if a store has several names (hard links).

    SQLite keeps a log for each name: two processes that use two names lose each other's commits.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_nlink > 1:
            raise StoreError(
                f"{path}: this file has a second name (a hard link), and writing through two names "
                "loses samples; remove the other name, or make it a link to this one with ln -s"
            )
