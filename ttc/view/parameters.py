"""Parameters of documents: texts by name, read with their type. UsageError names the parameter."""

from __future__ import annotations

from collections.abc import Mapping

from ttc.errors import UsageError
from ttc.messages.visible import one_line


class UnknownError(UsageError):
    """The store does not have what a document is about."""


def text(given: Mapping[str, str], name: str) -> str:
    """Return a parameter that is needed."""
    if name not in given:
        raise UsageError(f"{name}: this document needs it; write ?{name}=…")
    return given[name]


def whole(
    given: Mapping[str, str], name: str, default: int | None = None, most: int = 1 << 53
) -> int:
    """Return a whole number from 0; the default if it is not given."""
    found = given.get(name, "")
    if not found and default is not None:
        return default
    if not (found.isascii() and found.isdigit()) or len(found) > 16 or int(found) > most:
        raise UsageError(f"{name}={one_line(found)}: write a whole number from 0 to {most}")
    return int(found)


def no_problem(pool: str, problem: str) -> UnknownError:
    """Return the error for a problem that a pool does not have."""
    return UnknownError(f"{pool} has no problem {problem!r}; ttc show {pool} lists them")
