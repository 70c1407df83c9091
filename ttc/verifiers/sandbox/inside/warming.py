"""Runs the code of both ends before any fork, so that the interpreter has adapted it.

A forked process copies each page of memory that it writes to, and the interpreter writes to code
until it has adapted it.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import cast

from ttc.verifiers.sandbox.inside import candidate, judging

_ROUNDS = 8
_PROGRAM = """
class Empty(ValueError): pass
class Stack:
    def __init__(self): self.items = []
    def push(self, item): self.items.append(item)
    def pop(self):
        if not self.items: raise Empty('empty')
        return self.items.pop()
def same(*values, **named): return values[0] if values else named
def each(items):
    for item in items: yield item
"""
_TESTS = """
values = [1, 2.5, 'a', None, True, (1, 'b'), [1, 2], ['a', [1, 'b']], {'a': 1}, {1: [2]}, {1, 2}]
for value in values: assert same(value) == value
assert same(a=1) == {'a': 1}
assert list(each([1, 2])) == [1, 2]
assert same(len)([1]) == same(lambda items: 1)([1])
stack = Stack()
stack.push(2)
assert stack.pop() == 2
try: stack.pop()
except ValueError: pass
"""
_NAMES = ["same", "each", "Stack"]


class _End:
    """One end of a channel within this process. Where nothing is there to read, the judge's end
    lets the candidate's answer."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.other: _End = self
        self.answer: Callable[[], None] | None = None

    def sendall(self, data: bytes) -> None:
        """Send to the other end."""
        self.other.data += data

    def recv(self, size: int) -> bytes:
        """Return at most so many bytes that the other end has sent."""
        if not self.data and self.answer is not None:
            self.answer()
        part = bytes(self.data[:size])
        del self.data[:size]
        return part


def warm() -> None:
    """Judge a small program a few times, in this process."""
    tests: dict[str, object] = {
        "setup": "",
        "tests": _TESTS,
        "names": _NAMES,
        "entry": None,
        "nonce": "",
    }
    tests["asserts"], main = 1, sys.modules["__main__"]
    for _ in range(_ROUNDS):
        ours, theirs = _End(), _End()
        ours.other, theirs.other = theirs, ours
        ours.answer = candidate.peer_of(_PROGRAM, cast(socket.socket, theirs)).answer
        verdict = judging.judge(tests, partial(judging.Remote, cast(socket.socket, ours), tests))
        assert verdict["why"] == "pass", verdict
    sys.modules["__main__"] = main
    for name in ("candidate", "tests"):
        sys.modules.pop(name, None)
