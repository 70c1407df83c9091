"""python: the program of a completion passes the reference's tests, in a sandbox."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from ttc.options import OptionReader
from ttc.records import INFRA, Sample, Verdict
from ttc.verifiers.code.base import Sandboxed, failure, joined
from ttc.verifiers.code.extraction import program_of
from ttc.verifiers.code.reference_tests import streams
from ttc.verifiers.code.test_runs import CanonicalRuns, TestRun, test_run
from ttc.verifiers.sandbox.pool import SandboxPool
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

        with self.pool() as pool, self.pool() as others:
            canonical = CanonicalRuns(partial(_run_one, others))
            for ran in pool.run(_jobs(samples, pending)):
                while pending[0].job is None:
                    yield self._noted(pending.popleft().known)
                planned = pending.popleft()
                planned.verdict = self._verdict(planned, ran, canonical)
                yield self._noted(planned.verdict)
        while pending:
            yield self._noted(pending.popleft().known)

    def _verdict(self, planned: _Planned, ran: JobResult, canonical: CanonicalRuns) -> Verdict:
        sandbox = self.sandbox_detail()
        if planned.run is None:
            return _compared(planned.expected or (), ran, sandbox)
        return planned.run.verdict(ran, sandbox, canonical, trust_eq=self.trust_eq)

    def _noted(self, verdict: Verdict) -> Verdict:
        """Return a verdict after taking note of a fault of the reference, to be told once."""
        if verdict.status == "bad_reference":
            self.remark(verdict.detail.partition("; sandbox: ")[0])
        return verdict


def _jobs(samples: Iterable[Sample], pending: deque[_Planned]) -> Iterator[SandboxJob]:
    """Yield the jobs of the samples; append the plan of each sample to `pending`."""
    problem, seen = None, dict[tuple[Any, ...], _Planned]()
    for sample, planned in _ahead(samples):
        if sample.problem != problem:
            problem = sample.problem
            seen.clear()
        if planned.job is not None:
            first = seen.setdefault(planned.key(planned.job), planned)
            if first is not planned:
                planned = _Planned(twin=first)
        pending.append(planned)
        if planned.job is not None:
            yield planned.job


def _run_one(pool: SandboxPool, job: SandboxJob) -> JobResult:
    (ran,) = pool.run([job])
    return ran


@dataclass(slots=True)
class _Planned:
    """The plan for one sample: a job to run, a verdict, or the twin whose verdict it gets."""

    job: SandboxJob | None = None
    expected: Sequence[str] | None = None
    verdict: Verdict | None = None
    twin: _Planned | None = None
    run: TestRun | None = None

    def key(self, job: SandboxJob) -> tuple[Any, ...]:
        """Return what twins share: the program, its tests, inputs and outputs."""
        tests = () if self.run is None else self.run.key
        return (job.program, job.stdin, tuple(self.expected or ()), *tests)

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
    run = test_run(sample.text, reference)
    return _Planned(verdict=run) if isinstance(run, Verdict) else _Planned(run.job, run=run)


def _no_code() -> _Planned:
    detail = "the completion has no code"
    return _Planned(verdict=Verdict(None, False, 0.0, "no_code", detail))


def _compared(expected: Sequence[str], ran: JobResult, sandbox: str) -> Verdict:
    """Compare the output of a program for each input, ignoring blanks at the ends of lines."""
    if ran.stopped in INFRA:
        return Verdict(status=str(ran.stopped), detail=joined(ran.detail, sandbox))
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
