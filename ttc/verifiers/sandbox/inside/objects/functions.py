"""Proxies of functions and of other callables without a class of their own."""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any

from ttc.verifiers.sandbox.inside.objects.mirrors import Remote

_COROUTINE, _ASYNC_GENERATOR, _GENERATOR = 0x80, 0x200, 0x20
_ANY = _COROUTINE | _ASYNC_GENERATOR | _GENERATOR
_MOST = 1 << 12  # characters of a docstring


class RemoteFunction(Remote):
    """A function of the other side."""

    __slots__ = ("__weakref__", "_ttc_end", "_ttc_told")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _link(self).invoke(self, args, kwargs)

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else types.MethodType(self, owner)

    def __repr__(self) -> str:
        return f"<function {_told(self, 'qual')}>"

    def __getattr__(self, name: str) -> Any:
        if name in ("__name__", "__qualname__"):
            return _told(self, name.strip("_").removesuffix("name") or "name")
        return super().__getattr__(name)

    __class__: Any = property(lambda self: types.FunctionType)
    __doc__: Any = property(lambda self: _told(self, "doc"))

    @property
    def __annotations__(self) -> Any:  # type: ignore[override]
        return _link(self).attribute(self, "__annotations__")

    @property
    def __code__(self) -> types.CodeType:
        code = _CODES[int(_told(self, "async"))]
        told = _link(self).act("signature", self)
        return code if told is None else _with_parameters(code, told)

    @property
    def __signature__(self) -> Any:
        return _made(_link(self).act("signature", self))


def _link(function: Any) -> Any:
    return object.__getattribute__(function, "_ttc_end")


def _with_parameters(code: types.CodeType, told: Any) -> types.CodeType:
    """Return code with the parameters of a signature: programs count them."""
    names = [tuple(str(name) for name, kind, *_ in told if kind in kinds)
             for kinds in ((0, 1), (3,), (2, 4))]  # fmt: skip
    every = sum(names, ())
    return code.replace(
        co_argcount=len(names[0]),
        co_kwonlyargcount=len(names[1]),
        co_varnames=every,
        co_nlocals=len(every),
    )


def _told(function: Any, what: str) -> Any:
    return object.__getattribute__(function, "_ttc_told")[what]


def described(value: Any) -> dict[str, Any]:
    """Return what the other side needs to make a proxy of a function."""
    name = getattr(value, "__name__", None)
    name = name if isinstance(name, str) else type(value).__name__
    qual, doc = getattr(value, "__qualname__", None), getattr(value, "__doc__", None)
    return {
        "name": name,
        "qual": qual if isinstance(qual, str) else name,
        "doc": doc[:_MOST] if isinstance(doc, str) else None,
        "async": asynchronous(value),
    }


def make(link: Any, told: dict[str, Any]) -> Any:
    """Return a proxy of a described function; ValueError for nonsense."""
    own = {"name": told["name"], "qual": told["qual"], "doc": told["doc"], "async": told["async"]}
    if not (type(own["name"]) is type(own["qual"]) is str and own["async"] in (0, 1, 2, 3)):
        raise ValueError("no description of a function")
    made = object.__new__(RemoteFunction)
    object.__setattr__(made, "_ttc_end", link)
    object.__setattr__(made, "_ttc_told", own)
    return made


def asynchronous(function: Any) -> int:
    """Return 1 for a coroutine function, 2 for a generator function, 3 for an asynchronous
    generator function, else 0."""
    if type(function) is types.FunctionType:
        flags = function.__code__.co_flags
        return 0 if not flags & _ANY else _kind_of(flags)
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return _kind_of(code.co_flags if isinstance(code, types.CodeType) else 0)


def _kind_of(flags: int) -> int:
    kinds = ((_COROUTINE, 1), (_ASYNC_GENERATOR, 3), (_GENERATOR, 2))
    return next((kind for flag, kind in kinds if flags & flag), 0)


def signature(function: Any) -> list[Any] | None:
    """Return the parameters of a function as plain data, None if they are not known."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    empty = inspect.Parameter.empty
    return [
        (each.name, int(each.kind), *(() if each.default is empty else (each.default,)))
        for each in parameters
    ]


def _made(told: Any) -> Any:
    if told is None:
        raise AttributeError("__signature__")
    kinds = list(inspect._ParameterKind)
    return inspect.Signature(
        [
            inspect.Parameter(name, kinds[kind], **({"default": rest[0]} if rest else {}))
            for name, kind, *rest in told
        ]
    )


def _plain() -> None:
    """Have the code of an ordinary function; the others of one of each asynchronous kind."""


async def _coroutine() -> None: ...


def _generator() -> Any:
    yield


async def _async_generator() -> Any:
    yield


_CODES = [each.__code__ for each in (_plain, _coroutine, _generator, _async_generator)]
type.__setattr__(RemoteFunction, "__name__", "function")
