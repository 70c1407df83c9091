"""python: the program of a completion passes the reference's tests, in a sandbox."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from ttc.options import OptionReader
from ttc.records import INFRA, Sample, Verdict
from ttc.verifiers.code.base import Sandboxed, death, joined, status_of
from ttc.verifiers.code.cases.fields import with_tests
from ttc.verifiers.code.cases.runs import CaseRun, case_run, no_code
from ttc.verifiers.code.extraction import program_of
from ttc.verifiers.code.reference_tests import tests_of
from ttc.verifiers.sandbox.pool import SandboxPool
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob

# Imported once by the fork server if a program or its tests mention them.
_PRELOADED = ("numpy",)
_AHEAD = 4  # samples that are prepared while others run


class Python(Sandboxed):
    """The program passes the reference's tests in a sandbox; `cpu=3` (s), `memory=1024` (MiB).

    The tests run in a separate process and call the program with plain data. If an argument has no
    plain form, program and tests share one process; a program that passes there could have
    cheated, so it is undecided (status `weak`). References: HumanEval (`tests` with `check`,
    `entry_point`, `prompt`), MBPP (`tests` or `test_list` of asserts, `setup`), or `inputs` and
    `outputs`, of standard input or of a function (`fn_name`), in the shapes of LiveCodeBench, APPS,
    TACO and CodeContests too (`cases.shapes`), with a `checker` or a `tolerance`. Statuses: `ok`,
    `raised`, `timeout`, `oom`, `output_limit`, `thread_limit`, `denied` and `no_code` are about the
    program (the last seven are never correct); `infra_timeout` and `infra_error` are faults of the
    machine and are not counted. The limit is on CPU time; wall time only guards against hangs.
    """

    name = "python"
    # 2: code before a closing fence without an opening one. 3: a weak judge decides nothing;
    # standard error is apart from output. 4: programs, inputs and outputs of more kinds.
    version = "4"
    reads_reference = True

    def __init__(self, **options: object) -> None:
        read = OptionReader(self.name, options)
        super().__init__(read)
        read.end()

    @property
    def config(self) -> Mapping[str, Any]:
        """The limits. The sandbox does not change verdicts; each verdict's detail names it."""
        return {"cpu": self.cpu, "memory": self.memory}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order. Equal programs with equal tests are run once.

        SandboxError if no sandbox passes its self-test.
        """
        pending: deque[_Planned] = deque()
        seen: dict[tuple[Any, ...], _Planned] = {}

        def jobs() -> Iterator[SandboxJob]:
            problem = None
            for sample, planned in _ahead(samples):
                if sample.problem != problem:
                    problem = sample.problem
                    seen.clear()
                if planned.job is not None:
                    tests = json.dumps(planned.job.tests, sort_keys=True)
                    cases = planned.cases.key if planned.cases is not None else ()
                    first = seen.setdefault((planned.job.program, tests, *cases), planned)
                    if first is not planned:
                        planned = _Planned(twin=first)
                pending.append(planned)
                if planned.job is not None:
                    yield planned.job

        with self.pool() as pool, self.pool() as checkers:
            for ran in pool.run(jobs()):
                while pending[0].job is None:
                    yield pending.popleft().known
                planned = pending.popleft()
                if planned.cases is not None:
                    ask = partial(_run_one, checkers)
                    planned.verdict = planned.cases.verdict(ran, self.sandbox_detail(), ask)
                else:
                    planned.verdict = _verdict(ran, self.sandbox_detail())
                yield planned.verdict
        while pending:
            yield pending.popleft().known


def _run_one(pool: SandboxPool, job: SandboxJob) -> JobResult:
    (ran,) = pool.run([job])
    return ran


@dataclass(slots=True)
class _Planned:
    """The plan for one sample: a job to run, a verdict, or the twin whose verdict it gets."""

    job: SandboxJob | None = None
    cases: CaseRun | None = None
    verdict: Verdict | None = None
    twin: _Planned | None = None

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
    if (cases := case_run(sample.text, reference)) is not None:
        if isinstance(cases, Verdict):
            return _Planned(verdict=cases)
        return _Planned(cases.job, cases)
    try:
        reference = with_tests(reference)
        tests = tests_of(reference)
    except (SyntaxError, ValueError) as error:
        detail = f"the reference's tests cannot be used: {error}"
        return _Planned(verdict=Verdict(status="no_reference", detail=detail))
    if tests is None:
        detail = "the reference has no tests, test_list or inputs and outputs"
        return _Planned(verdict=Verdict(status="no_reference", detail=detail))
    program = program_of(sample.text, str(reference.get("prompt") or ""), tests["names"])
    if program is None:
        return _Planned(verdict=no_code())
    mentioned = program + tests["setup"] + tests["tests"]
    preload = tuple(name for name in _PRELOADED if name in mentioned)
    return _Planned(SandboxJob("calls", program, tests, preload=preload))


def _verdict(ran: JobResult, sandbox: str) -> Verdict:
    """Return the verdict for the result of a job."""
    if ran.stopped in INFRA:
        return Verdict(status=str(ran.stopped), detail=joined(ran.detail, sandbox))
    if ran.stopped is not None:
        return Verdict(None, False, 0.0, ran.stopped, sandbox)
    if ran.kind == "whole":
        sandbox = f"judge: weak; {sandbox}"
        if ran.why in ("pass", "not_plain", "cannot_pass"):
            detail = "" if ran.why == "pass" else ran.detail
            return Verdict(status="weak", detail=joined(detail, sandbox))
    if ran.why == "pass":
        return Verdict(None, True, 1.0, "ok", sandbox)
    if ran.why == "fail":
        return Verdict(None, False, 0.0, "ok", joined(ran.detail, sandbox))
    if ran.why == "broken_tests":
        detail = f"the reference's tests cannot be used: {ran.detail}"
        return Verdict(status="no_reference", detail=detail)
    if ran.why in ("raised", "gone"):
        detail = ran.detail
        if ran.why == "gone" and (died := death(ran.exits[0])):
            detail = died
        status = status_of(detail)
        return Verdict(None, False, 0.0, status, joined(detail, sandbox))
    if ran.kind == "whole":
        detail = ran.detail or death(ran.exits[0]) or "the program ended before its tests did"
        return Verdict(None, False, 0.0, "raised", joined(detail, sandbox))
    return Verdict(status="infra_error", detail=joined("the judge's process died", sandbox))
