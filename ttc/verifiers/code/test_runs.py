"""Programs that are tested by code: what is run, and the verdict for the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ttc.records import INFRA, Verdict
from ttc.verifiers.code.base import death, joined, status_of
from ttc.verifiers.code.extraction import program_of
from ttc.verifiers.code.reference_tests import tests_of
from ttc.verifiers.code.suites.job import PRELOADED, ReferenceTests
from ttc.verifiers.code.suites.modules import UnusableTestsError
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob

Ask = Callable[[SandboxJob], JobResult]
_MOST = 4096


@dataclass(frozen=True)
class TestRun:
    """The job of one program, with the tests that it runs."""

    job: SandboxJob
    tests: ReferenceTests

    @property
    def key(self) -> tuple[Any, ...]:
        """What the verdict depends on besides the program: tests with their setup and entry point.
        (Equal tests are one object.)"""
        return (id(self.tests),)

    def verdict(
        self, ran: JobResult, sandbox: str, canonical: CanonicalRuns, *, trust_eq: bool
    ) -> Verdict:
        """Return the verdict for the result of the job."""
        if ran.stopped in INFRA:
            return Verdict(status=str(ran.stopped), detail=joined(ran.detail, sandbox))
        if ran.stopped == "timeout" and self._never_end(ran, canonical):
            return Verdict(
                status="bad_reference", detail=joined("the reference's tests never end", sandbox)
            )
        if ran.stopped is not None:
            return Verdict(None, False, 0.0, ran.stopped, sandbox)
        if ran.why == "pass":
            return self._passed(ran, sandbox, canonical, trust_eq=trust_eq)
        return not_passed(ran, sandbox)

    def _never_end(self, ran: JobResult, canonical: CanonicalRuns) -> bool:
        """Return whether a timeout is the tests' own: they were busy themselves, not the program,
        and either had not asked it or cannot end; or the canonical solution takes as long."""
        if ran.busy == "setup" or (ran.busy in ("tests", "both") and self.tests.shape.endless):
            return True
        solution = canonical.of(self.tests)
        return solution is not None and solution.stopped == "timeout"

    def _passed(
        self, ran: JobResult, sandbox: str, canonical: CanonicalRuns, *, trust_eq: bool
    ) -> Verdict:
        """Return the verdict for tests that did not fail: they must have run, too."""
        told = f"assertions: {ran.assertions}"
        told = f"{told}; tests: {ran.tests}" if ran.tests else told
        solution = canonical.of(self.tests) if self.tests.shape.open else None
        if solution is not None and solution.why != "pass":
            told = joined(told, "canonical solution fails its tests")
        elif solution is not None and ran.assertions < solution.assertions:
            told = f"only {ran.assertions} of {solution.assertions} assertions ran"
            return Verdict(None, False, 0.0, "ok", joined(told, sandbox))
        if not (ran.assertions or ran.tests):
            told = "the reference's tests ran no assertion and no test"
            return Verdict(status="no_tests", detail=joined(told, sandbox))
        if ran.compared:
            told = joined(told, "judge: candidate-compares")
        if "unnamed" in ran.compared and not trust_eq:
            return Verdict(status="candidate_compares", detail=joined(told, sandbox))
        return Verdict(None, True, 1.0, "ok", joined(told, sandbox))


def test_run(text: str, reference: Mapping[str, Any]) -> TestRun | Verdict:
    """Return the run of a completion's program, or its verdict if there is nothing to run."""
    try:
        if (tests := tests_of(reference)) is None:
            detail = "the reference has no tests, test_list or inputs and outputs"
            return Verdict(status="no_reference", detail=detail)
        program = program_of(text, tests.prompt, tests.wanted)
        if program is None:
            return Verdict(None, False, 0.0, "no_code", "the completion has no code")
        return TestRun(_job(tests, program), tests)
    except UnusableTestsError as error:
        return Verdict(status=error.status, detail=str(error))


def not_passed(ran: JobResult, sandbox: str) -> Verdict:
    """Return the verdict for a result that the judge did not call a pass."""
    if ran.why == "fail":
        return Verdict(None, False, 0.0, "ok", joined(ran.detail, sandbox))
    if ran.why == "bad_reference":
        detail = f"the reference's tests cannot be run: {ran.detail}"
        return Verdict(status="bad_reference", detail=joined(detail, sandbox))
    if ran.why in ("raised", "gone"):
        detail = ran.detail
        if ran.why == "gone" and (died := death(ran.exits[0])):
            detail = died
        return Verdict(None, False, 0.0, status_of(detail), joined(detail, sandbox))
    return Verdict(status="infra_error", detail=joined("the judge's process died", sandbox))


def _job(tests: ReferenceTests, program: str) -> SandboxJob:
    mentioned = [each for word, each in PRELOADED.items() if word in program]
    preload = tuple(dict.fromkeys([*mentioned, *tests.preload]))
    return SandboxJob("calls", program, tests.job(program), preload=preload)


class CanonicalRuns:
    """The results of references' own solutions, each run at most once, where they are needed: if
    values of the program decide how many assertions run, or if a program takes too long. `ask`
    runs a job."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._results: dict[int, tuple[ReferenceTests, JobResult]] = {}

    def of(self, tests: ReferenceTests) -> JobResult | None:
        """Return the result of a solution; None if there is none, or this machine could not run
        it."""
        if not tests.canonical:
            return None
        if id(tests) not in self._results:
            if len(self._results) >= _MOST:
                self._results.clear()
            try:
                ran = self._ask(_job(tests, tests.canonical))
            except UnusableTestsError:
                return None
            self._results[id(tests)] = tests, ran
        ran = self._results[id(tests)][1]
        return None if ran.stopped in INFRA else ran
