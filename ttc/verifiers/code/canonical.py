"""Runs of the references' own solutions: how many assertions their tests run."""

from __future__ import annotations

from ttc.verifiers.code.judge_tests import PRELOADED, ReferenceTests
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob

_MOST = 4096


def job_of(tests: ReferenceTests, program: str) -> SandboxJob:
    """Return the job that runs tests against a program."""
    mentioned = [each for word, each in PRELOADED.items() if word in program]
    preload = tuple(dict.fromkeys([*mentioned, *tests.preload]))
    return SandboxJob("calls", program, tests.job(program), preload=preload)


def counted(ran: JobResult) -> str:
    """Return the part of a verdict's detail that says how many assertions and tests ran."""
    told = f"assertions: {ran.assertions}"
    return f"{told}; tests: {ran.tests}" if ran.tests else told


class CanonicalRuns:
    """The results of canonical solutions, which are run once per problem, where needed."""

    def __init__(self) -> None:
        self._results: dict[tuple[str, ...], JobResult | None] = {}

    def wants(self, tests: ReferenceTests) -> bool:
        """Return whether to run the solution now: values of the program decide how many assertions
        run, and it has not been run."""
        if not (tests.canonical and tests.shape.open) or _key(tests) in self._results:
            return False
        if len(self._results) >= _MOST:
            self._results.clear()
        self._results[_key(tests)] = None
        return True

    def job(self, tests: ReferenceTests) -> SandboxJob:
        """Return the job of the solution."""
        return job_of(tests, tests.canonical)

    def keep(self, tests: ReferenceTests, ran: JobResult) -> None:
        """Keep a result."""
        self._results[_key(tests)] = ran

    def known(self, tests: ReferenceTests) -> JobResult | None:
        """Return the result if the solution has been run."""
        return self._results.get(_key(tests)) if tests.canonical else None


def _key(tests: ReferenceTests) -> tuple[str, ...]:
    return tests.setup, tests.tests, tests.entry or "", tests.canonical
