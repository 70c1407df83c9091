"""The operations that the other end may ask for; the candidate's end serves all of them."""

from __future__ import annotations

import copy
from typing import Any

from ttc.verifiers.sandbox.inside.objects import derived, functions, streams


class Server:
    """Performs the operations on this end's objects."""

    operations = frozenset(
        {"call", "method", "get", "set", "delete", "operate", "derive", "copy", "next"}
    ) | {"signature", "task", "poll", "cancel"}
    _tasks: streams.Tasks | None = None

    def __init__(self) -> None:
        self.replaced: dict[tuple[type, str], Any] = {}  # `References.replaced`

    def __call__(self, op: str, operands: list[Any], kwargs: dict[str, Any]) -> Any:
        """Perform an operation; KeyError if there is none of this name."""
        if op not in self.operations:
            raise KeyError(op)
        return getattr(self, op)(*operands, **kwargs)

    def call(self, on: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call an object."""
        return on(*args, **kwargs)

    def method(self, on: Any, name: str, home: type, /, *args: Any, **kwargs: Any) -> Any:
        """Call a method that the class `home` defines; it may be overridden, and called by
        `super`."""
        first = next((each for each in type(on).__mro__ if name in vars(each)), home)
        own = next((each for each in home.__mro__ if name in vars(each)), first)
        if first is own or not issubclass(type(on), home):
            return getattr(on, name)(*args, **kwargs)
        return vars(own)[name].__get__(on, type(on))(*args, **kwargs)

    def get(self, on: Any, name: str, /) -> Any:
        """Return an attribute."""
        return getattr(on, name)

    def set(self, on: Any, name: str, value: Any, /) -> None:
        """Set an attribute."""
        if isinstance(on, type) and name in vars(on):
            self.replaced.setdefault((on, name), vars(on)[name])
        setattr(on, name, value)

    def delete(self, on: Any, name: str, /) -> None:
        """Delete an attribute."""
        delattr(on, name)

    def operate(self, on: Any, name: str, home: type | None, /, *args: Any) -> Any:
        """Call a method of the data model, that of the class `home` if it is given."""
        if name == "__getitem__" and isinstance(on, type):
            return on[args[0]]  # type: ignore[index]
        if name == "__dir__":
            return dir(on)
        if name in ("__exit__", "__aexit__"):
            args = (*args[:2], None)  # a traceback does not cross
        return _bound(home or type(on), on, name)(*args)

    def derive(self, name: str, bases: tuple[Any, ...], members: list[list[Any]], /) -> type:
        """Return a new class."""
        return derived.make(name, bases, members)

    def copy(self, on: Any, deep: bool, /) -> Any:
        """Return a copy."""
        return copy.deepcopy(on) if deep else copy.copy(on)

    def next(self, on: Any, size: int, how: str, given: Any, /) -> Any:
        """Return the next items of an iterator (`streams.step`)."""
        return streams.step(on, size, how, given)

    def signature(self, on: Any, /) -> Any:
        """Return the parameters of a function."""
        return functions.signature(on)

    def task(self, on: Any, how: str, given: Any, /) -> int:
        """Start a task of an awaitable."""
        if self._tasks is None:
            self._tasks = streams.Tasks()
        return self._tasks.start(on, how, given)

    def poll(self, number: int, /) -> Any:
        """Let tasks run for a while; say whether this one is done."""
        if self._tasks is None:
            raise KeyError(number)
        return self._tasks.poll(number)

    def cancel(self, number: int, /) -> None:
        """Cancel a task."""
        if self._tasks is not None:
            self._tasks.cancel(number)


def _bound(kind: type, on: Any, name: str) -> Any:
    """Return a method of a class bound to an object, as an operator finds it: mocks tell apart
    whether they are asked through the class."""
    for each in kind.__mro__:
        if name in vars(each):
            found = vars(each)[name]
            bind = getattr(type(found), "__get__", None)
            return found if bind is None else bind(found, on, type(on))
    return getattr(kind, name).__get__(on, type(on))
