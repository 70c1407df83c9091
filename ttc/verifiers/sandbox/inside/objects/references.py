"""References: objects by handle, with descriptions from which the other end makes proxies."""

from __future__ import annotations

import types
import weakref
from typing import Any

from ttc.verifiers.sandbox.inside.objects import describe, errors, functions, streams, twins
from ttc.verifiers.sandbox.inside.values import arrays, library, standard
from ttc.verifiers.sandbox.inside.values.codec import ENCODERS, Codec

assert library  # registers its types
_MISSING = object()
OWN_MODULES = ("candidate", "tests")  # the modules of the program and of the tests


class Handle:
    """An object of the other end, without a proxy."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class References(Codec):
    """Encodes objects by reference, and keeps count of them and of the proxies."""

    says_listed = False  # whether only what `standard` lists crosses by name
    keeps_errors = False  # whether every exception has a handle

    def __init__(self) -> None:
        super().__init__()
        self._exports: dict[int, Any] = {}
        self._handles: dict[int, int] = {}  # by id, of the objects in `_exports`
        self._next = 0
        self.proxies: dict[int, Any] = {}  # by handle: weak references, or the proxies themselves
        self.foreigners: dict[int, int] = {}  # handles by id, of the proxies that are alive
        self.told: dict[int, Any] = {}  # descriptions of objects that the other end still keeps
        self.dropped: set[int] = set()
        self.twins: dict[str, type] = {}
        self.replaced: dict[tuple[type, str], Any] = {}  # what the other end set anew in classes

    def refer(self, value: Any) -> Any:
        kind = type(value)
        if kind is Handle:
            return {"$": value.number}
        if kind is types.FunctionType and value.__module__ in OWN_MODULES:  # most often asked for
            handle = self._handles.get(id(value))
            told = () if handle else ({"k": "func", **functions.described(value)},)
            return {"@": [handle or self.export(value), *told]}
        if (handle := self.foreign(value)) is not None:
            if issubclass(kind, describe.CONTAINERS):
                return self.once(value) or {"$c": [handle, self.content(value)]}
            return {"$": handle}
        if (found := self._other_form(value)) is not None:
            return found
        base = describe.value_base(kind) if not isinstance(value, type) else None
        if base is not None and kind is not base:
            return self._value_of(value, base)
        return {"@": [self.export(value), self._described(value)]}

    def _other_form(self, value: Any) -> Any:
        """Return a value that has a form of its own or a handle as JSON, None for others."""
        if self.twins and (found := twins.encode(self, self.twins, value)) is not None:
            return found
        if isinstance(value, BaseException):
            return {"e": errors.encode(self, value)}
        if (named := standard.name_of(value, listed=self.says_listed)) is not None:
            return {"std": named}
        if arrays.is_numpys(value) and (found := arrays.encode(self, value)) is not None:
            return found
        if isinstance(value, types.MethodType) and hasattr(value.__func__, "_ttc_method"):
            handle = self.foreign(value.__self__)
            if handle is not None:
                return {"$m": [handle, value.__func__.__name__]}
        if isinstance(value, types.FunctionType) and hasattr(value, "_ttc_method"):
            return {"$M": [self.foreign(value._ttc_method[0]), value.__name__]}
        handle = self._handles.get(id(value))
        base = describe.value_base(type(value)) if not isinstance(value, type) else None
        return None if handle is None or base is not None else {"@": [handle]}

    def _value_of(self, value: Any, base: type) -> Any:
        """Return an instance of a subclass of a standard type, with its class and its value."""
        if base in describe.CONTAINERS:
            if (known := self.once(value)) is not None:
                return known
            content = self.content(value)
        elif base in _RAW:
            content = self.encode(_RAW[base](value))
        else:
            content = ENCODERS[base](self, value)
        handle = self._handles.get(id(value)) or self.export(value)
        return {"V": [handle, self.class_ref(type(value)), content]}

    def class_ref(self, kind: type) -> Any:
        """Return a class by reference, also one of the standard library."""
        if (handle := self.foreign(kind)) is not None:
            return {"$": handle}
        if (handle := self._handles.get(id(kind))) is not None:
            return {"@": [handle]}
        return {"@": [self.export(kind), self._described(kind)]}

    def _described(self, value: Any) -> dict[str, Any]:
        if isinstance(value, type):
            base = describe.value_base(value)
            return {
                "k": "class",
                "c": describe.class_of(value),
                "b": [self.encode(each) for each in value.__bases__],
                "std": standard.name_of(value, listed=self.says_listed),
                "v": None if base is None else standard.name_of(base, listed=True),
            }
        if isinstance(value, describe.FUNCTIONS):
            return {"k": "func", **functions.described(value)}
        if (stream := streams.kind_of(value)) is not None:
            return {"k": stream, "name": type(value).__name__}
        return {"k": "obj", "cls": self.class_ref(type(value))}

    def foreign(self, value: Any) -> int | None:
        """Return the handle of a proxy, None if a value is none."""
        handle = self.foreigners.get(id(value))
        return handle if handle is not None and self.proxy(handle) is value else None

    def proxy(self, handle: Any) -> Any:
        """Return the proxy with this handle if it is alive."""
        found = self.proxies.get(handle)
        return found() if type(found) is weakref.ref else found

    def handle_of(self, value: Any) -> int | None:
        """Return the handle of an exported object."""
        return self._handles.get(id(value))

    def export(self, value: Any) -> int:
        """Give an object a handle; it is kept until the other end drops it."""
        handle = self._next = self._next + 1
        self._exports[handle] = value
        self._handles[id(value)] = handle
        return handle

    def take_dropped(self) -> list[int]:
        """Return the objects that the other end need not keep any more; forget them here."""
        gone, self.dropped = list(self.dropped), set()
        for handle in gone:
            self.told.pop(handle, None)
        return gone

    def mark(self) -> tuple[int, int]:
        """Return how far this end has numbered containers and objects."""
        return len(self.shared.objects), self._next

    def undo(self, mark: tuple[int, int]) -> None:
        """Forget what was numbered since for a message that is not sent."""
        self.shared.forget(mark[0])
        while self._next > mark[1]:
            self._handles.pop(id(self._exports.pop(self._next, None)), None)
            self._next -= 1

    def exported(self, handle: Any) -> Any:
        """Return the object with this handle; ValueError if there is none."""
        found = self._exports.get(handle, _MISSING) if type(handle) is int else _MISSING
        if found is _MISSING:
            raise ValueError("no such object")
        return found

    def drop(self, handle: Any) -> None:
        """Forget an object that the other end has no proxy of any more."""
        value = self.exported(handle)
        del self._exports[handle]
        self._handles.pop(id(value), None)

    def adopt(self, handle: int, proxy: Any) -> Any:
        """Remember the proxy of an object; it is dropped at the other end when it goes."""
        key = id(proxy)
        try:
            held: Any = weakref.ref(proxy, lambda _: self._release(handle, key))
        except TypeError:
            held = proxy
        self.proxies[handle] = held
        self.foreigners[key] = handle
        return proxy

    def _release(self, handle: int, key: int) -> None:
        if self.foreigners.get(key) == handle:
            del self.foreigners[key]
        self.proxies.pop(handle, None)
        self.dropped.add(handle)


_RAW: dict[type, Any] = {
    int: int.__index__,
    float: float.__float__,
    str: str.__str__,
    tuple: lambda value: tuple(tuple.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    bytes: lambda value: bytes(bytes.__iter__(value)),
    complex: lambda value: complex(value.real, value.imag),
}
