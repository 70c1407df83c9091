"""The formats as objects, by ability: those of other packages first, then ttc's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar

from ttc import plugins
from ttc.errors import BackendError
from ttc.messages import notes

T = TypeVar("T")


@lru_cache(maxsize=256)
def _made(name: str, value: str) -> Any:
    return plugins.guarded("formats", name, "be made", partial(_make, name))


def _make(name: str) -> Any:
    return plugins.load("formats", name)()


def named(name: str) -> Any:
    """Return the format of a name. UsageError for an unknown one, BackendError for a plugin that
    cannot be imported or made."""
    entry = plugins.installed("formats").get(name)
    return _made(name, entry.value if entry is not None else "")


def exists(name: str) -> bool:
    """Return whether there is a format of this name; none is imported."""
    return name in plugins.installed("formats")


def ability(kind: type[T], own: Sequence[str]) -> list[T]:
    """Return the formats that have an ability: those of other packages, then ttc's own that are
    named, in this order. A broken plugin is left out, with a note."""
    others = [
        name
        for name, entry in plugins.installed("formats").items()
        if plugins.distribution(entry)[0] != plugins.OWN_DISTRIBUTION
    ]
    found = [*filter(None, map(unbroken, others)), *map(named, own)]
    return [each for each in found if isinstance(each, kind)]


def unbroken(name: str) -> Any:
    """Return the format of a name; None, after a note, for a plugin that cannot be made."""
    try:
        return named(name)
    except BackendError as error:
        notes.tell(f"{error}; it is left out")
        return None


def room(kind: type[T], module: str) -> list[T]:
    """Return the formats that have an ability: those of other packages, then those of ttc in a
    package such as `ttc.formats.logs`."""
    entries = plugins.installed("formats").items()
    own = [name for name, entry in entries if entry.value.startswith(f"{module}.")]
    return ability(kind, own)
