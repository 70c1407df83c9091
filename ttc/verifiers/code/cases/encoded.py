"""Decodes tests that are stored as JSON text, as it is or compressed, as LiveCodeBench does it."""

from __future__ import annotations

import base64
import binascii
import json
import pickletools
import zlib
from functools import lru_cache
from typing import Any

_MOST_BYTES = 512 << 20  # of decompressed text
# All that the pickle of one string has; none of them makes an object or calls anything.
_FRAMING = {"PROTO", "FRAME", "MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT", "STOP"}
_STRINGS = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"}
_BYTES = {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8"}


class UndecodableError(ValueError):
    """A field with tests is not what its format is."""


def decoded(given: Any) -> Any:
    """Return a value, or that of its JSON text, which may be compressed (base64 of zlib of a
    pickled string). UndecodableError if it cannot be decoded; no pickle is ever
    loaded."""
    return _decoded(given) if isinstance(given, str) else given


@lru_cache(4)
def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise UndecodableError("it is nested too deeply") from None
    except ValueError:
        plain = _decompressed(text)
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        raise UndecodableError("it is not JSON, neither as it is nor decompressed") from None


def _decompressed(text: str) -> str:
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UndecodableError("it is neither JSON nor base64") from None
    try:
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(packed, _MOST_BYTES)
    except zlib.error:
        raise UndecodableError("it is base64, but not of zlib") from None
    if unpacking.unconsumed_tail:
        raise UndecodableError(f"it is more than {_MOST_BYTES >> 20} MiB")
    return _string(data) if data[:1] == b"\x80" else data.decode("utf-8", "replace")


def _string(data: bytes) -> str:
    """Return the string in the pickle of one; ValueError for any other pickle."""
    found: list[str] = []
    try:
        for opcode, value, _ in pickletools.genops(data):
            if opcode.name in _STRINGS:
                found.append(str(value))
            elif opcode.name in _BYTES and isinstance(value, bytes):
                found.append(value.decode("utf-8"))
            elif opcode.name not in _FRAMING:
                raise UndecodableError(f"its pickle is not that of a string ({opcode.name})")
    except UndecodableError:
        raise
    except Exception:  # noqa: BLE001
        raise UndecodableError("its pickle is broken") from None
    if len(found) != 1:
        raise UndecodableError("its pickle is not that of one string")
    return found[0]
