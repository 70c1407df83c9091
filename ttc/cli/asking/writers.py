"""Whether a pipe has a writer beside the processes that started this one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_ACCESS = 0o3  # of the flags of an open file
_READ_ONLY = 0o0


def has_writer(descriptor: int) -> bool:
    """Return whether another process than this one and its parents can write into a pipe.

    A shell starts the processes of a pipeline beside each other and closes its own ends. A pipe
    into which only a parent can write is one that it gave to all it starts. False where /proc does
    not tell.
    """
    try:
        pipe = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return False
    ours = set(_parents())
    folders = (path for path in Path("/proc").iterdir() if path.name.isdigit())
    return any(int(path.name) not in ours and _writes(path, pipe) for path in folders)


def _parents() -> Iterator[int]:
    """Yield this process and those that started it."""
    process = os.getpid()
    while process > 0:
        yield process
        try:
            about = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        # The name of the program, in parentheses, may hold blanks and parentheses.
        process = int(about.rpartition(")")[2].split()[1])


def _writes(process: Path, pipe: str) -> bool:
    """Return whether a process has the pipe open for writing; False if nobody may know."""
    with contextlib.suppress(OSError, ValueError):
        for each in (process / "fd").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                if os.readlink(each) != pipe:
                    continue
                about = (process / "fdinfo" / each.name).read_text(encoding="ascii")
                flags = int(about.partition("flags:")[2].split()[0], 8)
                if flags & _ACCESS != _READ_ONLY:
                    return True
    return False
