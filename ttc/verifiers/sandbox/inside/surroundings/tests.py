"""The judge's end: notices what tests have changed, and takes over what the program wrote."""

from __future__ import annotations

import importlib
import io
import os
import random
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from ttc.verifiers.sandbox.inside.running.monkeypatch import MonkeyPatch

_MISSING = object()
# The names under which the tests' own module, and so the program, can be patched.
OWN = ""
# Where tests replace a part of a module, the program gets it too.
_ALWAYS = (("builtins", "input"), ("sys", "stdin"))


class Surroundings:
    """What is around the program's calls in the tests' process.

    `features` are words that the tests contain: only what they mention is looked at. `watched` are
    modules with attributes that they assign; `own` the names of modules that are the program.
    """

    def __init__(
        self,
        features: Sequence[str],
        watched: Sequence[Sequence[str]] = (),
        own: Sequence[str] = (),
    ) -> None:
        self.features = frozenset(features)
        self._begun = False
        self._own = {"tests", "__main__", *own}
        self._streams = sys.stdout, sys.stderr
        self._told: dict[str, Any] = {"stdout": None, "stderr": None}
        self._originals: dict[tuple[str, str], Any] = {}
        self._sent: dict[tuple[str, str], Any] = {}
        for module, name in (*_ALWAYS, *map(tuple, watched)):
            self.watch(module, name, _MISSING)
        self._argv, self._environ, self._cwd = list(sys.argv), dict(os.environ), _cwd()
        self._seeded: set[str] = set()
        if self.features & {"seed", "setstate", "set_state"}:
            self._note_seeds()
        if self.features & {"patch", "mocker"}:
            self._note_patches()
        if "monkeypatch" in self.features:
            MonkeyPatch.patched = self._patching

    # What the tests have changed.

    def watch(self, owner: str, name: str, original: Any) -> None:
        """Look at an attribute of a module (or a class, as `module:class`) before each call."""
        if (owner, name) in self._originals:
            return
        if original is _MISSING:
            target = sys.modules.get(owner)
            original = getattr(target, name, _MISSING)
        self._originals[owner, name] = original
        self._sent[owner, name] = original

    def outgoing(self) -> dict[str, Any] | None:
        """Return what has changed since the last call; None for nothing."""
        changes: dict[str, Any] = {}
        if not self._begun:
            self._begun = True
            changes["features"] = list(self.features)
        for at, name in enumerate(("stdout", "stderr")):
            stream = getattr(sys, name)
            told = None if stream is self._streams[at] else stream
            if told is not self._told[name]:
                self._told[name] = told
                kept = isinstance(told, (io.StringIO, io.TextIOWrapper))
                changes[name] = told is not None if told is None or kept else [told]
        parts = [each for each in self._originals if self._current(*each) is not self._sent[each]]
        for each in parts:
            value = self._sent[each] = self._current(*each)
            restored = value is self._originals[each] or value is _MISSING
            owner = OWN if each[0] in self._own else each[0]
            part = [owner, each[1], None if restored else [value]]
            changes.setdefault("parts", []).append(part)
        self._take_process(changes)
        self._take_seeds(changes)
        return changes or None

    def _current(self, owner: str, name: str) -> Any:
        if owner in self._own:  # whose `__getattr__` would ask the program
            return vars(sys.modules[owner]).get(name, _MISSING)
        return getattr(_owner(owner), name, _MISSING)

    def _take_process(self, changes: dict[str, Any]) -> None:
        if sys.argv != self._argv:
            self._argv = list(sys.argv)
            changes["argv"] = list(map(str, self._argv))
        if self.features & {"environ", "monkeypatch", "putenv"} and os.environ != self._environ:
            now = dict(os.environ)
            gone = {name: None for name in self._environ if name not in now}
            new = {name: now[name] for name in now if self._environ.get(name) != now[name]}
            changes["environ"], self._environ = {**gone, **new}, now
        if self.features & {"chdir", "monkeypatch"} and (cwd := _cwd()) != self._cwd:
            self._cwd = cwd
            changes["cwd"] = cwd

    def _take_seeds(self, changes: dict[str, Any]) -> None:
        if "random" in self._seeded:
            changes["random"] = random.getstate()
        if "numpy" in self._seeded:
            changes["numpy"] = sys.modules["numpy"].random.get_state()
        self._seeded.clear()

    def _note_seeds(self) -> None:
        """Note when the tests seed a generator. Its state goes to the program, never back: a
        program could else choose the tests' inputs."""
        modules: list[tuple[str, Any]] = [("random", random)]
        if "numpy" in self.features and "numpy" in sys.modules:
            modules.append(("numpy", sys.modules["numpy"].random))
        for kind, module in modules:
            for name in ("seed", "setstate", "set_state"):
                if (function := getattr(module, name, None)) is not None:
                    setattr(module, name, self._noting(kind, function))

    def _noting(self, kind: str, function: Any) -> Callable[..., Any]:
        def seed(*args: Any, **kwargs: Any) -> Any:
            self._seeded.add(kind)
            return function(*args, **kwargs)

        return seed

    def _note_patches(self) -> None:
        """Watch each attribute that `unittest.mock` replaces."""
        from unittest import mock

        enter = mock._patch.__enter__

        def entered(patch: Any) -> Any:
            value = enter(patch)
            self._patched(patch.target, patch.attribute, patch.temp_original)
            return value

        mock._patch.__enter__ = entered  # type: ignore[method-assign]

    def _patching(self, target: Any, name: str) -> None:
        self._patched(target, name, getattr(target, name, _MISSING))

    def _patched(self, target: Any, name: str, original: Any) -> None:
        if type(target) is ModuleType or (isinstance(target, ModuleType) and name in vars(target)):
            self.watch(target.__name__, name, original)
        elif type(target) is type and target.__module__ in sys.modules:
            self.watch(f"{target.__module__}:{target.__qualname__}", name, original)

    # What the program has done.

    def incoming(self, found: Any) -> None:
        """Take over what the program wrote, warned and logged. ValueError for nonsense."""
        if type(found) is not dict:
            raise ValueError("no dict")
        for name in ("stdout", "stderr"):
            if (text := found.get(name)) is not None:
                if type(text) is not str:
                    raise ValueError("no text")
                getattr(sys, name).write(text)
        if "environ" in self.features:
            for name, value in found.get("environ", {}).items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
                self._environ = dict(os.environ)
        if found.get("warnings"):
            self._warn(found["warnings"])
        if found.get("logs"):
            self._log(found["logs"])

    def _warn(self, given: Any) -> None:
        import warnings

        for category, text in given:
            if not (isinstance(category, type) and issubclass(category, Warning)):
                category = UserWarning
            warnings.warn_explicit(str(text), category, "program", 1, registry={})

    def _log(self, given: Any) -> None:
        import logging

        for name, level, text in given:
            if type(level) is int and (logger := logging.getLogger(str(name))).isEnabledFor(level):
                logger.handle(
                    logger.makeRecord(str(name), level, "program", 1, str(text), (), None)
                )


def _owner(path: str) -> Any:
    """Return a module, or a class of it."""
    module, _, name = path.partition(":")
    found: Any = sys.modules.get(module) or importlib.import_module(module)
    for part in filter(None, name.split(".")):
        found = getattr(found, part)
    return found


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "/"


# The words among a reference's features for which this is needed.
NEEDED = frozenset(
    {"stdout", "stderr", "redirect_stdout", "redirect_stderr", "stdin", "builtins", "capsys"}
    | {"capfd", "argv", "environ", "putenv", "chdir", "seed", "setstate", "set_state", "patch"}
    | {"monkeypatch", "mocker", "warns", "recwarn", "warnings", "logging", "caplog", "assertLogs"}
    | {"assertWarns"}
)


def of(tests: Any) -> Surroundings | None:
    """Return the surroundings of tests; None if they mention nothing that is around a call."""
    features, watched = tests.get("features", ()), tests.get("watched", ())
    if NEEDED.isdisjoint(features) and not watched:
        return None
    return Surroundings(features, watched, list(tests.get("modules", ())))
