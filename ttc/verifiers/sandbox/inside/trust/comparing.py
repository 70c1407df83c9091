"""What the judge believes of a candidate's objects, and notes where it must.

Only equality that the judge computes itself is evidence. `compared` tells where the candidate's own
`__eq__`, `__hash__`, `__bool__` or ordering decided: "named" for a class that the tests name, whose
behaviour is the task, and "unnamed" for any other.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from itertools import islice
from typing import Any

from ttc.verifiers.sandbox.inside.objects import describe
from ttc.verifiers.sandbox.inside.objects.peer import Peer
from ttc.verifiers.sandbox.inside.trust.decoys import far, near

_MOST_COUNTED = 1 << 12
# Methods with which builtin types answer yes or no about a value that they are given.
_ANSWERING = frozenset(
    name
    for kind in (str, bytes, set, frozenset, float, int, dict, list)
    for name in dir(kind)
    if name.startswith(("is", "starts", "ends"))
)

_OPPOSITE = {"__lt__": "__ge__", "__ge__": "__lt__", "__le__": "__gt__", "__gt__": "__le__"}
_DIFFERENCES = frozenset({"__sub__", "__rsub__", "__xor__", "__rxor__", "__mod__", "__rmod__"})


class ComparingPeer(Peer):
    """An end of the connection that does not believe what objects of the other end say of
    themselves."""

    def __init__(self, channel: socket.socket, serve: Callable[..., Any]) -> None:
        super().__init__(channel, serve)
        self.named: set[type] = set()  # the classes that the tests name
        self._fields: dict[type, tuple[list[str], bool]] = {}
        self._differences: set[int | None] = set()  # handles
        self._mixed: set[type] = set()  # classes of results of operators with plain operands
        self.compared: set[str] = set()
        self.swallowed = False  # whether the program kept an assertion of the tests from failing
        self.raised: BaseException | None = None

    def mirrored(self, kind: type, told: dict[str, Any]) -> None:
        told = told["c"]
        if "fields" in told and told["same"] is True:
            names = [name for name, compared in told["fields"] if compared is True]
            self._fields[kind] = (names, told["ordered"] is True)

    def is_named(self, kind: type) -> bool:
        """Return whether the tests name a class, or a base of it that is the candidate's."""
        return any(each in self.named for each in kind.__mro__)

    def operate(self, on: Any, name: str, args: Any, home: type | None = None) -> Any:
        if isinstance(on, type):
            return super().operate(on, name, args)
        kind = type(on)
        if name in describe.COMPARISONS:
            return self._compare(on, kind, name, args, home)
        if name in ("__hash__", "__bool__", "__contains__"):
            return self._answered(on, kind, name, args, home)
        value = super().operate(on, name, args, home)
        if name in ("__exit__", "__aexit__") and isinstance(args[1], AssertionError):
            return self._left(name, value)
        if name in describe.OPERATORS and value is not NotImplemented:
            self._computed(name, args, value)
        elif name in describe.NUMBERS:
            self._measured(on, kind, name, value)
        return value

    def _left(self, name: str, value: Any) -> Any:
        """Note that the end of a context swallows an assertion that failed, if it does."""

        async def awaited() -> Any:
            return self._left("__exit__", await value)

        if name == "__aexit__":
            return awaited()
        self.swallowed = self.swallowed or bool(value)
        return value

    def method(self, on: Any, name: str, args: Any, kwargs: Any, home: type) -> Any:
        self._asked_for(on, name)
        return super().method(on, name, args, kwargs, home)

    def attribute(self, on: Any, name: str) -> Any:
        self._asked_for(on, name)
        return super().attribute(on, name)

    def _asked_for(self, on: Any, name: str) -> None:
        if name in _ANSWERING and not isinstance(on, type) and not self.is_named(type(on)):
            self.compared.add("unnamed")

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
        if name == "__eq__":
            value = self._equal(on, other, home)
        elif plain and name in _OPPOSITE:
            value = self._ordered(on, other, name, home)
        else:
            value = super().operate(on, name, args, home)
        if value is NotImplemented:
            return value
        self._note(kind)
        if type(value) is not bool or (plain and kind in self._mixed):
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

    def _equal(self, on: Any, other: Any, home: Any) -> Any:
        """Ask an object whether it equals a value; believe it only if it differs from others.

        They are asked in random order, so that no answer can depend on which one matters.
        """
        chance = random.Random()
        values = [_Stranger(), *near(other, chance)]
        values.insert(at := chance.randint(0, len(values)), other)
        answers = [self._answer_to(on, each, home, strict=each is other) for each in values]
        value = answers.pop(at)
        if value is True and any(each is not NotImplemented and each for each in answers):
            return False
        return value

    def _ordered(self, on: Any, other: Any, name: str, home: Any) -> Any:
        """Ask an object how it compares with a value; believe it only if it denies the opposite."""
        asked = [name, _OPPOSITE[name]]
        random.Random().shuffle(asked)
        answers = {
            each: self._answer_to(on, other, home, each, strict=each == name) for each in asked
        }
        opposite = answers[_OPPOSITE[name]]
        contrary = opposite is not NotImplemented and opposite
        return False if answers[name] is True and contrary else answers[name]

    def _answer_to(
        self, on: Any, value: Any, home: Any, name: str = "__eq__", *, strict: bool
    ) -> Any:
        """Return what an object says of a value; unless `strict`, an exception is a no."""
        raised = self.raised
        try:
            return self.request("operate", [on, name, home, value])
        except Exception:
            if strict:
                raise
            self.raised = raised
            return False

    def _answered(self, on: Any, kind: type, name: str, args: Any, home: Any) -> Any:
        if name == "__contains__" and self.is_named(kind):
            return self._contains(on, args[0], home)
        value = super().operate(on, name, args, home)
        if not (name == "__hash__" and kind in self._fields):
            self._note(kind)
        return value

    def _contains(self, on: Any, item: Any, home: Any) -> Any:
        """Ask an object whether it contains a value, among others that it hardly contains."""
        chance = random.Random()
        values = [_Stranger(), *far(item, chance)]
        values.insert(at := chance.randint(0, len(values)), item)
        answers = [
            self._answer_to(on, each, home, "__contains__", strict=each is item) for each in values
        ]
        value = answers.pop(at)
        self.compared.add("unnamed" if value and all(answers) else "named")
        return value

    def _computed(self, name: str, args: Any, value: Any) -> None:
        """Note an operator with a plain operand, which can hide a comparison, as in
        `abs(result - expected) < 1e-6`."""
        if all(self.foreign(each) is not None for each in args):
            return
        if (handle := self.foreign(value)) is None:
            self.compared.add("unnamed")
            return
        self._mixed.add(type(value))
        if name in _DIFFERENCES:
            self._differences.add(handle)

    def _measured(self, on: Any, kind: type, name: str, value: Any) -> None:
        """Note a number that decides for an object of an unnamed class, or for a difference."""
        hidden = self.foreign(on) in self._differences
        if not hidden and name == "__len__":
            hidden = not self.is_named(kind) and not _has(on, value)
        elif not hidden:
            hidden = not self.is_named(kind)
        if hidden:
            self.compared.add("unnamed")


def _has(container: Any, length: Any) -> bool:
    """Return whether an object of a class of the program has as many items as it says."""
    own = {name for kind in type(container).__mro__ for name in vars(kind)}
    if "__next__" in own:
        return False
    if "__iter__" not in own or type(length) is not int or length > _MOST_COUNTED:
        return True
    try:
        return len(list(islice(iter(container), length + 1))) == length
    except Exception:  # noqa: BLE001
        return False


class _Stranger:
    """A value that nothing equals."""
