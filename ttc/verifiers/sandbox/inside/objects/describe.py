"""Descriptions of classes and objects, from which the other side makes proxies."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ttc.verifiers.sandbox.inside.values import standard

_BINARY = """add sub mul matmul truediv floordiv mod pow lshift rshift and xor or"""
OPERATORS = frozenset(
    f"__{prefix}{name}__" for name in _BINARY.split() for prefix in ("", "r", "i")
) | {"__divmod__", "__rdivmod__"}
_OTHERS = """neg pos abs invert int float complex index round trunc floor ceil length_hint getitem
setitem delitem iter next reversed missing call enter exit aenter aexit aiter anext await str repr
format bytes dir fspath get set delete set_name"""
COMPARISONS = frozenset({"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"})
_MEASURES = """neg pos abs invert int float complex index round trunc floor ceil len"""
NUMBERS = frozenset(f"__{name}__" for name in _MEASURES.split())
ANSWERS = frozenset({"__hash__", "__bool__", "__contains__", "__len__"})
# The methods of the data model that proxies have where the class defines them.
FORWARDED = OPERATORS | COMPARISONS | ANSWERS | {f"__{name}__" for name in _OTHERS.split()}
FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    types.ClassMethodDescriptorType,
    functools.partial,
    type(functools.lru_cache(len)),
)
# The types of which a subclass keeps its honest value on the other side.
VALUES: tuple[type, ...] = (int, float, complex, str, bytes, tuple, frozenset, Decimal, Fraction)
VALUES += (datetime, date, time, timedelta)
CONTAINERS: tuple[type, ...] = (
    Counter,
    OrderedDict,
    defaultdict,
    dict,
    list,
    set,
    deque,
    bytearray,
)
_METHODS = (types.FunctionType, types.MethodDescriptorType)
_PARAMETERS = "__dataclass_params__"


def value_base(kind: type) -> type | None:
    """Return the standard type whose value an instance of a subclass keeps, None for none."""
    if issubclass(kind, BaseException):
        return None
    return next((base for base in (*CONTAINERS, *VALUES) if issubclass(kind, base)), None)


def own_layers(kind: type) -> Iterator[type]:
    """Yield the class, and those bases of the standard library that proxies do not have."""
    yield kind
    for base in kind.__mro__[1:]:
        real = base is object or issubclass(base, BaseException) or base in (*VALUES, *CONTAINERS)
        if not real and standard.name_of(base, listed=False):
            yield base


def class_of(kind: type) -> dict[str, Any]:
    """Return what the other side needs to make a proxy of a class, without its bases."""
    own: dict[str, Any] = {}
    for layer in own_layers(kind):
        for name, value in vars(layer).items():
            own.setdefault(name, value)
    if any(base.__module__ == "enum" for base in kind.__mro__):
        own.pop("__hash__", None)  # members are equal if they are identical
        own.pop("__eq__", None)
    told: dict[str, Any] = {
        "name": str(kind.__name__),
        "qual": str(kind.__qualname__),
        "mod": str(getattr(kind, "__module__", "")),
        "own": [name for name in own if name in FORWARDED and own[name] is not None],
        "methods": [
            name
            for name, value in own.items()
            if type(value) in _METHODS and (name[:2] != "__" or name == "__init__")
        ],
    }
    if isinstance(own.get("__doc__"), str):
        told["doc"] = own["__doc__"]
    if "__hash__" in own and own["__hash__"] is None:
        told["unhashable"] = True
    if (fields := _fields(kind)) is not None:
        told["fields"] = fields
        told["same"] = _generated(kind)
        told["ordered"] = told["same"] and bool(getattr(kind, _PARAMETERS).order)
    return told


def _fields(kind: type) -> list[list[Any]] | None:
    """Return the fields of a dataclass, each with whether it is compared."""
    if not dataclasses.is_dataclass(kind):
        return None
    return [[each.name, bool(each.compare)] for each in dataclasses.fields(kind)]


def _generated(kind: type) -> bool:
    """Return whether a dataclass has the `__eq__` that is made for it."""
    eq = vars(kind).get("__eq__")
    code: Any = getattr(eq, "__code__", None)
    own = getattr(eq, "__qualname__", "") == f"{kind.__qualname__}.__eq__"
    return own and code is not None and code.co_filename.startswith("<string")
