"""The judge's end: the program's names, and which of its exceptions are raised as they are."""

from __future__ import annotations

import socket
from typing import Any

from ttc.verifiers.sandbox.inside.objects import mirrors
from ttc.verifiers.sandbox.inside.objects.errors import told
from ttc.verifiers.sandbox.inside.trust.comparing import ComparingPeer
from ttc.verifiers.sandbox.inside.trust.guard import Guard

_ENDING = (StopIteration, StopAsyncIteration)


class CandidateError(Exception):
    """The candidate raised an exception that would end the judge's own loops."""


class JudgePeer(ComparingPeer):
    """The judge's end of the connection. `source` is the text of the tests."""

    hears_listed = True

    def __init__(self, channel: socket.socket, source: str) -> None:
        self._guard = Guard(lambda value: self.handle_of(value) is not None)
        super().__init__(channel, self._guard)
        self.keeps_errors = True
        self._source = source
        self._naming = False

    # Classes.

    def names(self, names: list[str], setup: list[str]) -> dict[str, Any]:
        """Return those of these global names that the candidate defines. `setup`: statements that
        it runs before its program."""
        self._naming = True
        try:
            flat = self.request("names", [tuple(names), tuple(setup)])
            if type(flat) is not tuple or not {*flat[::2]} <= {*names} or len(flat) % 2:
                raise self.nonsense(ValueError("no names"))
            found = dict(zip(flat[::2], flat[1::2], strict=True))
        finally:
            self._naming = False
        # A class in a function's place, which has a function's name, would decide by itself whether
        # its results are right.
        self.named |= {
            each
            for name, each in found.items()
            if mirrors.own_link(each) is self and name.strip("_")[:1].isupper()
        }
        return found

    def honours(self) -> bool:
        return self._naming

    def function_of(self, kind: Any, name: Any) -> Any:
        raise ValueError("a function of a class of the tests")

    def method_of(self, on: Any, name: Any) -> Any:
        if type(name) is not str:
            raise ValueError("a method without a name")
        return self._guard.get(on, name)

    # Exceptions.

    def admitted(self, kind: type[BaseException]) -> type[BaseException]:
        if issubclass(kind, Exception) and kind.__module__.partition(".")[0] not in (
            "unittest",
            "_pytest",
            "doctest",
        ):
            return kind
        if kind in (SystemExit, BaseException) or kind.__name__ in self._source:
            return kind
        return CandidateError

    def raising(self, op: str, operands: list[Any], error: BaseException) -> BaseException:
        stops = op == "await" or (op == "operate" and operands[1] in ("__next__", "__anext__"))
        if isinstance(error, _ENDING) and not stops and type(error).__name__ not in self._source:
            known = told(error)
            error = CandidateError(f"{known['raised']}: {known['message']}")
        if self.handle_of(error) is None:
            self.raised = error
        return error

    def request(self, op: str, operands: list[Any], kwargs: dict[str, Any] | None = None) -> Any:
        try:
            value = super().request(op, operands, kwargs)
        except BaseException:
            if not self._depth:
                self._guard.failed.clear()
            raise
        if not self._depth and self._guard.failed:
            self.swallowed = True
        return value
