"""pytest's `monkeypatch`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_MISSING = object()


class MonkeyPatch:
    """Changes attributes, items and the environment until `undo`.

    `patched` is called with the target and the attribute's name before an attribute changes.
    """

    patched: Callable[[Any, str], None] | None = None

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    @classmethod
    @contextmanager
    def context(cls) -> Iterator[MonkeyPatch]:
        """Undo what the body of the `with` changes."""
        made = cls()
        try:
            yield made
        finally:
            made.undo()

    def setattr(self, target: Any, name: Any, value: Any = _MISSING, raising: bool = True) -> None:
        """Set an attribute: `setattr(target, name, value)` or `setattr("module.name", value)`."""
        if value is _MISSING:
            target, name, value = *_resolved(target), name
        old = getattr(target, name, _MISSING)
        if raising and old is _MISSING:
            raise AttributeError(f"{target!r} has no attribute {name!r}")
        if isinstance(target, type):
            old = target.__dict__.get(name, _MISSING)
        self._change(target, name, old)
        setattr(target, name, value)

    def delattr(self, target: Any, name: Any = _MISSING, raising: bool = True) -> None:
        """Delete an attribute."""
        if name is _MISSING:
            target, name = _resolved(target)
        if not hasattr(target, name):
            if raising:
                raise AttributeError(name)
            return
        self._change(target, name, getattr(target, name))
        delattr(target, name)

    def _change(self, target: Any, name: str, old: Any) -> None:
        if MonkeyPatch.patched is not None:
            MonkeyPatch.patched(target, name)
        back = (lambda: delattr(target, name)) if old is _MISSING else (
            lambda: setattr(target, name, old))  # fmt: skip
        self._undo.append(back)

    def setitem(self, target: Any, name: Any, value: Any) -> None:
        """Set an item."""
        old = target.get(name, _MISSING)
        self._undo.append(lambda: _put(target, name, old))
        target[name] = value

    def delitem(self, target: Any, name: Any, raising: bool = True) -> None:
        """Delete an item."""
        if name not in target:
            if raising:
                raise KeyError(name)
            return
        old = target[name]
        self._undo.append(lambda: _put(target, name, old))
        del target[name]

    def setenv(self, name: str, value: str, prepend: str | None = None) -> None:
        """Set an environment variable."""
        value = str(value)
        if prepend and name in os.environ:
            value = value + prepend + os.environ[name]
        self.setitem(os.environ, name, value)

    def delenv(self, name: str, raising: bool = True) -> None:
        """Delete an environment variable."""
        self.delitem(os.environ, name, raising=raising)

    def syspath_prepend(self, path: Any) -> None:
        """Put a folder before the others that modules are imported from."""
        old = list(sys.path)
        self._undo.append(lambda: sys.path.__setitem__(slice(None), old))
        sys.path.insert(0, str(path))

    def chdir(self, path: Any) -> None:
        """Change the working folder."""
        old = os.getcwd()
        self._undo.append(lambda: os.chdir(old))
        os.chdir(path)

    def undo(self) -> None:
        """Take all changes back, the last one first."""
        while self._undo:
            self._undo.pop()()


def _put(target: Any, name: Any, old: Any) -> None:
    if old is _MISSING:
        target.pop(name, None)
    else:
        target[name] = old


def _resolved(path: str) -> tuple[Any, str]:
    """Return the object and the attribute's name of a dotted path."""
    owner, _, name = path.rpartition(".")
    parts = owner.split(".")
    target: Any = importlib.import_module(parts[0])
    for at, part in enumerate(parts[1:], 2):
        if not hasattr(target, part):
            importlib.import_module(".".join(parts[:at]))
        target = getattr(target, part)
    return target, name
