"""The judge's end: what it believes of a candidate's objects, and notes where it must.

Only equality that the judge computes itself is evidence. `compared` tells where the candidate's own
`__eq__`, `__hash__`, `__bool__` or ordering decided: "named" for a class that the tests name, whose
behaviour is the task, and "unnamed" for any other.
"""

from __future__ import annotations

import random
import socket
from typing import Any

from ttc.verifiers.sandbox.inside.objects import describe, mirrors
from ttc.verifiers.sandbox.inside.objects.errors import told
from ttc.verifiers.sandbox.inside.objects.guard import Guard
from ttc.verifiers.sandbox.inside.objects.peer import Peer

_ENDING = (StopIteration, StopAsyncIteration)
# Methods with which builtin types answer yes or no about a value that they are given.
_ANSWERING = frozenset(
    name
    for kind in (str, bytes, set, frozenset, float, int, dict, list)
    for name in dir(kind)
    if name.startswith(("is", "starts", "ends"))
)


class CandidateError(Exception):
    """The candidate raised an exception that would end the judge's own loops."""


class JudgePeer(Peer):
    """The judge's end of the connection. `source` is the text of the tests."""

    hears_listed = True

    def __init__(self, channel: socket.socket, source: str) -> None:
        self._guard = Guard()
        super().__init__(channel, self._guard)
        self.keeps_errors = True
        self._source = source
        self._naming = False
        self._named: set[type] = set()
        self._fields: dict[type, tuple[list[str], bool]] = {}
        self._mixed: set[type] = set()  # classes of results of operators with plain operands
        self.compared: set[str] = set()
        self.raised: BaseException | None = None

    # Classes.

    def names(self, names: list[str], setup: list[str]) -> dict[str, Any]:
        """Return those of these global names that the candidate defines. `setup`: statements that
        it runs before its program."""
        self._naming = True
        try:
            found = self.request("names", [names, setup])
            if type(found) is not dict or not set(found) <= set(names):
                raise self.nonsense(ValueError("no names"))
        finally:
            self._naming = False
        self._named |= {each for each in found.values() if mirrors.own_link(each) is self}
        return found

    def honours(self) -> bool:
        return self._naming

    def mirrored(self, kind: type, told: dict[str, Any]) -> None:
        told = told["c"]
        if "fields" in told and told["same"] is True:
            names = [name for name, compared in told["fields"] if compared is True]
            self._fields[kind] = (names, told["ordered"] is True)

    def is_named(self, kind: type) -> bool:
        """Return whether the tests name a class, or a base of it that is the candidate's."""
        return any(each in self._named for each in kind.__mro__)

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
        stops = op == "await" or (op == "op" and operands[1] in ("__next__", "__anext__"))
        if isinstance(error, _ENDING) and not stops and type(error).__name__ not in self._source:
            known = told(error)
            error = CandidateError(f"{known['raised']}: {known['message']}")
        if self.handle_of(error) is None:
            self.raised = error
        return error

    # Comparisons.

    def operate(self, on: Any, name: str, args: Any, home: type | None = None) -> Any:
        if isinstance(on, type):
            return super().operate(on, name, args)
        kind = type(on)
        if name in describe.COMPARISONS:
            return self._compare(on, kind, name, args, home)
        if name in ("__hash__", "__bool__", "__contains__", "__len__"):
            return self._answered(on, kind, name, args, home)
        value = super().operate(on, name, args, home)
        if name in describe.OPERATORS and value is not NotImplemented:
            self._computed(kind, args, value)
        return value

    def method(self, on: Any, name: str, args: Any, kwargs: Any, home: type) -> Any:
        value = super().method(on, name, args, kwargs, home)
        if name in _ANSWERING and type(value) is bool and not self.is_named(type(on)):
            self.compared.add("unnamed")
        return value

    def _note(self, kind: type) -> None:
        self.compared.add("named" if self.is_named(kind) else "unnamed")

    def _compare(self, on: Any, kind: type, name: str, args: Any, home: Any) -> Any:
        (other,) = args
        plain = self.foreign(other) is None
        if plain and not self.is_named(kind):
            return NotImplemented  # a plain value never equals what only claims to equal it
        if kind in self._fields:
            known = self._by_fields(on, other, name)
            if known is not None:
                return known
        value = super().operate(on, name, args, home)
        if value is NotImplemented:
            return value
        self._note(kind)
        if name == "__eq__" and value and not self._differs(on, other):
            return False
        if plain and kind in self._mixed:
            self.compared.add("unnamed")
        return value

    def _by_fields(self, on: Any, other: Any, name: str) -> Any:
        """Return the result of a comparison that the class has from `dataclass`, None if it has
        its own."""
        if name not in ("__eq__", "__ne__") and not self._fields[type(on)][1]:
            return None
        if type(other) is not type(on):
            return NotImplemented
        return getattr(self._values(on), name)(self._values(other))

    def _values(self, on: Any) -> tuple[Any, ...]:
        return tuple(self.attribute(on, name) for name in self._fields[type(on)][0])

    def _differs(self, on: Any, other: Any) -> bool:
        """Return whether an object that equals a value also differs from others."""
        chance = random.Random()
        strangers = [_Stranger(), *_near(other, chance)]
        chance.shuffle(strangers)
        for each in strangers:
            try:
                answer = self.request("op", [on, "__eq__", None, each])
            except Exception:  # noqa: BLE001
                continue
            if answer is not NotImplemented and answer:
                return False
        return True

    def _answered(self, on: Any, kind: type, name: str, args: Any, home: Any) -> Any:
        value = super().operate(on, name, args, home)
        if name == "__len__" or (name == "__hash__" and kind in self._fields):
            return value  # a number like any other that the candidate returns
        self._note(kind)
        return value

    def _computed(self, kind: type, args: Any, value: Any) -> None:
        """Note an operator with a plain operand, which can hide a comparison, as in
        `abs(result - expected) < 1e-6`."""
        if any(self.foreign(each) is None for each in args):
            if self.foreign(value) is None:
                self.compared.add("unnamed")
            else:
                self._mixed.add(type(value))


class _Stranger:
    """A value that nothing equals."""


def _near(value: Any, chance: random.Random) -> list[Any]:
    """Return values of the same kind as one, and other than it."""
    kind, shifts = type(value), chance.sample(range(1, 40), 5)
    if kind is bool:
        return [not value]
    if kind in (int, float) and value - value == 0:
        return [value + shift * chance.choice((1, -1)) for shift in shifts]
    if kind is str:
        return [value + each for each in chance.sample("abcdexyz", 5)]
    if kind in (list, tuple):
        return [kind([*value, shift]) for shift in shifts]
    return []
