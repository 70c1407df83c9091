"""Counts and removes folders that a hostile program made, of any mode, depth and names.

Nothing here recurses, follows a symbolic link, or needs more than a few open descriptors.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_BLOCK = 512  # the unit of st_blocks
_LONG = 3800  # bytes of a relative path; a name has up to 255 more, PATH_MAX is 4096
_MOST_BASES = 160  # enough for 4,096 entries, however they are nested
_ONLY_FOLDERS = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)  # not on Windows
_FOLDER = _ONLY_FOLDERS | getattr(os, "O_NOFOLLOW", 0)
_ALL = 0o700
_ROUNDS = 8  # a listing may lack entries that are created or removed during it


def remove(path: str) -> bool:
    """Remove a folder with all it holds; return whether it is gone.

    Folders are moved to the top before they are emptied, so depth does not matter. No process may
    use the folder any more.
    """
    parent, name = os.path.split(path)
    with suppress(OSError):
        above = os.open(parent, _ONLY_FOLDERS)
        try:
            with suppress(OSError), _opened(name, above, writable=True) as top:
                for _ in range(_ROUNDS):
                    if not _emptied(top):
                        break
            os.rmdir(name, dir_fd=above)
        finally:
            os.close(above)
    return not os.path.lexists(path)


def _emptied(top: int) -> bool:
    """Remove the entries of a folder; return whether there were any."""
    waiting, fresh = os.listdir(top), 0
    found = bool(waiting)
    while waiting:
        name = waiting.pop()
        if _removed(name, top):
            continue
        with suppress(OSError), _opened(name, top, writable=True) as inner:
            for each in os.listdir(inner):
                if _removed(each, inner):
                    continue
                with suppress(OSError):
                    os.chmod(each, _ALL, dir_fd=inner)  # a folder that moves must be writable
                while _exists(moved := f"{fresh}-moved", top):
                    fresh += 1
                with suppress(OSError):
                    os.rename(each, moved, src_dir_fd=inner, dst_dir_fd=top)
                    waiting.append(moved)
        _removed(name, top)
    return found


def _removed(name: str, folder: int) -> bool:
    """Remove a file, a link or an empty folder; return whether that succeeded."""
    for act in (os.unlink, os.rmdir):
        with suppress(OSError):
            act(name, dir_fd=folder)
            return True
    return False


def _exists(name: str, folder: int) -> bool:
    with suppress(OSError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        return True
    return False


@contextmanager
def _opened(name: str, folder: int | None = None, *, writable: bool = False) -> Iterator[int]:
    """Open a folder for reading, whatever its mode, and make it writable if wanted; OSError if it
    is none."""
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=folder)
    except PermissionError:
        _make_readable(name, folder)
        descriptor = os.open(name, _FOLDER, dir_fd=folder)
    try:
        if writable and os.fstat(descriptor).st_mode & _ALL != _ALL:
            os.fchmod(descriptor, _ALL)
        yield descriptor
    finally:
        os.close(descriptor)


def _make_readable(name: str, folder: int | None) -> None:
    """Allow the owner everything in a folder; not in what a link of this name leads to."""
    if not hasattr(os, "O_PATH"):  # macOS changes the link itself
        os.chmod(name, _ALL, dir_fd=folder, follow_symlinks=False)
        return
    descriptor = os.open(name, os.O_PATH | _FOLDER, dir_fd=folder)
    try:
        os.chmod(f"/proc/self/fd/{descriptor}", _ALL)
    finally:
        os.close(descriptor)


def exceeds(path: str, size: int, files: int) -> bool:
    """Return whether a folder holds more than `size` bytes or `files` entries, while programs may
    change it. True also if it is too deep to count."""
    count = total = 0
    linked: set[tuple[int, int]] = set()
    with _Bases(path) as bases:
        while bases.waiting:
            try:
                with bases.following() as (base, name, inner), os.scandir(inner) as entries:
                    for entry in entries:
                        known = entry.stat(follow_symlinks=False)
                        count += 1
                        if known.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
                            if (known.st_dev, known.st_ino) in linked:
                                continue
                            linked.add((known.st_dev, known.st_ino))
                        total += known.st_blocks * _BLOCK
                        if count > files or total > size:
                            return True
                        if entry.is_dir(follow_symlinks=False):
                            bases.waiting.append((base, os.path.join(name, entry.name)))
            except _TooDeepError:
                return True
            except OSError:
                continue  # gone by now
    return False


class _TooDeepError(Exception):
    """Folders are nested so deeply that listing them needs too many open descriptors."""


class _Bases:
    """Folders that are to be listed, as paths relative to open ones, since whole paths can be too
    long. An open folder is closed when nothing below it waits."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._open: set[int] = set()
        self.waiting: list[tuple[int, str]] = []

    def __enter__(self) -> _Bases:
        with suppress(OSError):
            self.waiting.append((self._added(self._path, None), "."))
        return self

    def __exit__(self, *exc: object) -> None:
        for descriptor in self._open:
            os.close(descriptor)

    @contextmanager
    def following(self) -> Iterator[tuple[int, str, int]]:
        """Open the folder that waits last; give its base, its path and its descriptor."""
        base, name = self.waiting.pop()
        if len(os.fsencode(name)) > _LONG:
            base, old, name = self._added(name, base), base, "."
            if all(old != each for each, _ in self.waiting):
                self._open.remove(old)
                os.close(old)
        with _opened(name, base) as inner:
            yield base, name, inner

    def _added(self, name: str, base: int | None) -> int:
        if len(self._open) == _MOST_BASES:
            raise _TooDeepError
        with _opened(name, base) as descriptor:
            self._open.add(kept := os.dup(descriptor))
        return kept
