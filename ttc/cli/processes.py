"""The processes that started this one, where /proc tells."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def parents() -> Iterator[int]:
    """Yield the processes that started this one, the nearest first; one alone without /proc."""
    process = os.getppid()
    while process > 0:
        yield process
        process = _parent(process)


def _parent(process: int) -> int:
    """Return the parent of a process, 0 if it has none here."""
    try:
        # The name of the program stands in parentheses and may hold anything.
        fields = (PROC / str(process) / "stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[1])
    except (OSError, ValueError, IndexError):
        return 0
