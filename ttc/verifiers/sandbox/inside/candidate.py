"""The candidate's process: runs the program and answers calls with plain data.

No other process trusts this one. The tests are never in its memory.
"""

from __future__ import annotations

import socket
import sys
from types import ModuleType
from typing import Any

from ttc.verifiers.sandbox.inside import plain

_MUTABLE = (list, dict, set, bytearray)
_LONGEST = 500


def load(program: str, name: str = "candidate") -> dict[str, Any]:
    """Run a program as a module with this name; return its namespace."""
    module = ModuleType(name)
    sys.modules[name] = module  # dataclasses and typing look for it there
    exec(compile(program, "<candidate>", "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def told(error: BaseException) -> dict[str, str]:
    """Return an exception as plain data, even if its own methods raise."""
    try:
        message = str(error)[:_LONGEST]
    except BaseException:  # noqa: BLE001
        message = ""
    return {"raised": type(error).__name__, "message": message}


def answer_calls(program: str, channel: socket.socket) -> None:
    """Run the program, then answer calls of its functions until the channel is closed."""
    try:
        namespace = load(program)
        hello: dict[str, Any] = {"ready": True}
    except BaseException as error:  # noqa: BLE001
        namespace, hello = {}, told(error)
    plain.send(channel, hello)
    while True:
        try:
            asked = plain.receive(channel)
        except EOFError:
            return
        plain.send(channel, _call(namespace, asked))


def _call(namespace: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    try:
        args, kwargs = plain.decode(asked["args"]), plain.decode(asked["kwargs"])
        before = _mutable(args)
        if asked["name"] not in namespace:
            raise NameError(f"name {asked['name']!r} is not defined")
        value = namespace[asked["name"]](*args, **kwargs)
        try:
            reply = {"value": plain.encode(value)}
        except plain.NotPlainError as error:
            return {"not_plain": str(error)}
        after = _mutable(args)
        return reply if before == after else reply | {"changed": after}
    except BaseException as error:  # noqa: BLE001
        return told(error)


def _mutable(args: list[Any]) -> list[Any]:
    """Return the plain forms of the arguments that a call can change in place, None for others."""
    return [_plain_of(arg) if type(arg) in _MUTABLE else None for arg in args]


def _plain_of(value: Any) -> Any:
    """Return the plain form, or None if a call put something without one into it."""
    try:
        return plain.encode(value)
    except (plain.NotPlainError, plain.TooLargeError, RecursionError):
        return None
