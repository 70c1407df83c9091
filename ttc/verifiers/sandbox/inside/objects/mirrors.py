"""Proxies: classes that mirror classes of the other side, and objects of these classes.

An operation on a proxy is a request to the other side (`Link`). A mirrored class has the bases and
the data-model methods of the original, so `isinstance`, `type`, `len`, `in` and operators work.
"""

from __future__ import annotations

from typing import Any, Protocol

# Names that look like the data model's and that a proxy may still ask the other side for. Not
# `__array_interface__` and the like, with which an object names memory that is then read.
LINK = "_ttc_link"  # the attribute of a mirrored class that has its connection
_ASKED = """dict name qualname doc annotations wrapped slots members defaults kwdefaults self func
version author match_args args origin parameters init post_init signature dataclass_fields"""
_ASKED_NAMES = frozenset(f"__{name}__" for name in _ASKED.split())


class Link(Protocol):
    """What proxies ask of a connection."""

    def invoke(self, on: Any, args: Any, kwargs: Any) -> Any:
        """Call an object."""

    def method(self, on: Any, name: str, args: Any, kwargs: Any, home: type) -> Any:
        """Call a method that this class defines."""

    def attribute(self, on: Any, name: str) -> Any:
        """Return an attribute."""

    def operate(self, on: Any, name: str, args: Any, home: type | None = None) -> Any:
        """Call a method of the data model, that of the class `home` if it is given."""

    def derive(self, name: str, bases: Any, body: dict[str, Any]) -> Any:
        """Return a mirror of a new class of the other side, None if it cannot be there."""

    def act(self, op: str, on: Any, *args: Any) -> Any:
        """Do anything else: `set`, `delete`, `copy`, `dir`."""


_MRO: Any = type.__dict__["__mro__"]
_BASES: Any = type.__dict__["__bases__"]


class RemoteType(type):
    """The class of mirrored classes. A class that is derived from one is made by the other side,
    where its methods are proxies; if that cannot be, it is an ordinary class."""

    def __new__(mcs, name: str, bases: Any, body: dict[str, Any], **named: Any) -> Any:
        mirror = next(filter(None, map(mirror_of, bases)), None)
        if mirror is None or LINK in body or named:
            return super().__new__(mcs, name, bases, body, **named)
        cell = body.get("__classcell__")
        made = own_link(mirror).derive(name, bases, body)
        if made is None:
            return super().__new__(mcs, name, bases, body)
        if cell is not None:
            cell.cell_contents = made  # for `super()`
        return made

    def __init__(cls, *args: Any, **named: Any) -> None:
        pass

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if (link := own_link(cls)) is None:
            return super().__call__(*args, **kwargs)
        return link.invoke(cls, args, kwargs)

    def __getattr__(cls, name: str) -> Any:
        mirror = mirror_of(cls)
        if mirror is None or not may_ask(name):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return link_of(mirror).attribute(mirror, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        if (link := own_link(cls)) is None:
            super().__setattr__(name, value)
        else:
            link.act("set", cls, name, value)

    def __delattr__(cls, name: str) -> None:
        if (link := own_link(cls)) is None:
            super().__delattr__(name)
        else:
            link.act("delete", cls, name)

    @property
    def __mro__(cls) -> tuple[type, ...]:
        return tuple(each for each in _MRO.__get__(cls) if each not in _OWN)

    @property
    def __bases__(cls) -> tuple[type, ...]:  # type: ignore[override]
        return tuple(each for each in _BASES.__get__(cls) if each not in _OWN) or (object,)

    def __iter__(cls) -> Any:
        return _operate_class(cls, "__iter__")

    def __len__(cls) -> Any:
        return _operate_class(cls, "__len__")

    def __bool__(cls) -> bool:
        return True

    def __contains__(cls, item: Any) -> Any:
        return _operate_class(cls, "__contains__", item)

    def __getitem__(cls, item: Any) -> Any:
        return _operate_class(cls, "__getitem__", item)

    def __dir__(cls) -> Any:
        return _operate_class(cls, "__dir__")


def _operate_class(cls: Any, name: str, *args: Any) -> Any:
    mirror = mirror_of(cls)
    if mirror is None:
        raise TypeError(f"type {cls.__name__!r} has no {name}")
    return link_of(mirror).operate(mirror, name, args)


def own_link(cls: Any) -> Any:
    """Return the connection of a mirrored class; None for any other object."""
    if not issubclass(type(cls), RemoteType):
        return None
    return type.__getattribute__(cls, "__dict__").get(LINK)


def mirror_of(cls: Any) -> Any:
    """Return the mirrored class that a class is or derives from; None for any other object."""
    if not isinstance(cls, RemoteType):
        return None
    mro = _MRO.__get__(cls)
    return next((each for each in mro if own_link(each) is not None), None)


def link_of(proxy: Any) -> Any:
    """Return the connection of a proxy."""
    kind = type(proxy)
    mirror = mirror_of(proxy if issubclass(kind, RemoteType) else kind)
    if mirror is None:  # a function, which knows its connection itself
        return object.__getattribute__(proxy, "_ttc_end")
    return own_link(mirror)


def is_proxy(value: Any) -> bool:
    """Return whether a value is a proxy, or a class that mirrors one."""
    return issubclass(type(value), Remote) or own_link(value) is not None


def may_ask(name: str) -> bool:
    """Return whether a proxy may ask the other side for an attribute of this name."""
    if name.startswith("__") and name.endswith("__"):
        return name in _ASKED_NAMES
    return not name.startswith(("_ttc", "_asyncio"))


class Remote(metaclass=RemoteType):
    """The base of mirrored classes."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if not may_ask(name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return link_of(self).attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__") and isinstance(self, BaseException):
            super().__setattr__(name, value)  # such as `__traceback__`
        else:
            link_of(self).act("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        link_of(self).act("delete", self, name)

    def __copy__(self) -> Any:
        return link_of(self).act("copy", self, False)

    def __deepcopy__(self, memo: Any) -> Any:
        return link_of(self).act("copy", self, True)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")


class RemoteObject(Remote):
    """An object of the other side."""

    __slots__ = ("__weakref__",)

    def __repr__(self) -> str:
        return str(link_of(self).operate(self, "__repr__", ()))

    def __str__(self) -> str:
        return str(link_of(self).operate(self, "__str__", ()))

    def __format__(self, spec: str) -> str:
        return str(link_of(self).operate(self, "__format__", (spec,)))

    def __dir__(self) -> Any:
        return link_of(self).operate(self, "__dir__", ())


_OWN = (Remote, RemoteObject)
