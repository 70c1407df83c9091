"""Decoding: what the other end sent by reference becomes proxies."""

from __future__ import annotations

from abc import ABCMeta
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, cast

from ttc.verifiers.sandbox.inside.objects import (
    describe,
    errors,
    functions,
    mirroring,
    mirrors,
    streams,
    twins,
)
from ttc.verifiers.sandbox.inside.objects.references import OWN_MODULES, Handle, References
from ttc.verifiers.sandbox.inside.values import arrays, standard
from ttc.verifiers.sandbox.inside.values.shared import assign


class Proxies(References):
    """Decodes references. Nonsense is an exception of any kind."""

    hears_listed = False  # whether the other end may name only what `standard` lists

    def _link(self) -> mirrors.Link:
        return cast(mirrors.Link, self)

    def resolve(self, tag: str, content: Any) -> Any:
        if tag == "$":
            return self.exported(content)
        if tag == "@":
            return self._proxy_of(*content)
        if tag == "std":
            return standard.find(content, listed=self.hears_listed)
        if tag == "e":
            return errors.decode(self, content)
        if tag == "V":
            return self._decode_value(*content)
        if tag == "$c":
            found = self.exported(content[0])
            self.shared.add(found)
            assign(found, self.uncontent(found, content[1]))
            return found
        if tag == "$m":
            return self.method_of(self.exported(content[0]), content[1])
        if tag == "$M":
            return self.function_of(self.exported(content[0]), content[1])
        if tag in ("E", "N"):
            return twins.decode(self, self.twins, tag, content)
        if tag in _NUMPY:
            return _NUMPY[tag](self, content)
        raise ValueError(f"no tag {tag!r}")

    def function_of(self, kind: Any, name: Any) -> Any:
        """Return the function that a class of this end had under a name when it was mirrored."""
        found = self.replaced.get((kind, name))
        return vars(kind)[name] if found is None else found

    def method_of(self, on: Any, name: Any) -> Any:
        """Return a bound method of an object that the other end has."""
        return getattr(on, name)

    def _decode_value(self, handle: int, kind: Any, content: Any) -> Any:
        kind = self.decode(kind)
        base = describe.value_base(kind)
        if mirrors.own_link(kind) is not self or base is None:
            raise ValueError("no class with a value")
        made = self.proxy(handle)
        if base not in describe.CONTAINERS:
            value = self.decode(content)
            if type(value) is not base:
                raise ValueError("another value than that of its class")
            return made if made is not None else self.adopt(handle, _rebuilt(kind, base, value))
        if made is None:
            fresh: Any = base
            made = self.adopt(handle, fresh.__new__(kind))
            fresh.__init__(made)
        if type(made) is not kind:
            raise ValueError("another class than before")
        self.shared.add(made)
        assign(made, self.uncontent(made, content))
        return made

    def _proxy_of(self, handle: int, told: Any = None) -> Any:
        """Return the proxy of an object; make it if it is described."""
        if type(handle) is not int:
            raise ValueError("no handle")
        self.dropped.discard(handle)
        if (found := self.proxy(handle)) is not None:
            return found
        told = self.told[handle] if told is None else told
        made = self._made(handle, told)
        self.told[handle] = told
        return made

    def _made(self, handle: int, told: dict[str, Any]) -> Any:
        kind = told["k"]
        if kind == "class":
            return self._mirrored(handle, told)
        if kind == "obj":
            mirror = self.decode(told["cls"])
            if mirrors.own_link(mirror) is not self or describe.value_base(mirror):
                raise ValueError("no class of an object")
            if issubclass(mirror, BaseException):
                raise ValueError("an exception without its arguments")
            return self.adopt(handle, object.__new__(mirror))
        if kind == "func":
            return self.adopt(handle, functions.make(self, told))
        made = streams.make(kind, str(told["name"]), self, Handle(handle))
        return self.adopt(handle, made)

    def _mirrored(self, handle: int, told: dict[str, Any]) -> Any:
        bases, value = [], None if told["v"] is None else standard.find(told["v"], listed=True)
        virtual = []
        for base in map(self.decode, told["b"]):
            if not isinstance(base, type):
                raise ValueError("a base that is no class")
            if mirrors.own_link(base) is self:
                bases.append(base)
            elif issubclass(base, BaseException):
                bases.append(self.admitted(base))
            elif isinstance(base, ABCMeta):
                virtual.append(base)
        if value is not None and value not in (*describe.CONTAINERS, *describe.VALUES):
            raise ValueError("no type of a value")
        made = None
        if (twin := self._twin_of(told["c"])) is not None:
            if issubclass(twin, BaseException):
                bases = [twin]
            else:
                made = twins.mirror(self._link(), twin)
        made = made or mirroring.mirror(
            self._link(), told["c"], bases, value, forward=self.honours()
        )
        self.proxies[handle] = made
        self.foreigners[id(made)] = handle
        for base in virtual:
            base.register(made)
        self.mirrored(made, told)
        return made

    def _twin_of(self, told: dict[str, Any]) -> type | None:
        twin = self.twins.get(told["name"])
        own = twin is not None and told["qual"] == twin.__qualname__ and told["mod"] in OWN_MODULES
        return twin if own else None

    def admitted(self, kind: type[BaseException]) -> type[BaseException]:
        """Return the class to raise for an exception of the standard library."""
        return kind

    def honours(self) -> bool:
        """Return whether a mirrored subclass of a standard type keeps its overridden methods."""
        return True

    def mirrored(self, kind: type, told: dict[str, Any]) -> None:
        """Take note of a new mirrored class."""


_NUMPY = {"nda": arrays.decode_array, "nds": arrays.decode_scalar}


def _rebuilt(kind: type, base: Any, value: Any) -> Any:
    """Return an instance of a mirrored subclass with this value."""
    if base in (datetime, date, time, timedelta):
        return base.__new__(kind, *value.__reduce__()[1])
    if base is Fraction:
        return base.__new__(kind, value.numerator, value.denominator)
    return base.__new__(kind, value)
