"""python: the program of a completion passes the reference's tests, in a sandbox."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ttc.options import OptionReader
from ttc.records import INFRA, Sample, Verdict
from ttc.verifiers.code.base import Sandboxed, death, failure, joined, status_of
from ttc.verifiers.code.canonical import CanonicalRuns, counted, job_of
from ttc.verifiers.code.extraction import program_of
from ttc.verifiers.code.judge_tests import ReferenceTests
from ttc.verifiers.code.reference_tests import streams, tests_of
from ttc.verifiers.code.stand_in_modules import UnusableTestsError
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob

_AHEAD = 4  # samples that are prepared while others run


class Python(Sandboxed):
    """The program passes the reference's tests in a sandbox; `cpu=3` (s), `memory=1024` (MiB).

    The tests run in a separate process. Values of standard types cross between the processes as
    such, other objects by reference. Where only the program's own `__eq__`, `__hash__`, `__bool__`
    or ordering decided, the detail says `judge: candidate-compares`; if the tests do not name the
    class, the sample is undecided (status `candidate_compares`) unless `trust_eq=yes`. References:
    `tests` (or `test_list`, `setup`) with asserts, `check(candidate)` and `entry_point` as in
    HumanEval, pytest's functions and classes, or `unittest` classes; or standard input and output
    (`inputs`, `outputs`). What the tests define is run, and the detail says how many assertions and
    tests ran; with a `canonical_solution`, no fewer than it runs. Statuses: `ok`, `raised`,
    `timeout`, `oom`, `output_limit`, `thread_limit`, `denied` and `no_code` are about the program
    (the last seven are never correct); `no_tests` (nothing was tested) and `bad_reference` (the
    tests cannot be parsed, imported or ended) are about the reference; `infra_timeout` and
    `infra_error` are faults of the machine and are not counted. The limit is on CPU time; wall time
    only guards against hangs.
    """

    name = "python"
    # 2: code before a closing fence without an opening one. 3: a weak judge decides nothing;
    # standard error is apart from output. 4: remote objects; what tests define is run.
    version = "4"
    reads_reference = True

    def __init__(self, **options: object) -> None:
        read = OptionReader(self.name, options)
        super().__init__(read)
        self.trust_eq = read.switch("trust_eq", False)
        read.end()
        self._canonical = CanonicalRuns()

    @property
    def config(self) -> Mapping[str, Any]:
        """The limits. The sandbox does not change verdicts; each verdict's detail names it."""
        config: dict[str, Any] = {"cpu": self.cpu, "memory": self.memory}
        return config | ({"trust_eq": True} if self.trust_eq else {})

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order. Equal programs with equal tests are run once.

        SandboxError if no sandbox passes its self-test.
        """
        pending: deque[_Planned] = deque()

        with self.pool() as pool:
            for ran in pool.run(self._jobs(samples, pending)):
                while pending[0].job is None:
                    yield pending.popleft().known
                planned = pending.popleft()
                if planned.solves is not None:
                    self._canonical.keep(planned.solves, ran)
                    continue
                planned.verdict = self._verdict(planned, ran)
                yield planned.verdict
        while pending:
            yield pending.popleft().known

    def _jobs(self, samples: Iterable[Sample], pending: deque[_Planned]) -> Iterator[SandboxJob]:
        """Yield the jobs of the samples; append the plan of each sample and job to `pending`."""
        problem, seen = None, dict[tuple[Any, ...], _Planned]()
        for sample, planned in _ahead(samples):
            if sample.problem != problem:
                problem = sample.problem
                seen.clear()
            if (job := planned.job) is not None:
                if (first := seen.setdefault(_key(planned, job), planned)) is not planned:
                    planned = _Planned(twin=first)
                elif planned.tests is not None and self._canonical.wants(planned.tests):
                    solution = self._canonical.job(planned.tests)
                    pending.append(_Planned(solution, solves=planned.tests))
                    yield solution
            pending.append(planned)
            if planned.job is not None:
                yield planned.job

    def _verdict(self, planned: _Planned, ran: JobResult) -> Verdict:
        """Return the verdict for the result of a job."""
        sandbox = self.sandbox_detail()
        if planned.expected is not None or planned.tests is None or ran.stopped in INFRA:
            return _verdict(planned, ran, sandbox)
        if ran.stopped == "timeout" and self._never_end(planned.tests, ran):
            detail = "the reference's tests never end"
            return Verdict(status="bad_reference", detail=joined(detail, sandbox))
        if ran.stopped is not None or ran.why != "pass":
            return _verdict(planned, ran, sandbox)
        ran_, solution = counted(ran), self._canonical.known(planned.tests)
        if solution is not None and solution.stopped in INFRA:
            solution = None
        if solution is not None and solution.why != "pass":
            ran_ = joined(ran_, "canonical solution fails its tests")
        elif solution is not None and ran.assertions < solution.assertions:
            ran_ = f"only {ran.assertions} of {solution.assertions} assertions ran"
            return Verdict(None, False, 0.0, "ok", joined(ran_, sandbox))
        if not (ran.assertions or ran.tests):
            detail = "the reference's tests ran no assertion and no test"
            return Verdict(status="no_tests", detail=joined(detail, sandbox))
        if ran.compared:
            sandbox = joined("judge: candidate-compares", sandbox)
        if "unnamed" in ran.compared and not self.trust_eq:
            return Verdict(status="candidate_compares", detail=joined(ran_, sandbox))
        return Verdict(None, True, 1.0, "ok", joined(ran_, sandbox))

    def _never_end(self, tests: ReferenceTests, ran: JobResult) -> bool:
        """Return whether a timeout is the tests' own: they were busy themselves, not the program,
        and either had not asked it or cannot end; or the canonical solution takes as long."""
        if ran.busy == "setup" or (ran.busy in ("tests", "both") and tests.shape.endless):
            return True
        if not tests.canonical:
            return False
        if (solution := self._canonical.known(tests)) is None:
            with self.pool() as pool:
                (solution,) = pool.run([self._canonical.job(tests)])
            self._canonical.keep(tests, solution)
        return solution.stopped == "timeout"


@dataclass(slots=True)
class _Planned:
    """The plan for one sample: a job to run, a verdict, or the twin whose verdict it gets. A job
    that `solves` tests is of their canonical solution."""

    job: SandboxJob | None = None
    expected: Sequence[str] | None = None
    verdict: Verdict | None = None
    twin: _Planned | None = None
    tests: ReferenceTests | None = None
    solves: ReferenceTests | None = None

    @property
    def known(self) -> Verdict:
        """The verdict, or its twin's."""
        verdict = self.verdict if self.twin is None else self.twin.verdict
        assert verdict is not None
        return verdict


