"""python: the program of a completion passes the reference's tests, in a sandbox."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from ttc.options import OptionReader
from ttc.records import Sample, Verdict
from ttc.verifiers.code.base import Sandboxed
from ttc.verifiers.code.cases.runs import CaseRun, case_run
from ttc.verifiers.code.test_runs import Ask, CanonicalRuns, TestRun, test_run
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
    HumanEval, pytest's functions and classes, or `unittest` classes; or `inputs` and `outputs`, of
    standard input or of a function (`fn_name`), in the shapes of LiveCodeBench, APPS, TACO and
    CodeContests too (`cases.shapes`), with a `checker` or a `tolerance`. What the tests define is
    run, and the detail says how many assertions and tests ran; with a `canonical_solution`, no
    fewer than it runs. Statuses: `ok`, `raised`, `timeout`, `oom`, `output_limit`, `thread_limit`,
    `disk_limit`, `denied` and `no_code` are about the program (the last eight are never correct);
    `no_tests` (nothing was tested) and `bad_reference` (the tests cannot be parsed, imported or
    ended) are about the reference; `infra_timeout` and `infra_error` are faults of the machine and
    are not counted. The limit is on CPU time; wall time only guards against hangs.
    """

    name = "python"
    # 2: code before a closing fence without an opening one. 3: a weak judge decides nothing;
    # standard error is apart from output. 4: remote objects; what tests define is run; programs,
    # inputs and outputs of more kinds.
    version = "5"
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
            ask = partial(_run_one, others)
            canonical = CanonicalRuns(ask)
            for ran in pool.run(_jobs(samples, pending)):
                while pending[0].job is None:
                    yield self._noted(pending.popleft().known)
                planned = pending.popleft()
                planned.verdict = self._verdict(planned, ran, ask, canonical)
                yield self._noted(planned.verdict)
        while pending:
            yield self._noted(pending.popleft().known)

    def _verdict(
        self, planned: _Planned, ran: JobResult, ask: Ask, canonical: CanonicalRuns
    ) -> Verdict:
        sandbox, run = self.sandbox_detail(), planned.run
        if isinstance(run, CaseRun):
            return run.verdict(ran, sandbox, ask)
        assert run is not None
        return run.verdict(ran, sandbox, canonical, trust_eq=self.trust_eq)

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
    verdict: Verdict | None = None
    twin: _Planned | None = None
    run: CaseRun | TestRun | None = None

    def key(self, job: SandboxJob) -> tuple[Any, ...]:
        """Return what twins share: the program, its tests, inputs and outputs."""
        return (job.program, *(() if self.run is None else self.run.key))

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
    run: CaseRun | TestRun | Verdict | None = case_run(sample.text, sample.reference)
    if run is None:
        run = test_run(sample.text, sample.reference)
    return _Planned(verdict=run) if isinstance(run, Verdict) else _Planned(run.job, run=run)
