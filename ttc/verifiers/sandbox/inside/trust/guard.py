"""What a candidate may do with the judge's objects: a short list, and nothing else.

It may call what the tests handed to it, use public attributes and data-model methods of instances
of the tests' own classes and of a few classes of the library, and take items of iterators. It never
gets at functions' attributes, modules, frames, code, tracebacks or private names.
"""

from __future__ import annotations

import contextlib
import io
import types
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from ttc.verifiers.sandbox.inside.objects import mirrors, streams
from ttc.verifiers.sandbox.inside.objects.describe import FORWARDED, FUNCTIONS
from ttc.verifiers.sandbox.inside.objects.serving import Server

TESTS = "tests"  # the name of the tests' module
# Modules of the library whose classes' instances have public attributes that a program may use.
_OPEN = frozenset(
    {"_io", "io", "unittest.mock", "queue", "_queue", "random", "threading", "_thread"}
    | {"asyncio.queues", "asyncio.locks"}
)
_OPEN_CLASSES = (types.SimpleNamespace, io.IOBase)
# What tests read from a mock to learn how it was called.
_RECORDS: tuple[str, ...] = ("assert_", "call", "mock_", "method_calls", "await", "reset_mock")
_RECORDS += ("configure_mock", "attach_mock", "return_value", "side_effect")
_CHANGING = ("reset_mock", "configure_mock", "attach_mock", "mock_add_spec")


# What a program gets that asks for something it may not have: an exception of a builtin class, so
# that nothing of this module crosses.
RefusedError = AttributeError
_BY_NAME = ("method", "get", "set", "delete", "operate")  # the operations with a name
_HIDDEN = ("__defaults__", "__kwdefaults__")
_OF_FUNCTIONS = ("__name__", "__qualname__", "__doc__", "__annotations__", *_HIDDEN)


