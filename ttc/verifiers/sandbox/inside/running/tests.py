"""Runs a reference's setup and tests against a program, and counts what ran."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import CodeType, ModuleType
from typing import Any, Protocol

from ttc.verifiers.sandbox.inside.running import stand_ins
from ttc.verifiers.sandbox.inside.running.checks import checks_of, is_taker
from ttc.verifiers.sandbox.inside.running.counting import Counter, compiled
from ttc.verifiers.sandbox.inside.running.faults import BadReferenceError

NAME, SETUP, TESTS = "tests", "<setup>", "<tests>"
_REMOTE = ("/inside/objects/", "/inside/trust/")  # where exceptions of the program are raised
_COROUTINE = 0x80  # the flag of code that awaits


class Program(Protocol):
    """The program, in another process."""

    @property
    def raised(self) -> BaseException | None:
        """Return the last exception of the program."""

    @property
    def asked(self) -> int:
        """Return how often the program was asked for something."""

    def named(self, name: str) -> Any:
        """Return what the program has under a name."""

    def share(self, classes: Mapping[str, type]) -> None:
        """Take classes that the program has too, since the setup defines them."""

    def find(self, name: str) -> dict[str, Any]:
        """Return this name with what the program has under it, or nothing."""


class Run:
    """One run of a reference's tests.

    `tests` has `setup`, `tests`, `names`, `entry`, and what `ttc.verifiers.code.suites` found:
    `called`, `functions`, `modules`, `library`, `features`, `asserts`, `tainted`, `awaits`.
    """

    def __init__(self, tests: Mapping[str, Any]) -> None:
        self._tests = tests
        self.counter = Counter()
        self._features = tests.get("features", ())
        self._codes = self._compiled()

    def _compiled(self) -> tuple[CodeType, CodeType]:
        given = self._tests
        if given.get("asserts") is not None and not given.get("awaits"):
            return (
                compile(given["setup"], SETUP, "exec", dont_inherit=True),
                compile(given["tests"], TESTS, "exec", dont_inherit=True),
            )
        names, tainted = given["names"], given.get("tainted", ())
        awaits = bool(given.get("awaits"))
        return (
            compiled(given["setup"], SETUP, names, (), awaits=awaits),
            compiled(given["tests"], TESTS, names, tainted, awaits=awaits),
        )

    def run(self, program: Program) -> None:
        """Run setup and tests, then what the tests define; raise what a failed test raises.

        BadReferenceError if they cannot be run, whatever the program does.
        """
        given = self._tests
        module = ModuleType(NAME)
        namespace = module.__dict__
        sys.modules[NAME] = sys.modules["__main__"] = module
        namespace["__file__"] = f"{NAME}.py"
        namespace["__getattr__"] = _attribute_of(program)  # for `patch("__main__.name")`
        self.counter.install(namespace)
        stand_ins.prepare(self._features)
        if modules := given.get("modules"):
            stand_ins.install_program(modules, program.named)
            namespace["__package__"] = stand_ins.PACKAGE if any(
                name.startswith(".") for name in modules) else ""  # fmt: skip
        for name in given["names"]:
            namespace[name] = program.named(name)
        for name, path in given.get("library", {}).items():
            namespace[name] = _imported(path)
        self._setup(namespace, program)
        for name in given["names"]:  # a prompt's stub of the function may be part of the setup
            namespace[name] = program.named(name)
        _execute(self._codes[1], namespace, program)
        self._defined(namespace, program)
        if given.get("asserts") and not self.counter.assertions:
            self.counter.assertions = given["asserts"]
        if not (self.counter.assertions or self.counter.tests) and "__main__" in self._features:
            namespace["__name__"] = "__main__"
            _execute(self._codes[1], namespace, program)

    def _setup(self, namespace: dict[str, Any], program: Program) -> None:
        asked = program.asked
        try:
            _execute(self._codes[0], namespace, program)
        except Exception as error:
            if is_program_s(error, program) or program.asked > asked:
                raise
            raise BadReferenceError(f"its setup raises {type(error).__name__}: {error}") from None
        if "class " in self._tests["setup"]:
            names = self._tests["names"]  # of a class that the prompt only begins, too
            own = {k: v for k, v in namespace.items() if isinstance(v, type) and k not in names}
            program.share({k: v for k, v in own.items() if v.__module__ == NAME})

    def _defined(self, namespace: dict[str, Any], program: Program) -> None:
        """Run what the tests define."""
        entry, called = self._tests["entry"], self._tests.get("called", ())
        checks = checks_of(self._tests.get("functions", ()), called, entry)
        for name in checks:
            self._check(namespace[name], eval(entry, namespace), program)
        if not self._tests.get("collects"):
            return
        # The server imports it before a job that needs it.
        from ttc.verifiers.sandbox.inside.running.collecting import Collector

        def extra(name: str) -> Any:
            if entry is not None and is_taker(name, entry):
                return eval(entry, namespace)
            raise BadReferenceError(f"fixture {name!r} not found")

        collector = Collector(namespace, self.counter, lambda: program.asked, extra)
        collector.run({*called, *checks})

    def _check(self, function: Callable[[Any], Any], candidate: Any, program: Program) -> None:
        result = function(candidate)
        if hasattr(result, "__await__") and not isinstance(result, type):
            result = _awaited(result)
        if result is False:
            raise AssertionError("the tests' check returned False")
        if result is True:
            self.counter.count()


def _attribute_of(program: Program) -> Callable[[str], Any]:
    """Return what gives the attributes that the tests' module lacks: the program's names."""

    def attribute(name: str) -> Any:
        found = {} if name.startswith("__") else program.find(name)
        if name not in found:
            raise AttributeError(f"module {NAME!r} has no attribute {name!r}")
        return found[name]

    return attribute


def _execute(code: CodeType, namespace: dict[str, Any], program: Program) -> None:
    """Run module-level code. `sys.exit()` of the tests themselves ends it, as at the end of a
    script."""
    try:
        if code.co_flags & _COROUTINE:
            _awaited(eval(code, namespace))
        else:
            exec(code, namespace)
    except SystemExit as error:
        if is_program_s(error, program) or error.code not in (None, 0, False):
            raise


def is_program_s(error: BaseException, program: Program) -> bool:
    """Return whether the program raised an exception: the last one, or an earlier one that came
    from the other process."""
    if error is program.raised:
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    return any(folder in trace.tb_frame.f_code.co_filename for folder in _REMOTE)


def _awaited(value: Any) -> Any:
    import asyncio

    return asyncio.run(value)


def _imported(path: str) -> Any:
    """Return a module, or what a module has under a name."""
    module, _, name = path.partition(":")
    found = importlib.import_module(module)
    return getattr(found, name) if name else found
