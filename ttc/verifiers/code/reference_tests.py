"""The tests in a reference: HumanEval's, MBPP's, pytest's, unittest's, or input and output."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from ttc.verifiers.code.cases.fields import script_of
from ttc.verifiers.code.extraction import defines, preamble
from ttc.verifiers.code.suites.job import FEATURE, ReferenceTests, defined_in, root_of
from ttc.verifiers.code.suites.modules import UnusableTestsError, library_of, split_modules
from ttc.verifiers.code.suites.shape import Shape, shape_of
from ttc.verifiers.sandbox.inside.running.checks import checks_of

_CANONICAL = ("canonical_solution", "solution", "code")
_SETUP = ("test_imports", "test_setup_code", "setup")
_CHECKING = re.compile(r"\bdef (?:test_)?check\w*\s*\(\s*\w")


def tests_of(reference: Mapping[str, Any]) -> ReferenceTests | None:
    """Return the tests of a reference; None if it has none.

    UnusableTestsError if they cannot be used.
    """
    tests = _joined(reference.get("tests")) or _joined(reference.get("test_list"))
    tests = tests or _joined(reference.get("test")) or script_of(reference)
    if not tests:
        return None
    setup = map(_joined, (reference.get(field) for field in _SETUP))
    prompt = str(reference.get("prompt") or reference.get("declaration") or "")
    solutions = tuple(_joined(reference.get(field)) for field in _CANONICAL)
    return _read("\n".join(filter(None, setup)), tests, _entry_of(reference), prompt, solutions)


@lru_cache(64)
def _read(
    setup: str, tests: str, entry: str | None, prompt: str, solutions: tuple[str, ...]
) -> ReferenceTests:
    given, checks = setup, _CHECKING.search(tests) is not None
    if checks and entry is None:
        entry = _checked(prompt, tests)
    if checks and prompt and entry is not None:
        # HumanEval's tests also use the helpers of its prompt.
        setup, prompted = f"{preamble(prompt)}\n{setup}", True
    else:
        prompted = False
    features = tuple(dict.fromkeys(FEATURE.findall(f"{given}\n{tests}")))
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
    modules = split_modules(shape.imports, root, alone=not names)
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


def _checked(prompt: str, tests: str) -> str | None:
    """Return the function that a prompt begins if the tests give it to their check, as those of
    HumanEval-X do, which name no entry point."""
    for name in defined_in(prompt)[-1:]:
        if re.search(rf"^check\w*\(\s*{name}\s*\)", tests, re.M):
            return name
    return None


def _derived(prompt: str, solutions: Iterable[str]) -> str | None:
    """Return the function under test of a reference that does not name it: the last that a code
    prompt defines, or the only one of a solution."""
    found = defined_in(prompt)
    if found and preamble(prompt):
        return found[-1]
    for code in filter(None, solutions):
        if len(own := set(defined_in(code))) == 1:
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
