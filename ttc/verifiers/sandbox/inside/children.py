"""The work of each kind of process after it is forked and confined.

Program and tests come as descriptors, which are read here and closed. The fork server never reads
them, so no process of another job has them in its memory.
"""

from __future__ import annotations

import atexit
import json
import mmap
import os
import socket
import sys
from contextlib import suppress
from typing import Any

from ttc.verifiers.sandbox.inside import candidate, judging
from ttc.verifiers.sandbox.inside.running.progress import Progress

CHANNEL = 3
_MOST_FDS = 1024
_BALLAST = 8 << 20  # bytes that are reserved for the verdict, whatever the program sends

# A child's standard input, output and error, and its channel to the other process; None for none.
Standard = tuple[int | None, int | None, int | None, int | None]


def arrange(standard: Standard, keep: set[int]) -> None:
    """Move this process's descriptors into place and close all others.

    All given descriptors are above CHANNEL.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for at, descriptor in enumerate(standard):
        if descriptor is not None:
            os.dup2(descriptor, at)
        elif at < CHANNEL:
            os.dup2(nothing, at)
        else:
            os.close(at)
    start = len(standard)
    for descriptor in sorted(keep):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, _MOST_FDS)


def first_to_go() -> None:
    """Make the kernel kill this process before any other if memory runs out."""
    with suppress(OSError):
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        try:
            os.write(descriptor, b"1000")
        finally:
            os.close(descriptor)


def calls(program: int) -> None:
    """Run a program and answer the judge's calls."""
    text = _text(program)
    with socket.socket(fileno=CHANNEL) as channel:
        candidate.answer_calls(text, channel)


def script(program: int) -> None:
    """Run a program as a script, and end it as an interpreter would."""
    sys.argv = ["candidate"]
    try:
        candidate.load(_text(program), "__main__")
    finally:
        if "threading" in sys.modules:  # wait for non-daemon threads
            sys.modules["threading"]._shutdown()
        atexit._run_exitfuncs()
        flush()
        sys.stdout = sys.__stdout__
        vars(sys.modules["__main__"]).clear()  # files are flushed when they are collected


def flush() -> None:
    """Flush standard output, which a program may have closed or replaced."""
    stream: Any
    for stream in (sys.stdout, sys.__stdout__):
        if not getattr(stream, "closed", stream is None):
            stream.flush()


def judge(tests: int, told: int, limit: float) -> None:
    """Run the tests against the program behind the channel, and report. `limit` is that on the
    time of the processor."""
    ballast = mmap.mmap(-1, _BALLAST)
    given = json.loads(_whole(tests))
    with socket.socket(fileno=CHANNEL) as channel:
        progress = Progress(told, limit)
        verdict = judging.judge(given, lambda: progress.of(judging.Remote(channel, given)))
        progress.end()
    ballast.close()
    judging.report(told, verdict)


def _text(descriptor: int) -> str:
    return _whole(descriptor).decode("utf-8", "surrogatepass")


def _whole(descriptor: int) -> bytes:
    """Read a descriptor to its end and close it."""
    parts = []
    with suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_SET)
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    os.close(descriptor)
    return b"".join(parts)
