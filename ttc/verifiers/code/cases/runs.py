"""Programs that are tested by inputs and outputs: what is run, and the verdict for the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ttc.records import INFRA, Verdict
from ttc.verifiers.code.base import failure, joined
from ttc.verifiers.code.cases import checker
from ttc.verifiers.code.cases.encoded import UndecodableError
from ttc.verifiers.code.cases.functional import PRELUDE, Functional, callable_program, functional
from ttc.verifiers.code.cases.outputs import LINES, Comparison, comparison_of, difference
from ttc.verifiers.code.cases.shapes import Cases, cases_of, text_of
from ttc.verifiers.code.extraction import behind, program_of
from ttc.verifiers.code.reference_tests import tests_of
from ttc.verifiers.code.test_runs import Ask, counted, job_of, no_code, not_passed
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob

# Their judges import what programs of LeetCode and of contests use.
_WITH_PRELUDE = ("apps", "livecodebench")


@dataclass(frozen=True)
class CaseRun:
    """The job of one program. `functional` are its functional tests, else `expected` the outputs;
    `source` is that of a checker program."""

    job: SandboxJob
    functional: Functional | None = None
    expected: tuple[str | None, ...] = ()
    compare: Comparison = LINES
    source: str | None = None
    swapped: bool = False

    @property
    def key(self) -> tuple[Any, ...]:
        """What the verdict depends on besides the program."""
        tests = (self.job.tests or {}).get("tests")
        return tests, self.job.stdin, self.expected, self.compare, self.source, self.swapped

    def verdict(self, ran: JobResult, sandbox: str, ask: Ask) -> Verdict:
        """Return the verdict for the result of the job; `ask` runs a job of the checker."""
        if ran.stopped in INFRA:
            return Verdict(status=str(ran.stopped), detail=joined(ran.detail, sandbox))
        if self.functional is not None:
            return self._one_by_one(self.functional, ran, sandbox, ask)
        if (wrong := self._failed(ran, sandbox)) is not None:
            return wrong
        if self.source is not None:
            return self._checked(self.source, ran, sandbox, ask)
        return Verdict(None, True, 1.0, "ok", sandbox)

    def _one_by_one(
        self, functional: Functional, ran: JobResult, sandbox: str, ask: Ask
    ) -> Verdict:
        """Return the verdict of functional tests. If all together take too long, each gets the
        time, as each input of a script does."""
        if ran.stopped != "timeout" or len(functional.rows) == 1:
            return _functional(ran, sandbox)
        for at in range(len(functional.rows)):
            tests = functional.tests(only=at)
            one = ask(_functional_job(tests, self.job.program))
            if one.why != "pass" or one.stopped is not None:
                told = joined(f"input {at + 1}" if one.stopped else "", sandbox)
                return _functional(one, told)
        return Verdict(None, True, 1.0, "ok", sandbox)

    def _failed(self, ran: JobResult, sandbox: str) -> Verdict | None:
        """Return the verdict for the last run if it failed or printed something else. Those before
        it did not: `SandboxJob.accepts` would have ended the job."""
        at = len(ran.runs)
        for one in ran.runs[-1:]:
            if one.stopped in INFRA:
                return Verdict(status=str(one.stopped), detail=sandbox)
            if failed := failure(one):
                status, detail = failed
                detail = joined(f"input {at}: {detail}", sandbox)
                return Verdict(None, False, 0.0, status, detail)
            wanted = self.expected[at - 1]
            if self.source is None and wanted is not None:
                differs = difference(self.compare, one.output, wanted)
                if differs is not None:
                    detail = f"input {at}: another output: {differs}"
                    return Verdict(None, False, 0.0, "ok", joined(detail, sandbox))
        if len(ran.runs) < len(self.expected):
            return Verdict(status="infra_error", detail=joined(ran.detail, sandbox))
        return None

    def _checked(self, source: str, ran: JobResult, sandbox: str, ask: Ask) -> Verdict:
        """Return the checker's verdict on the outputs."""
        outputs = [each.output for each in ran.runs]
        wanted = [each or "" for each in self.expected]
        rows = list(zip(self.job.stdin, outputs, wanted, strict=True))
        asked = ask(checker.job(source, rows, swapped=self.swapped))
        for at, one in enumerate(asked.runs, 1):
            if one.stopped in INFRA:
                return Verdict(status=str(one.stopped), detail=sandbox)
            if (right := checker.decided(one)) is True:
                continue
            why = one.stopped or one.errors.strip().rpartition("\n")[2]
            if right is None and not self._accepts(source, at - 1, ask):
                detail = f"the checker cannot be used (input {at}): {why}"
                return Verdict(status="bad_reference", detail=joined(detail, sandbox))
            detail = f"input {at}: the checker refuses the output"
            told = detail if right is False else f"{detail} ({why})"
            return Verdict(None, False, 0.0, "ok", joined(told, sandbox))
        if len(asked.runs) < len(rows):
            status = asked.stopped if asked.stopped in INFRA else "infra_error"
            return Verdict(status=status, detail=joined(asked.detail, sandbox))
        return Verdict(None, True, 1.0, "ok", joined("judge: the reference's checker", sandbox))

    def _accepts(self, source: str, at: int, ask: Ask) -> bool:
        """Return whether the checker accepts the expected output for an input."""
        if (wanted := self.expected[at]) is None:
            return False
        row = (self.job.stdin[at], wanted, wanted)
        asked = ask(checker.job(source, [row], swapped=self.swapped))
        return bool(asked.runs) and checker.decided(asked.runs[0]) is True


