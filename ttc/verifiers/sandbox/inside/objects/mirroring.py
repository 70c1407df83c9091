"""Makes the classes that mirror classes of the other side."""

from __future__ import annotations

from typing import Any

from ttc.verifiers.sandbox.inside.objects.describe import FORWARDED
from ttc.verifiers.sandbox.inside.objects.mirrors import (
    LINK,
    Link,
    Remote,
    RemoteObject,
    RemoteType,
    link_of,
    may_ask,
    mirror_of,
)


def _forward(name: str, home: list[type]) -> Any:
    if name == "__call__":
        return _call

    def method(self: Any, *args: Any) -> Any:
        return link_of(self).operate(self, name, args, home[0])

    method.__name__ = method.__qualname__ = name
    return method


def _call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
    return link_of(self).invoke(self, args, kwargs)


def _bound(name: str, home: list[type]) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return link_of(self).method(self, name, args, kwargs, home[0])

    method.__name__ = method.__qualname__ = name
    method._ttc_method = home  # type: ignore[attr-defined]
    return method


def mirror(
    link: Link, told: dict[str, Any], bases: list[type], value: type | None, *, forward: bool = True
) -> type:
    """Return a class that mirrors one of the other side.

    `bases` are mirrors and real exceptions; `value` is the standard type whose honest value the
    instances keep, whose own methods are then used unless `forward`. ValueError for nonsense.
    """
    names = [told["name"], told["qual"], told["mod"]]
    own, methods = told["own"], told["methods"]
    if not all(type(each) is str for each in (*names, *own, *methods)):
        raise ValueError("no description of a class")
    body: dict[str, Any] = {"__module__": names[2], "__qualname__": names[1], LINK: link}
    home: list[type] = []
    body |= {name: _bound(name, home) for name in methods if may_ask(name)}
    if type(told.get("doc")) is str:
        body["__doc__"] = told["doc"]
    real = value is not None or any(issubclass(base, BaseException) for base in bases)
    if forward or value is None:
        body |= {name: _forward(name, home) for name in own if name in FORWARDED}
    if "__eq__" in body and "__hash__" not in body:
        body["__hash__"] = None
    if told.get("unhashable") and "__hash__" not in body:
        body["__hash__"] = None
    if not real:
        body["__slots__"] = ()
    heads = [] if any(map(mirror_of, bases)) else [Remote if real else RemoteObject]
    ends = [value] if value and not any(issubclass(base, value) for base in bases) else []
    try:
        made = RemoteType(names[0], (*heads, *bases, *ends), body)
    except TypeError:  # bases that do not go together without those that are not mirrored
        made = RemoteType(names[0], (*heads, *bases[:1], *ends), body)
    home.append(made)
    if "fields" in told:
        type.__setattr__(made, "__dataclass_fields__", _fields(told["fields"]))
    return made


def _fields(told: Any) -> dict[str, Any]:
    """Return what makes `dataclasses` take a class for one of its own."""
    import dataclasses

    if type(told) is not list or not all(type(name) is str for name, _ in told):
        raise ValueError("no fields")
    made: Any = dataclasses.make_dataclass("fields", [name for name, _ in told])
    return dict(made.__dataclass_fields__)