class Guard(Server):
    """Serves the candidate's requests about the judge's objects.

    `handed(value)` returns whether an object was handed to the candidate. What it can name itself,
    such as functions of the standard library, would otherwise do its work in the judge's process.
    """

    operations = Server.operations | {"captured"}

    def __init__(self, handed: Callable[[Any], bool]) -> None:
        super().__init__()
        self._handed = handed
        self.failed: list[AssertionError] = []  # assertions of the tests that failed in a callback

    def __call__(self, op: str, operands: list[Any], kwargs: dict[str, Any]) -> Any:
        if not operands or (
            op in ("get", "set", "delete", "operate") and type(operands[1]) is not str
        ):
            raise RefusedError(op)
        if op not in ("poll", "cancel") and not self._handed(operands[0]):
            raise RefusedError(f"{op} of what was not handed over")
        try:
            value = super().__call__(op, operands, kwargs)
        except AssertionError as error:
            self.failed.append(error)
            raise
        if op in ("next", "poll") and isinstance(value[-1], AssertionError):
            self.failed.append(value[-1])
        return value

    def call(self, on: Any, /, *args: Any, **kwargs: Any) -> Any:
        if isinstance(on, type) and on.__module__ != TESTS:
            raise RefusedError(f"a call of {on.__name__}")
        return on(*args, **kwargs)

    def method(self, on: Any, name: str, home: type, /, *args: Any, **kwargs: Any) -> Any:
        if type(name) is not str:
            raise RefusedError("a method without a name")
        return self.get(on, name)(*args, **kwargs)

    def captured(self, on: Any, op: str, /, *args: Any, **kwargs: Any) -> tuple[str, Any]:
        """Call an object or a method; return what it prints to standard output, and its value."""
        if op not in ("call", "method"):
            raise RefusedError(op)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            value = getattr(self, op)(on, *args, **kwargs)
        return out.getvalue(), value

    def get(self, on: Any, name: str, /) -> Any:
        if name in _OF_FUNCTIONS and isinstance(on, FUNCTIONS):
            # `typing.get_type_hints` asks for defaults in Python 3.10; what they are stays here.
            return None if name in _HIDDEN else getattr(on, name)
        if name == "__dict__" and _open(on) and not isinstance(on, type):
            return {key: value for key, value in vars(on).items() if key[:1] != "_"}
        _check(on, name)
        if _is_mock(on) and name in _CHANGING:
            raise RefusedError(name)
        return getattr(on, name)

    def set(self, on: Any, name: str, value: Any, /) -> None:
        if isinstance(on, type) and _is_new(on, name):
            setattr(on, name, value)  # by a decorator of the program
            return
        _check(on, name)
        inherited = getattr(type(on), name, None)
        if isinstance(on, type) or isinstance(inherited, FUNCTIONS) or _records(on, name):
            raise RefusedError(f"a change of {name}")
        if _is_mock(on) and mirrors.is_proxy(value):
            raise RefusedError(f"a change of {name}")  # it would answer what the tests ask a mock
        setattr(on, name, value)

    def delete(self, on: Any, name: str, /) -> None:
        _check(on, name)
        if isinstance(on, type) or _records(on, name):
            raise RefusedError(f"a deletion of {name}")
        delattr(on, name)

    def operate(self, on: Any, name: str, home: type | None, /, *args: Any) -> Any:
        if name not in FORWARDED or not _open(on):
            raise RefusedError(f"{name} of {type(on).__name__}")
        return super().operate(on, name, None, *args)

    def derive(self, name: str, bases: tuple[Any, ...], members: list[list[Any]], /) -> type:
        raise RefusedError("a new class")

    def copy(self, on: Any, deep: bool, /) -> Any:
        if not _open(on):
            raise RefusedError(f"a copy of {type(on).__name__}")
        return super().copy(on, deep)

    def next(self, on: Any, size: int, how: str, given: Any, /) -> Any:
        if not isinstance(on, Iterator) or how not in ("send", "throw", "close"):
            raise RefusedError("items of what is no iterator")
        if type(size) is not int or not (given is None or isinstance(on, types.GeneratorType)):
            raise RefusedError("items of what is no generator")
        return streams.step(on, min(size, 1), how, given)

    def task(self, on: Any, how: str, given: Any, /) -> int:
        if how != "await" and not isinstance(on, types.AsyncGeneratorType):
            raise RefusedError("steps of what is no asynchronous generator")
        if how not in ("await", "asend", "athrow", "aclose"):
            raise RefusedError("another step")
        if how == "await" and not isinstance(on, Awaitable):
            raise RefusedError("the end of what nobody can await")
        return super().task(on, how, given)

    def signature(self, on: Any, /) -> Any:
        """Return the parameters of a function; a default is only told to be there."""
        told = super().signature(on) if isinstance(on, FUNCTIONS) else None
        return told and [(name, kind, *(None for _ in rest)) for name, kind, *rest in told]


def _is_new(kind: type, name: str) -> bool:
    """Return whether a program may add a name to a class of the tests: not one that is there, and
    none by which the tests would be answered, such as `__eq__`."""
    if kind.__module__ != TESTS or any(name in vars(each) for each in kind.__mro__[:-1]):
        return False
    return name[:1] != "_" or name in ("__repr__", "__str__")


def _check(on: Any, name: str) -> None:
    if name.startswith("_") or not _open(on):
        raise RefusedError(f"{name} of {type(on).__name__}")


def _open(on: Any) -> bool:
    """Return whether a program may use the public attributes of an object."""
    if isinstance(on, types.ModuleType):
        return False
    kind = on if isinstance(on, type) else type(on)
    if any(each.__module__.partition(".")[0] == "unittest" for each in kind.__mro__):
        return kind.__module__ == "unittest.mock"
    if mirrors.own_link(kind) is not None:
        return False
    return (
        kind.__module__ in (TESTS, *_OPEN)
        or issubclass(kind, _OPEN_CLASSES)
        or any(each.__module__ == TESTS for each in kind.__mro__)
    )


def _records(on: Any, name: str) -> bool:
    return _is_mock(on) and name.startswith(_RECORDS)


def _is_mock(on: Any) -> bool:
    return any(each.__module__ == "unittest.mock" for each in type(on).__mro__)
