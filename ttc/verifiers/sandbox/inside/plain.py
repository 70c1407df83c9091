"""Plain data over a socket between two processes that do not trust each other.

Received values have exact builtin types (and Decimal, Fraction), whatever was sent: no object of
the other side, and so none of its methods, gets here. A frame is a length and JSON; no pickle.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

LARGEST = 32 << 20  # bytes of a frame
MOST_ITEMS = 1 << 20  # of an iterator

# Integers of any length are sent in base 16, to which Python's digit limit does not apply.
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)

_SAFE = 1 << 53


class NotPlainError(Exception):
    """A value has no plain form; the message names its type."""


class TooLargeError(Exception):
    """A frame is larger than LARGEST."""


def encode(value: Any) -> Any:
    """Return a value as JSON: scalars and lists unchanged, other types tagged."""
    kind = type(value)
    if value is None or kind is bool or kind is str or kind is float:
        return value
    if kind is int:
        return value if -_SAFE < value < _SAFE else {"int": hex(value)}
    if kind is list:
        return [encode(item) for item in value]
    return _encode_other(value)


def _encode_other(value: Any) -> Any:
    # Subclasses become their base type: a namedtuple a tuple, a Counter a dict.
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in tuple.__iter__(value)]}
    if isinstance(value, dict):
        pairs = dict.items(value)
        return {"dict": [[encode(key), encode(item)] for key, item in pairs]}
    for tag, several in (("set", set), ("frozenset", frozenset)):
        if isinstance(value, several):
            return {tag: [encode(item) for item in list(value)]}
    for tag, raw in (("bytes", bytes), ("bytearray", bytearray)):
        if isinstance(value, raw):
            return {tag: bytes(value).hex()}
    base: Any
    for base in (int, float, str, list):
        if isinstance(value, base):
            return encode(base(value))
    for tag, number in (("complex", complex), ("decimal", Decimal), ("fraction", Fraction)):
        if type(value) is number:
            return {tag: str(value)}
    return _encode_rare(value)


def _encode_rare(value: Any) -> Any:
    if type(value) is range:
        return {"range": [value.start, value.stop, value.step]}
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return encode(value.tolist())
    if isinstance(value, Iterator):
        items = list(islice(value, MOST_ITEMS + 1))
        if len(items) > MOST_ITEMS:
            raise TooLargeError(f"an iterator of more than {MOST_ITEMS} items")
        return {"iterator": [encode(item) for item in items]}
    raise NotPlainError(type(value).__name__)


def decode(value: Any) -> Any:
    """Return the value of an `encode` result, with exact types; ValueError for anything else."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise ValueError("a tagged value has one tag")
    ((tag, content),) = value.items()
    if tag in _SEQUENCES:
        return _SEQUENCES[tag](decode(item) for item in content)
    if tag == "dict":
        return {decode(key): decode(item) for key, item in content}
    if tag in _SCALARS:
        return _SCALARS[tag](content)
    raise ValueError(f"no tag {tag!r}")


_SEQUENCES: dict[str, Any] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "iterator": lambda items: iter(list(items)),
}
_SCALARS: dict[str, Any] = {
    "int": lambda text: int(text, 16),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "complex": complex,
    "decimal": Decimal,
    "fraction": Fraction,
    "range": lambda bounds: range(*bounds),
}


def send(channel: socket.socket, value: Any) -> None:
    """Send a value as one frame of JSON; TooLargeError above LARGEST."""
    body = json.dumps(value, separators=(",", ":")).encode("ascii")
    if len(body) > LARGEST:
        raise TooLargeError(f"{len(body)} bytes of data")
    channel.sendall(struct.pack("<I", len(body)) + body)


def receive(channel: socket.socket) -> Any:
    """Return the value of the next frame; EOFError at the end, ValueError if it is not JSON."""
    size = struct.unpack("<I", _exactly(channel, 4))[0]
    if size > LARGEST:
        raise TooLargeError(f"{size} bytes of data")
    return json.loads(_exactly(channel, size))


def _exactly(channel: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = channel.recv(min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
