"""A reference's tests in the form in which the judge's process gets them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ttc.verifiers.code.suites.modules import Modules, UnusableTestsError
from ttc.verifiers.code.suites.shape import Shape
from ttc.verifiers.sandbox.inside.running.checks import checks_of

# Words by which the judge knows what around a program's calls tests change or look at.
FEATURE = re.compile(
    r"\b(pytest|unittest|doctest|numpy|(?:redirect_)?(?:stdout|stderr)|stdin|builtins|capsys"
    r"|capfd|argv|environ|putenv|chdir|seed(?=\()|setstate|set_state|patch|monkeypatch|mocker|warns|recwarn|warnings|logging"
    r"|caplog|assertLogs|assertWarns|__main__|pickle|shelve"
    r"|joblib|dill|allow_pickle)\b"
)
# Imported once by the fork server if a program or its tests mention them.
PRELOADED = {"numpy": "numpy", "unittest": "unittest", "mock": "unittest.mock",
             "async ": "asyncio", "asyncio": "asyncio"}  # fmt: skip
# The parts of the judge that only some tests need; in the sandbox they cannot be imported later.
_PARTS = {"pytest": "pytest_module", "unittest": "test_cases", "mocker": "mocker"}
_ANYWHERE = {"pytest": "pytest_module", "unittest": "test_cases"} | dict.fromkeys(
    ("pickle", "shelve", "joblib", "dill"), "unpickling")  # fmt: skip
_RUNNING = "ttc.verifiers.sandbox.inside.running"
# Tests that are no plain asserts, and no `check(candidate)`.
_COLLECTED = re.compile(r"^\s*(?:class\s|(?:async\s+)?def\s+(?:test|check\w*\(\s*\)))", re.M)
_ASSIGNED = re.compile(r"^[ \t]*(\w+)\.(\w+)[ \t]*=(?!=)", re.M)
_DEF = re.compile(r"^(?:async )?def\s+(\w+)|^class\s+(\w+)", re.M)


@dataclass(frozen=True)
class ReferenceTests:
    """The tests of a reference. `canonical` is its own solution as a program, "" for none."""

    setup: str
    tests: str
    entry: str | None
    prompt: str
    canonical: str
    shape: Shape
    features: tuple[str, ...]
    names: tuple[str, ...]
    library: Mapping[str, str]
    modules: Modules

    @cached_property
    def wanted(self) -> list[str]:
        """Return the names of which a program defines at least one."""
        return [*self.names, *self.modules.names] or list(self.library)

    def job(self, program: str) -> dict[str, Any]:
        """Return the tests of a program for the judge's process.

        UnusableTestsError if its imports are missing, or nothing names the function under test.
        """
        modules = self.modules.for_program(program, self.canonical)
        entry = self._entry(program)
        names = self.names
        if entry is not None and (root := root_of(entry)) not in names:
            names = (root, *names)
        changing = {"names": names, "entry": entry, "modules": modules}
        return {**self._fixed, **changing}

    @cached_property
    def _fixed(self) -> dict[str, Any]:
        """Return what is the same for all programs."""
        shape = self.shape
        return {
            "setup": self.setup,
            "tests": self.tests,
            "asserts": shape.asserts,
            "called": shape.called,
            "functions": shape.functions,
            "collects": _COLLECTED.search(self.tests) is not None,
            "tainted": () if shape.asserts is not None else shape.tainted,
            "awaits": shape.awaits,
            "foreign": self._foreign(),
            "watched": self._watched(),
            "library": self.library,
            "features": self.features,
        }

    @cached_property
    def preload(self) -> tuple[str, ...]:
        """Return the modules that the judge needs and that a server imports before the job."""
        checked = self.setup + self.tests
        found = [each for word, each in PRELOADED.items() if word in checked]
        parts = _ANYWHERE | (_PARTS if self._fixed["collects"] else {})
        found += [f"{_RUNNING}.{part}" for word, part in parts.items() if word in checked]
        return (*found, f"{_RUNNING}.collecting") if self._fixed["collects"] else tuple(found)

    def _entry(self, program: str) -> str | None:
        """Return the entry point; without one, the only function that the program defines."""
        if self.entry is not None or not self.checks:
            return self.entry
        found = set(defined_in(program))
        if len(found) != 1:
            raise UnusableTestsError("no_reference", f"{self.checks[0]} needs an entry_point")
        return found.pop()

    @cached_property
    def checks(self) -> list[str]:
        """Return the functions that are called with the function under test."""
        return checks_of(self.shape.functions, self.shape.called, self.entry)

    def _watched(self) -> list[tuple[str, str]]:
        """Return the attributes of modules that the tests assign, such as `sys.stdin = …`."""
        code = f"{self.setup}\n{self.tests}"
        own = [("tests", "input")] if re.search(r"^input\s*=", code, re.M) else []
        found = dict.fromkeys(_ASSIGNED.findall(code)) if "import" in code else {}
        return own + [
            each for each in found if re.search(rf"^\s*import\b.*\b{each[0]}\b", code, re.M)
        ]

    def _foreign(self) -> list[str]:
        """Return the names that no program has to define, though the tests use them."""
        if self.canonical:
            return [name for name in self.names if not re.search(rf"\b{name}\b", self.canonical)]
        if self.entry is None:
            return []
        root = root_of(self.entry)
        return [n for n in self.names if n != root and not re.search(rf"\b{n}\b", self.prompt)]


def root_of(entry: str) -> str:
    """Return the name with which an expression such as `Solution().add` begins."""
    found = re.match(r"\w+", entry.strip())
    return found.group() if found else entry


def defined_in(code: str) -> list[str]:
    """Return the functions and classes that code defines, outside of any block."""
    return [found[1] or found[2] for found in _DEF.finditer(code)]
