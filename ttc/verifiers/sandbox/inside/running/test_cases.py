"""Runs the classes of `unittest` in the tests, by unittest's own loader."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

from ttc.verifiers.sandbox.inside.running.counting import Counter
from ttc.verifiers.sandbox.inside.running.pytest_module import Skipped, XFailed


class _Result(unittest.TestResult):
    """Keeps the first exception that fails a test, and counts the tests that pass."""

    def __init__(self, counter: Counter, used: Callable[[], int]) -> None:
        super().__init__()
        self.failfast = True
        self.error: BaseException | None = None
        self._counter, self._used = counter, used
        self._before = 0

    def startTest(self, test: Any) -> None:  # noqa: N802
        super().startTest(test)
        self._before = self._used() + self._counter.assertions

    def _keep(self, error: Any) -> None:
        if isinstance(error[1], (Skipped, XFailed)):
            return
        if self.error is None and error[1] is not None:
            self.error = error[1]
        self.stop()

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        self._keep(err)

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        self._keep(err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        if err is not None:
            self._keep(err)

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        self._keep((None, AssertionError("a test that is expected to fail has passed"), None))

    def addSuccess(self, test: Any) -> None:  # noqa: N802
        self._counter.tests += self._used() + self._counter.assertions > self._before

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        self.addSuccess(test)


def run_test_case(kind: Any, counter: Counter, used: Callable[[], int]) -> None:
    """Run a class; raise what the first test that fails raises."""
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(kind)
    result = _Result(counter, used)
    suite.run(result)
    if result.error is not None:
        raise result.error


class _Main:
    """In place of `unittest.main`, which would end the process: the classes are run anyway."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.result = unittest.TestResult()


def quiet() -> None:
    """Let `unittest.main()` at the end of tests do nothing."""
    unittest.main = _Main  # type: ignore[assignment]
