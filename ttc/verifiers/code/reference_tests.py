"""The tests in a reference: HumanEval's, MBPP's, pytest's, unittest's, or input and output."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from ttc.verifiers.code.extraction import defines, preamble
from ttc.verifiers.code.stand_in_modules import (
    Modules,
    UnusableTestsError,
    library_of,
    split_modules,
)
from ttc.verifiers.code.test_shape import Shape, shape_of
from ttc.verifiers.sandbox.inside.running.checks import checks_of

# Words by which the judge knows what around a program's calls tests change or look at.
_FEATURE = re.compile(
    r"\b(pytest|unittest|doctest|numpy|(?:redirect_)?(?:stdout|stderr)|stdin|builtins|capsys|capfd|argv|environ|putenv"
    r"|chdir|seed(?=\()|setstate|set_state|patch|monkeypatch|mocker|warns|recwarn|warnings|logging"
    r"|caplog|assertLogs|assertWarns|__main__)\b"
)
_CANONICAL = ("canonical_solution", "solution", "code")
# Imported once by the fork server if a program or its tests mention them.
PRELOADED = {"numpy": "numpy", "unittest": "unittest", "mock": "unittest.mock",
             "async ": "asyncio", "asyncio": "asyncio"}  # fmt: skip
# The parts of the judge that only some tests need; in the sandbox they cannot be imported later.
_PARTS = {"pytest": "pytest_module", "unittest": "test_cases", "mocker": "mocker"}
_RUNNING = "ttc.verifiers.sandbox.inside.running"
_SETUP = ("test_imports", "test_setup_code", "setup")
# Tests that are no plain asserts, and no `check(candidate)`.
_COLLECTED = re.compile(r"^\s*(?:class\s|(?:async\s+)?def\s+(?:test|check\w*\(\s*\)))", re.M)
_ASSIGNED = re.compile(r"^[ \t]*(\w+)\.(\w+)[ \t]*=(?!=)", re.M)
_CHECKING = re.compile(r"\bdef (?:test_)?check\w*\s*\(\s*\w")
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
        library, names = self.library, self.names
        if library:
            own = [name for name in library if defines(program, [name])]
            library = {name: path for name, path in library.items() if name not in own}
            names = (*names, *own)
        if entry is not None and (root := root_of(entry)) not in names:
            names = (root, *names)
        changing = {"names": names, "entry": entry, "modules": modules, "library": library}
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
            "features": self.features,
        }

    @cached_property
    def preload(self) -> tuple[str, ...]:
        """Return the modules that the judge needs and that a server imports before the job."""
        checked = self.setup + self.tests
        found = [each for word, each in PRELOADED.items() if word in checked]
        parts = _PARTS if self._fixed["collects"] else {"pytest": "pytest_module"}
        found += [f"{_RUNNING}.{part}" for word, part in parts.items() if word in checked]
        return (*found, f"{_RUNNING}.collecting") if self._fixed["collects"] else tuple(found)

    def _entry(self, program: str) -> str | None:
        """Return the entry point; without one, the only function that the program defines."""
        if self.entry is not None or not self.checks:
            return self.entry
        found = {a or b for a, b in _DEF.findall(program)}
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
        return own + [each for each in found if re.search(rf"^\s*import\b.*\b{each[0]}\b", code, re.M)]

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


def streams(reference: Mapping[str, Any]) -> tuple[list[str], list[str]] | None:
    """Return the inputs and expected outputs of a reference with standard input and output, or
    None."""
    pairs = reference
    if isinstance(packed := reference.get("input_output"), str):
        try:
            pairs = json.loads(packed)
        except ValueError:
            return None
    inputs, outputs = pairs.get("inputs"), pairs.get("outputs")
    if not (isinstance(inputs, list) and isinstance(outputs, list) and inputs):
        return None
    if len(inputs) != len(outputs) or not all(isinstance(t, str) for t in (*inputs, *outputs)):
        return None
    return inputs, outputs


def tests_of(reference: Mapping[str, Any]) -> ReferenceTests | None:
    """Return the tests of a reference; None if it has none.

    UnusableTestsError if they cannot be used.
    """
    tests = _joined(reference.get("tests")) or _joined(reference.get("test_list"))
    tests = tests or _joined(reference.get("test"))
    if not tests:
        return None
    setup = map(_joined, (reference.get(field) for field in _SETUP))
    prompt = str(reference.get("prompt") or "")
    solutions = tuple(_joined(reference.get(field)) for field in _CANONICAL)
    return _read("\n".join(filter(None, setup)), tests, _entry_of(reference), prompt, solutions)


@lru_cache(64)
def _read(
    setup: str, tests: str, entry: str | None, prompt: str, solutions: tuple[str, ...]
) -> ReferenceTests:
    given, checks = setup, _CHECKING.search(tests) is not None
    if checks and prompt and entry is not None:
        # HumanEval's tests also use the helpers of its prompt.
        setup, prompted = f"{preamble(prompt)}\n{setup}", True
    else:
        prompted = False
    features = tuple(dict.fromkeys(_FEATURE.findall(f"{given}\n{tests}")))
    shape = _shape(setup, tests, entry)
    if entry is None and checks_of(shape.functions, shape.called, None):
        entry = _derived(prompt, solutions)
    root = None if entry is None else root_of(entry)
    if not prompted and prompt and any(n != root and n in prompt for n in shape.names):
        setup = f"{preamble(prompt)}\n{setup}"  # so do BigCodeBench's, and its imports
        shape = _shape(setup, tests, entry)
    names = tuple(dict.fromkeys([*([] if root is None else [root]), *shape.names]))
    library = {name: path for name, path in library_of(shape).items() if name != root}
    names = tuple(name for name in names if name not in library)
    modules = split_modules(shape.imports, root)
    if not (names or modules.possible or library or checks):
        if shape.asserts == 0 or not (shape.asserts or shape.functions or "class" in tests):
            raise UnusableTestsError("no_tests", "the reference's tests assert nothing")
        raise UnusableTestsError("no_reference", "the reference's tests call nothing")
    canonical = _canonical(solutions, prompt, [*names, *modules.names])
    return ReferenceTests(
        setup, tests, entry, prompt, canonical, shape, features, names, library, modules
    )


def _joined(given: Any) -> str:
    """Return a text, or the lines of a list of texts; "" if there is nothing in it."""
    if isinstance(given, (list, tuple)) and all(isinstance(each, str) for each in given):
        given = "\n".join(given)
    return given if isinstance(given, str) and given.strip() else ""


def _entry_of(reference: Mapping[str, Any]) -> str | None:
    entry = reference.get("entry_point")
    if not isinstance(entry, str) or not entry.strip():
        return None
    try:
        ast.parse(entry.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnusableTestsError("bad_reference", f"entry_point {entry!r} is no function") from None
    return entry.strip()


def _derived(prompt: str, solutions: Iterable[str]) -> str | None:
    """Return the function under test of a reference that does not name it: the last that a code
    prompt defines, or the only one of a solution."""
    found = [a or b for a, b in _DEF.findall(prompt)]
    if found and preamble(prompt):
        return found[-1]
    for code in filter(None, solutions):
        if len(own := {a or b for a, b in _DEF.findall(code)}) == 1:
            return own.pop()
    return None


def _shape(setup: str, tests: str, entry: str | None) -> Shape:
    try:
        return shape_of(setup, tests, None if entry is None else root_of(entry))
    except SyntaxError as error:
        part = "setup" if error.filename == "<setup>" else "tests"
        line = f" (line {error.lineno})" if error.lineno else ""
        detail = f"the reference's {part} cannot be parsed: {error.msg}{line}"
        raise UnusableTestsError("bad_reference", detail) from None
    except ValueError as error:
        detail = f"the reference's tests cannot be parsed: {error}"
        raise UnusableTestsError("bad_reference", detail) from None


def _canonical(solutions: Iterable[str], prompt: str, names: Iterable[str]) -> str:
    """Return the reference's own solution as a program, "" if it has none in Python."""
    wanted = list(names)
    for code in filter(None, solutions):
        for program in (code, prompt + code, f"{prompt}\n{code}"):
            if defines(program, wanted) and _parses(program):
                return f"{preamble(prompt)}\n{code}" if program is code and prompt else program
    return ""


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
        return True
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
