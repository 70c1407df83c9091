"""Arrays and scalars of numpy, which cross by value where numpy is imported."""

from __future__ import annotations

import sys
from typing import Any

from ttc.verifiers.sandbox.inside.values.codec import Codec

_KINDS = "biufcSUmMV"


def is_numpys(value: Any) -> bool:
    """Return whether a value is an array or a scalar of numpy, of exactly its class."""
    numpy: Any = sys.modules.get("numpy")
    kind = type(value)
    return getattr(kind, "__module__", None) == "numpy" and (
        kind is getattr(numpy, "ndarray", None)
        or (issubclass(kind, getattr(numpy, "generic", ())) and not issubclass(kind, type(None)))
    )


def encode(codec: Codec, value: Any) -> Any:
    """Return an array, a scalar or a dtype as JSON; None if it has fields of Python objects."""
    numpy: Any = sys.modules["numpy"]
    if type(value) is numpy.ndarray:
        if value.dtype.hasobject:
            if value.dtype != numpy.dtype(object):
                return None
            known = codec.once(value)
            items = [codec.encode(item) for item in value.ravel().tolist()] if not known else []
            return known or {"nda": ["O", list(value.shape), items]}
        known = codec.once(value)
        raw = numpy.ascontiguousarray(value).tobytes().hex()
        return known or {"nda": [_described(value.dtype), list(value.shape), raw]}
    return {"nds": [_described(value.dtype), value.tobytes().hex()]}


def _described(dtype: Any) -> Any:
    return dtype.str if dtype.names is None else [list(each) for each in dtype.descr]


def _dtype(numpy: Any, described: Any) -> Any:
    if isinstance(described, str):
        dtype = numpy.dtype(described)
    else:
        dtype = numpy.dtype([_field(each) for each in described])
    if dtype.hasobject:
        raise ValueError("a dtype with objects")
    return dtype


def _field(each: Any) -> Any:
    name, form, *shape = each
    if not (isinstance(name, str) and isinstance(form, str)):
        raise ValueError("no field")
    return (name, form, *(tuple(part) for part in shape))


def decode_array(codec: Codec, content: Any) -> Any:
    """Return the array of an `encode` result."""
    import numpy

    described, shape, raw = content
    if described == "O":
        made: Any = numpy.empty(shape, dtype=object)
        codec.shared.add(made)
        items = codec.several(raw)
        if len(items) != made.size:
            raise ValueError("another number of items")
        for at, item in enumerate(items):
            made.flat[at] = item
        return made
    dtype, data = _dtype(numpy, described), bytes.fromhex(raw)
    made = (
        numpy.frombuffer(data, dtype).reshape(shape).copy() if data else numpy.empty(shape, dtype)
    )
    codec.shared.add(made)
    return made


def decode_scalar(codec: Codec, content: Any) -> Any:
    """Return the scalar of an `encode` result."""
    import numpy

    described, raw = content
    return numpy.frombuffer(bytes.fromhex(raw), dtype=_dtype(numpy, described))[0]
