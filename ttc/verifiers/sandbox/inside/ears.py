"""What the processes of one job write, in memory that no process of another job inherits."""

from __future__ import annotations

import mmap
import os
import sys

from ttc.verifiers.sandbox.inside.limits import Limits

_AT_ONCE = 1 << 16
_LAST_WORDS = 1 << 13  # bytes kept of the end of standard error, which has the exception
_WIPED = 1 << 18  # up to so many bytes, writing zeros is faster than new pages


class Heard:
    """Bytes that a job's processes write, in memory that later forks do not inherit.

    The first `most` bytes are kept, or only the `last` ones. Memory is used up only by what is
    written.
    """

    def __init__(self, most: int, *, last: int = 0) -> None:
        self._most, self._last = most, last
        kept = 2 * last if last else most
        self._memory = mmap.mmap(-1, kept + _AT_ONCE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_DONTFORK"):
            self._memory.madvise(mmap.MADV_DONTFORK)
        self._view = memoryview(self._memory)
        self._touched = 0
        self.size = self.count = 0

    def take(self, descriptor: int) -> int:
        """Read what is available and return its length, 0 at the end."""
        count = os.readv(descriptor, [self._view[self.size : self.size + _AT_ONCE]])
        self._touched = max(self._touched, self.size + count)
        self.count += count
        self.size += count
        if self._last and self.size > 2 * self._last:
            self._memory.move(0, self.size - self._last, self._last)
            self.size = self._last
        elif not self._last:
            self.size = min(self.size, self._most)
        return count

    def exceeded(self) -> bool:
        """Return whether more than `most` bytes were written."""
        return self.count > self._most

    def ends_line(self) -> bool:
        """Return whether the last byte is a newline."""
        return self.size > 0 and self._memory[self.size - 1] == 0x0A

    def told(self) -> memoryview:
        """Return the bytes that are kept."""
        return self._view[max(0, self.size - self._last) if self._last else 0 : self.size]

    def forget(self) -> None:
        """Wipe the memory, and return it to the system if it is much."""
        if self._touched > _WIPED and sys.platform.startswith("linux"):
            self._memory.madvise(mmap.MADV_DONTNEED)  # of private memory, so it reads as zero
        else:
            self._memory[: self._touched] = bytes(self._touched)
        self._touched = self.size = self.count = 0


class Ears:
    """The output of a job: the verdict, standard output, standard error.

    The output of a program whose functions are called (`noise`) decides nothing.
    """

    def __init__(self, limits: Limits) -> None:
        self.said, self.out = Heard(_AT_ONCE), Heard(limits.output)
        self.err, self.noise = (Heard(limits.output, last=_LAST_WORDS) for _ in range(2))

    def told(self) -> list[memoryview]:
        """Return the bytes of verdict, output and errors that are sent to the client."""
        out = self.noise if self.noise.size else self.out
        return [self.said.told(), out.told(), self.err.told()]

    def forget(self) -> None:
        """Wipe all."""
        for each in (self.said, self.out, self.err, self.noise):
            each.forget()
