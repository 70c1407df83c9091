"""The candidate's process: runs the program and does what the judge asks.

No other process trusts this one. The tests are never in its memory.
"""

from __future__ import annotations

import io
import re
import socket
import sys
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import Any

from ttc.verifiers.sandbox.inside.objects.errors import told
from ttc.verifiers.sandbox.inside.objects.peer import Peer
from ttc.verifiers.sandbox.inside.objects.serving import Server
from ttc.verifiers.sandbox.inside.surroundings.program import Surroundings

__all__ = ["answer_calls", "load", "told"]


def load(program: str, name: str = "candidate", before: tuple[str, ...] = ()) -> dict[str, Any]:
    """Run a program as a module with this name; return its namespace. `before`: statements that
    are run first, and may fail."""
    module = ModuleType(name)
    sys.modules[name] = module  # dataclasses and typing look for it there
    for each in before:
        with suppress(Exception):
            exec(compile(each, "<setup>", "exec", dont_inherit=True), module.__dict__)
    exec(compile(program, "<candidate>", "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


class Program(Server):
    """Serves the judge's requests; the program is run when the first comes."""

    operations = Server.operations | {"names"}

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program
        self._namespace: dict[str, Any] | None = None
        self.twins: dict[str, type] = {}  # the classes of the setup

    def names(self, names: tuple[str, ...], setup: tuple[str, ...], /) -> tuple[Any, ...]:
        """Return those of these names that the program defines, each with its value behind it;
        raise what the program raises."""
        if self._namespace is None:
            self._namespace = load(self._program, before=setup)
            classes = re.findall(r"^class (\w+)", "\n".join(setup), re.MULTILINE) if setup else ()
            for name in classes:
                if isinstance(kind := self._namespace.get(name), type):
                    self.twins[name] = kind
        found = self._namespace
        return tuple(part for name in names if name in found for part in (name, found[name]))

    def namespace(self) -> dict[str, Any] | None:
        """Return the program's own names, None before it is run."""
        return self._namespace


class CandidatePeer(Peer):
    """The candidate's end of the connection."""

    says_listed = True

    def request(self, op: str, operands: list[Any], kwargs: dict[str, Any] | None = None) -> Any:
        """Ask as others do; where the program captures its output, it gets what a function of the
        tests prints."""
        if type(sys.stdout) is not io.StringIO or op not in ("call", "method"):
            return super().request(op, operands, kwargs)
        asked = [operands[0], op, *operands[1:]]
        text, value = super().request("captured", asked, kwargs)
        sys.stdout.write(text)
        return value


def peer_of(program: str, channel: socket.socket) -> CandidatePeer:
    """Return the candidate's end of a connection."""
    served = Program(program)
    peer = CandidatePeer(channel, served)
    peer.twins, peer.replaced = served.twins, served.replaced
    peer.makes_around = partial(Surroundings, served.namespace)
    return peer


def answer_calls(program: str, channel: socket.socket) -> None:
    """Run the program, then do what the judge asks until the channel is closed."""
    peer = peer_of(program, channel)
    while True:
        try:
            peer.answer()
        except EOFError:
            return
