"""Frames over a socket: a length and JSON. No pickle."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

LARGEST = 32 << 20  # bytes of a frame

# Bound here, since a program or its tests may patch the modules.
_encoder, _decoder = (
    json.JSONEncoder(separators=(",", ":"), check_circular=False),
    json.JSONDecoder(),
)
_pack, _unpack = struct.pack, struct.unpack


def _compiled() -> Any:
    """Return the encoder in C, which `JSONEncoder.encode` would make anew for each message; else
    that."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _encoder.encode
    text = json.encoder.encode_basestring_ascii
    made = make(None, _encoder.default, text, None, ":", ",", False, False, True)
    return lambda message: "".join(made(message, 0))


_dumps: Any = _compiled()
_scan: Any = vars(_decoder)["scan_once"]


def _loads(text: str) -> Any:
    found, end = _scan(text, 0)
    if end != len(text):
        raise ValueError("more than a message")
    return found


class TooLargeError(Exception):
    """A frame is larger than LARGEST."""


def send(channel: socket.socket, message: Any) -> None:
    """Send a message as one frame; TooLargeError above LARGEST, RecursionError if too deep."""
    body = _dumps(message).encode("ascii")
    if len(body) > LARGEST:
        raise TooLargeError(f"{len(body)} bytes of data")
    channel.sendall(_pack("<I", len(body)) + body)


def receive(channel: socket.socket) -> Any:
    """Return the next message; EOFError at the end, ValueError or RecursionError for nonsense."""
    size = _unpack("<I", _exactly(channel, 4))[0]
    if size > LARGEST:
        raise TooLargeError(f"{size} bytes of data")
    return _loads(_exactly(channel, size).decode("ascii"))


def _exactly(channel: socket.socket, size: int) -> bytes:
    first = channel.recv(min(size, 1 << 20)) if size else b""
    if len(first) == size:
        return first
    parts = [first]
    while part := parts[-1]:
        size -= len(part)
        if not size:
            return b"".join(parts)
        parts.append(channel.recv(min(size, 1 << 20)))
    raise EOFError
