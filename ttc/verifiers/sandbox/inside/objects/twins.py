"""Classes that a reference's setup defines, and that both sides therefore have: nodes, records,
exceptions. An instance of one side is an instance on the other, with that side's own methods; only
its attributes are asked for. Members of an enumeration and named tuples cross by value.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from ttc.verifiers.sandbox.inside.objects.mirrors import (
    LINK,
    Link,
    RemoteObject,
    RemoteType,
    link_of,
)

Twins = Mapping[str, type]  # by name


def encode(codec: Any, twins: Twins, value: Any) -> dict[str, Any] | None:
    """Return a member of an enumeration or a named tuple as JSON; None for other objects."""
    kind = type(value)
    if twins.get(kind.__name__) is not kind:
        return None
    if isinstance(value, enum.Enum) and isinstance(value.name, str):
        return {"E": [kind.__name__, value.name]}
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return {"N": [kind.__name__, codec.items(list(tuple.__iter__(value)))]}
    return None


def decode(codec: Any, twins: Twins, tag: str, content: Any) -> Any:
    """Return the value of an `encode` result; ValueError or KeyError for nonsense."""
    name, told = content
    kind: Any = twins[name]
    if tag == "E" and issubclass(kind, enum.Enum):
        return kind[told]
    if tag == "N" and issubclass(kind, tuple) and len(told) == len(kind._fields):
        return tuple.__new__(kind, codec.several(told))
    raise ValueError("no value of a class of the setup")


def mirror(link: Link, twin: type) -> type | None:
    """Return a class for the other side's instances of a twin; None if they cannot have one."""
    if issubclass(twin, (enum.Enum, tuple)):
        return None
    body: dict[str, Any] = {
        name: _attribute(name)
        for kind in twin.__mro__[:-1]
        for name, value in vars(kind).items()
        if not name.startswith("__") and _is_data(value)
    }
    body |= {"__module__": twin.__module__, "__qualname__": twin.__qualname__, LINK: link}
    body["__class__"] = property(lambda _: twin)
    try:
        return RemoteType(twin.__name__, (RemoteObject, twin), body)
    except TypeError:
        return None


def _is_data(value: Any) -> bool:
    """Return whether a name of a class stands for what its instances have: a default, a slot."""
    return not hasattr(type(value), "__get__") or type(value) is type(_Slot.name)  # type: ignore[attr-defined]


class _Slot:
    __slots__ = ("name",)


def _attribute(name: str) -> property:
    return property(
        lambda self: link_of(self).attribute(self, name),
        lambda self, value: link_of(self).act("set", self, name, value),
        lambda self: link_of(self).act("delete", self, name),
    )
