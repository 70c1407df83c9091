"""What each kind of process does once it is forked and confined."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from typing import Any

from ttc.verifiers.sandbox.inside import candidate, judging

TESTS_FD = 3
_MOST_FDS = 1024


def arrange(standard: tuple[int | None, int | None, int | None], keep: set[int | None]) -> None:
    """Give this process its descriptors, and close all others."""
    nothing = os.open(os.devnull, os.O_RDWR)
    stdin, stdout, channel = standard
    os.dup2(nothing if stdin is None else stdin, 0)
    os.dup2(nothing if stdout is None else stdout, 1)
    os.dup2(nothing if stdout is None else stdout, 2)
    if channel is not None:
        os.dup2(channel, TESTS_FD)
        keep = {*keep, TESTS_FD}
    start = 3
    for descriptor in sorted(each for each in keep if each is not None):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, _MOST_FDS)


def calls(program: str) -> None:
    with socket.socket(fileno=TESTS_FD) as channel:
        candidate.answer_calls(program, channel)


def script(program: str) -> None:
    sys.argv = ["candidate"]
    candidate.load(program, "__main__")


def judge(channel: int, told: int) -> None:
    with socket.socket(fileno=channel) as opened:
        verdict = judging.judge(_read_tests, lambda: judging.Remote(opened))
    judging.report(told, verdict)


def whole(program: str, told: int) -> None:
    # The program runs first: tests that it could read are not there yet.
    failed: BaseException | None = None
    namespace: dict[str, Any] = {}
    try:
        namespace = candidate.load(program)
    except BaseException as error:  # noqa: BLE001
        failed = error

    def connect() -> judging.Local:
        if failed is not None:
            raise failed
        return judging.Local(namespace)

    judging.report(told, judging.judge(_read_tests, connect))


def _read_tests() -> Any:
    """Read the tests of this job from the pipe that only the judge reads."""
    size = struct.unpack("<I", _read(4))[0]
    tests = json.loads(_read(size))
    os.close(TESTS_FD)
    return tests


def _read(size: int) -> bytes:
    parts = []
    while size:
        part = os.read(TESTS_FD, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def file_of(text: str) -> int:
    descriptor = os.memfd_create("stdin")
    data = text.encode("utf-8", "surrogateescape")
    while data:
        data = data[os.write(descriptor, data) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
