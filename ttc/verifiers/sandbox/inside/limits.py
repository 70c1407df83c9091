"""The limits of one program."""

from __future__ import annotations

from dataclasses import dataclass

HIDDEN = "stat"  # the layer that hides sizes and times of unreadable files


@dataclass(frozen=True)
class Limits:
    """`cpu` in seconds; `memory`, the size of a `file`, and of standard output and standard error
    (`output`, for each) in bytes."""

    cpu: float = 3.0
    memory: int = 1 << 30
    output: int = 16 << 20
    file: int = 16 << 20