def case_run(text: str, reference: Mapping[str, Any]) -> CaseRun | Verdict | None:
    """Return what to run for a completion, or the verdict if there is nothing to run; None if the
    reference has no inputs and outputs."""
    try:
        if (cases := cases_of(reference)) is None:
            return None
        if cases.function is not None:
            return _functional_run(cases, cases.function, text, reference)
        return _script_run(cases, text, reference)
    except ValueError as error:
        status = "bad_reference" if isinstance(error, UndecodableError) else "no_reference"
        return Verdict(status=status, detail=f"the reference's tests cannot be used: {error}")


def _script_run(cases: Cases, text: str, reference: Mapping[str, Any]) -> CaseRun | Verdict:
    compare, source = comparison_of(reference, cases.origin)
    if source is not None and not checker.is_python(source):
        raise ValueError("its checker is not a Python program")
    inputs = tuple(text_of(each) for each in cases.inputs)
    expected = tuple(None if each is None else text_of(each) for each in cases.outputs)
    if source is None and None in expected:
        raise ValueError(f"case {expected.index(None) + 1} has no output, and there is no checker")
    if (program := program_of(text)) is None:
        return no_code()
    if cases.origin in _WITH_PRELUDE:
        program = behind(PRELUDE, program)

    def accepts(at: int, output: str) -> bool:
        wanted = expected[at]
        return source is not None or wanted is None or difference(compare, output, wanted) is None

    job = SandboxJob("script", program, stdin=inputs, accepts=accepts)
    swapped = checker.is_swapped(reference)
    return CaseRun(job, None, expected, compare, source, swapped)


def _functional_run(
    cases: Cases, function: str, text: str, reference: Mapping[str, Any]
) -> CaseRun | Verdict:
    starter = str(reference.get("starter_code") or "")
    program = program_of(text, names=["Solution", function])
    if program is None and starter:
        program = program_of(text, starter, [function])
    if program is None:
        return no_code()
    tests = functional(cases, function, reference)
    return CaseRun(_functional_job(tests.tests(), callable_program(program)), tests)


def _functional_job(tests: str, program: str) -> SandboxJob:
    read = tests_of({"tests": tests})
    assert read is not None
    return job_of(read, program)


def _functional(ran: JobResult, sandbox: str) -> Verdict:
    if ran.why == "pass" and ran.stopped is None:
        return Verdict(None, True, 1.0, "ok", joined(counted(ran), sandbox))
    return not_passed(ran, sandbox)
