"""Modules that the tests import and that are not the real ones: the program, and pytest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

PACKAGE = "tests_of_program"
Named = Callable[[str], Any]


class _Program(ModuleType):
    """The program as a module: any public attribute is the program's."""

    def __init__(self, name: str, named: Named, names: Sequence[str]) -> None:
        super().__init__(name)
        self.__dict__["__all__"] = list(names)
        self.__dict__["_ttc_named"] = named
        self.__dict__["__path__"] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self.__dict__["_ttc_named"](name)
        self.__dict__[name] = value
        return value


def install_program(modules: Mapping[str, Sequence[str]], named: Named) -> None:
    """Make `import NAME` of these modules (with dots in front: relative ones) give the program.

    `named` returns what the program has under a name; the names of each module are those that
    `from NAME import *` gives.
    """
    for name, names in modules.items():
        full = f"{PACKAGE}.{name.lstrip('.')}".rstrip(".") if name.startswith(".") else name
        parts = full.split(".")
        for at in range(1, len(parts) + 1):
            path = ".".join(parts[:at])
            if path not in sys.modules or path == full:
                sys.modules[path] = _Program(path, named, names)
        for at in range(1, len(parts)):
            owner = sys.modules[".".join(parts[:at])]
            vars(owner)[parts[at]] = sys.modules[".".join(parts[: at + 1])]


def prepare(features: Sequence[str]) -> None:
    """Replace what tests may use of pytest and unittest, where they do."""
    if "pytest" in features:
        from ttc.verifiers.sandbox.inside.running import pytest_module

        sys.modules["pytest"] = pytest_module.module()
    if "unittest" in features:
        from ttc.verifiers.sandbox.inside.running import test_cases

        test_cases.quiet()
    if not {"pickle", "shelve", "joblib", "dill", "allow_pickle"}.isdisjoint(features):
        from ttc.verifiers.sandbox.inside.running import unpickling

        unpickling.restrict()
    if "doctest" in features:
        import doctest

        doctest.testmod = lambda *args, **kwargs: doctest.TestResults(0, 0)
