"""Runs what the tests define: `check` functions, pytest's functions and classes, test cases."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

from ttc.verifiers.sandbox.inside.running.counting import Counter
from ttc.verifiers.sandbox.inside.running.fixtures import Case, Fixtures, parameters
from ttc.verifiers.sandbox.inside.running.marks import Mark, cases, marks_of
from ttc.verifiers.sandbox.inside.running.pytest_module import Failed, Skipped, XFailed

FILE = "<tests>"
NAME = "tests"


class Collector:
    """The tests that a namespace defines.

    `used` returns how often the program was asked so far: a test that neither asks it nor asserts
    anything has not tested it. `extra` gives values of parameters that are no fixtures.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        counter: Counter,
        used: Callable[[], int],
        extra: Callable[[str], Any],
    ) -> None:
        self._namespace, self._counter, self._used = namespace, counter, used
        self._fixtures = Fixtures(namespace, extra)

    def run(self, skipped: set[str]) -> None:
        """Run all tests but the functions in `skipped`; raise what the first that fails raises."""
        functions = list(self._functions(skipped))
        classes = list(self._classes())
        if not functions and not classes:
            return
        try:
            with _Scope(self._namespace, "setup_module", "teardown_module"):
                for function in functions:
                    with _Scope(self._namespace, "setup_function", "teardown_function"):
                        self._test(function, None, marks_of(function))
                for kind in classes:
                    self._run_class(kind)
        finally:
            self._fixtures.close()

    def _functions(self, skipped: set[str]) -> Iterator[FunctionType]:
        for name, value in list(self._namespace.items()):
            if type(value) is not FunctionType or name in skipped or not _is_own(value):
                continue
            if (name.startswith("test") and "__ttc_fixture__" not in vars(value)) or (
                name.startswith("check") and not parameters(value)
            ):
                yield value

    def _classes(self) -> Iterator[type]:
        for value in list(self._namespace.values()):
            if not isinstance(value, type) or type.__getattribute__(value, "__module__") != NAME:
                continue
            if is_test_case(value) or value.__name__.startswith("Test"):
                yield value

    def _run_class(self, kind: type) -> None:
        if is_test_case(kind):
            from ttc.verifiers.sandbox.inside.running.test_cases import run_test_case

            run_test_case(kind, self._counter, self._used)
            return
        methods = [name for name in _members(kind) if name.startswith("test")]
        with _Scope(kind, "setup_class", "teardown_class"):
            for name in methods:
                instance = kind()
                function = inspect.getattr_static(kind, name)
                marks = marks_of(function, kind)
                bound = getattr(instance, name)
                with (
                    _Scope(instance, "setup_method", "teardown_method", bound),
                    _Scope(instance, "setup", "teardown"),
                ):
                    self._test(bound, instance, marks)
        for each in list(vars(kind).values()):
            if isinstance(each, type) and each.__name__.startswith("Test"):
                self._run_class(each)

    def _test(self, function: Any, instance: Any, marks: Sequence[Mark]) -> None:
        marks = [*marks, *self._module_marks()]
        known = self._fixtures.known(instance)
        wanted = parameters(function)
        wanted += [str(a) for mark in marks if mark.name == "usefixtures" for a in mark.args]
        for direct, own, indirect in cases(marks):
            given = {name: value for name, value in direct.items() if name not in indirect}
            needed = self._fixtures.needed([n for n in wanted if n not in given], known)
            for chosen in self._fixtures.choices(
                [name for name in needed if name not in direct], known
            ):
                chosen = {**chosen, **{n: v for n, v in direct.items() if n in indirect}}
                case = Case(self._fixtures, known, chosen, instance, function.__name__)
                self._one(function, case, given, needed, [*own, *marks])

    def _module_marks(self) -> list[Mark]:
        given = self._namespace.get("pytestmark", ())
        given = given if isinstance(given, (list, tuple)) else [given]
        return [each for each in given if isinstance(each, Mark)]

    def _one(
        self,
        function: Any,
        case: Case,
        given: Mapping[str, Any],
        needed: Sequence[str],
        marks: Sequence[Mark],
    ) -> None:
        """Run a test once with these arguments and fixtures, as its marks say."""
        if any(_is_skipped(mark, self._namespace) for mark in marks):
            return
        before = self._used() + self._counter.assertions
        expected = next(
            (m for m in marks if m.name == "xfail" and _holds(m, self._namespace)), None
        )
        try:
            try:
                values = {name: case.value(name) for name in needed}
                own = {name: values[name] for name in parameters(function) if name in values}
                result = self._fixtures.finish(function(**own, **given))
            finally:
                case.end()
        except (Skipped, XFailed):
            return
        except (Exception, Failed) as error:
            kinds = expected.kwargs.get("raises") if expected else None
            if expected is None or not isinstance(error, kinds or BaseException):
                raise
        else:
            if expected is not None and expected.kwargs.get("strict"):
                raise Failed("a test that is expected to fail has passed")
            hold(result, self._counter)
        if self._used() + self._counter.assertions > before:
            self._counter.tests += 1


def hold(result: Any, counter: Counter) -> None:
    """Take a result of exactly True as an assertion that holds, False as one that does not."""
    if result is False:
        raise AssertionError("the test returned False")
    if result is True:
        counter.count()


def is_test_case(kind: type) -> bool:
    """Return whether a class of the tests is a `unittest.TestCase`."""
    case = getattr(sys.modules.get("unittest.case"), "TestCase", None)
    return case is not None and case in type.mro(kind)


def _is_own(function: FunctionType) -> bool:
    while (inner := vars(function).get("__wrapped__")) is not None:  # of `mock.patch` and others
        if type(inner) is not FunctionType:
            return True
        function = inner
    return function.__code__.co_filename == FILE


def _members(kind: type) -> list[str]:
    """Return the names of a class and its bases, in order of definition."""
    return list(dict.fromkeys(name for each in reversed(kind.__mro__) for name in vars(each)))


def _is_skipped(mark: Mark, namespace: Mapping[str, Any]) -> bool:
    return mark.name == "skip" or (mark.name == "skipif" and _holds(mark, namespace))


def _holds(mark: Mark, namespace: Mapping[str, Any]) -> bool:
    """Return whether the condition of a mark holds; a text is evaluated."""
    given = mark.args[0] if mark.args else mark.kwargs.get("condition", True)
    if isinstance(given, str):
        given = eval(given, {"sys": sys, **namespace})
    return bool(given)


class _Scope:
    """Calls a function of an owner (a namespace or an object) before the body of the `with`, and
    another behind it, if they are there."""

    def __init__(self, owner: Any, before: str, behind: str, argument: Any = None) -> None:
        self._owner, self._names, self._argument = owner, (before, behind), argument

    def __enter__(self) -> None:
        self._call(self._names[0])

    def __exit__(self, *_: object) -> None:
        self._call(self._names[1])

    def _call(self, name: str) -> None:
        if isinstance(self._owner, dict):
            function = self._owner.get(name)
            function = function if type(function) is FunctionType else None
        else:
            function = getattr(self._owner, name, None)
        if function is None:
            return
        takes = len(inspect.signature(function).parameters) > 0
        function(self._argument) if takes else function()