def _ahead(samples: Iterable[Sample]) -> Iterator[tuple[Sample, _Planned]]:
    """Yield each sample with its plan. Some are planned ahead while programs run, since parsing
    takes place in another process."""
    waiting: deque[tuple[Sample, Future[_Planned]]] = deque()
    with ThreadPoolExecutor(1) as thread:
        try:
            for sample in samples:
                waiting.append((sample, thread.submit(_plan, sample)))
                if len(waiting) > _AHEAD:
                    sample, planned = waiting.popleft()
                    yield sample, planned.result()
            while waiting:
                sample, planned = waiting.popleft()
                yield sample, planned.result()
        finally:
            for _, planned in waiting:
                planned.cancel()


def _plan(sample: Sample) -> _Planned:
    """Return the plan for a sample; it has a verdict already if there is nothing to run."""
    reference = sample.reference
    if (pairs := streams(reference)) is not None:
        program = program_of(sample.text)
        if program is None:
            return _no_code()
        inputs, expected = pairs
        return _Planned(SandboxJob("script", program, stdin=tuple(inputs)), expected)
    try:
        tests = tests_of(reference)
        if tests is None:
            detail = "the reference has no tests, test_list or inputs and outputs"
            return _Planned(verdict=Verdict(status="no_reference", detail=detail))
        program = program_of(sample.text, tests.prompt, tests.wanted)
        if program is None:
            return _no_code()
        return _Planned(job_of(tests, program), tests=tests)
    except UnusableTestsError as error:
        return _Planned(verdict=Verdict(status=error.status, detail=str(error)))


def _key(planned: _Planned, job: SandboxJob) -> tuple[Any, ...]:
    """Return what twins share: program, tests with their setup and entry, inputs, outputs. (Equal
    tests of a problem are one object.)"""
    return job.program, id(planned.tests), job.stdin, tuple(planned.expected or ())


def _no_code() -> _Planned:
    detail = "the completion has no code"
    return _Planned(verdict=Verdict(None, False, 0.0, "no_code", detail))


def _verdict(planned: _Planned, ran: JobResult, sandbox: str) -> Verdict:
    """Return the verdict for the result of a job."""
    if ran.stopped in INFRA:
        return Verdict(status=str(ran.stopped), detail=joined(ran.detail, sandbox))
    if ran.stopped is not None:
        return Verdict(None, False, 0.0, ran.stopped, sandbox)
    if planned.expected is not None:
        return _compared(planned.expected, ran, sandbox)
    if ran.why == "fail":
        return Verdict(None, False, 0.0, "ok", joined(ran.detail, sandbox))
    if ran.why == "bad_reference":
        detail = f"the reference's tests cannot be run: {ran.detail}"
        return Verdict(status="bad_reference", detail=joined(detail, sandbox))
    if ran.why in ("raised", "gone"):
        detail = ran.detail
        if ran.why == "gone" and (died := death(ran.exits[0])):
            detail = died
        status = status_of(detail)
        return Verdict(None, False, 0.0, status, joined(detail, sandbox))
    return Verdict(status="infra_error", detail=joined("the judge's process died", sandbox))


def _compared(expected: Sequence[str], ran: JobResult, sandbox: str) -> Verdict:
    """Compare the output of a program for each input, ignoring blanks at the ends of lines."""
    for at, (want, one) in enumerate(zip(expected, ran.runs, strict=False), 1):
        if one.stopped in INFRA:
            return Verdict(status=str(one.stopped), detail=sandbox)
        if failed := failure(one):
            status, detail = failed
            return Verdict(None, False, 0.0, status, joined(f"input {at}: {detail}", sandbox))
        if _lines(one.output) != _lines(want):
            return Verdict(None, False, 0.0, "ok", joined(f"input {at}: another output", sandbox))
    if len(ran.runs) < len(expected):
        return Verdict(status="infra_error", detail=sandbox)
    return Verdict(None, True, 1.0, "ok", sandbox)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]
