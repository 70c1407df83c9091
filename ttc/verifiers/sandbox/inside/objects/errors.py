"""Exceptions: their class, arguments, and a handle for those with attributes of their own."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ttc.verifiers.sandbox.inside.objects import mirrors
from ttc.verifiers.sandbox.inside.values import standard

_LONGEST = 500
_NAMED = (NameError, ImportError, AttributeError)


class GoneError(BaseException):
    """The other process has ended or sent nonsense; final, whoever catches it."""


def told(error: BaseException) -> dict[str, str]:
    """Return an exception as plain text, even if its own methods raise."""
    try:
        message = str(error)[:_LONGEST]
    except BaseException:  # noqa: BLE001
        message = ""
    return {"raised": type(error).__name__, "message": message}


def encode(peer: Any, error: BaseException, *, deep: bool = True) -> Any:
    """Return an exception as JSON, with its cause if `deep`."""
    if (handle := peer.foreign(error)) is not None:
        return {"$": handle}
    start = peer.mark()
    try:
        return _encode(peer, error, deep=deep)
    except Exception:  # noqa: BLE001
        peer.undo(start)
        known = told(error)
        return [
            {"std": ["builtins", "Exception"]},
            [f"{known['raised']}: {known['message']}"],
            0,
            None,
            None,
        ]


def _encode(peer: Any, error: BaseException, *, deep: bool) -> Any:
    kind = type(error)
    named = standard.name_of(kind, listed=peer.says_listed)
    own = named is None or bool(getattr(error, "__dict__", None)) or peer.keeps_errors
    handle = (peer.handle_of(error) or peer.export(error)) if own else 0
    ref = peer.class_ref(kind) if named is None else {"std": named}
    name = getattr(error, "name", None) if isinstance(error, _NAMED) else None
    name = name if isinstance(name, str) else None
    args = [peer.encode(each) for each in _arguments(error)]
    cause = error.__cause__ if deep else None
    return [ref, args, handle, name, cause and encode(peer, cause, deep=False)]


def _arguments(error: BaseException) -> tuple[Any, ...]:
    """Return the arguments with which an exception can be made again."""
    with suppress(Exception):
        made: Any = error.__reduce__()
        if made[0] is type(error) and type(made[1]) is tuple:
            return tuple(made[1])
    return error.args


def decode(peer: Any, content: Any) -> BaseException:
    """Return the exception of an `encode` result; ValueError for nonsense."""
    if type(content) is dict:
        found = peer.exported(content["$"])
        if not isinstance(found, BaseException):
            raise ValueError("no exception")
        return found
    ref, args, handle, name, *causes = content
    kind = peer.decode(ref)
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        raise ValueError("no class of exceptions")
    args = peer.several(args)
    if handle and (known := peer.proxy(handle)) is not None:
        if not isinstance(known, BaseException):
            raise ValueError("no exception")
        return known
    cause = decode(peer, causes[0]) if causes and causes[0] is not None else None
    if mirrors.own_link(kind) is None:
        kind = peer.admitted(kind)
    error = _built(kind, args)
    error.__cause__ = cause
    if type(name) is str and isinstance(error, _NAMED):
        error.name = name
    return peer.adopt(handle, error) if handle else error


def _built(kind: type[BaseException], args: list[Any]) -> BaseException:
    """Return an exception with these arguments, without a call of the other side."""
    real = next(
        each
        for each in kind.__mro__
        if issubclass(each, BaseException) and mirrors.own_link(each) is None
    )
    error: BaseException
    try:
        error = real.__new__(kind, *args)
        real.__init__(error, *args)
    except Exception:  # noqa: BLE001
        error = BaseException.__new__(kind)
        BaseException.args.__set__(error, tuple(args))  # type: ignore[attr-defined]
    return error
