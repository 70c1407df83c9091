"""Classes that the tests derive from a program's class: the program's side makes them."""

from __future__ import annotations

import types
from typing import Any

OMITTED = frozenset(
    {"__qualname__", "__classcell__", "__dict__", "__weakref__", "__firstlineno__"}
) | {"__static_attributes__", "__annotate__", "__annotations__", "__conditional_annotations__"}


def told(value: Any) -> list[Any]:
    """Return a member of a class as the kind of its descriptor and what that wraps."""
    if type(value) is property:
        return ["property", value.fget, value.fset, value.fdel]
    if type(value) in (staticmethod, classmethod):
        return [type(value).__name__, value.__func__]
    return ["", value]


def make(name: str, bases: tuple[Any, ...], members: list[list[Any]]) -> type:
    """Return a new class with these bases and members."""
    wrap = {"property": property, "staticmethod": staticmethod, "classmethod": classmethod}
    body = {key: wrap[kind](*rest) if kind else rest[0] for key, kind, *rest in members}
    return types.new_class(name, bases, exec_body=lambda scope: scope.update(body))
