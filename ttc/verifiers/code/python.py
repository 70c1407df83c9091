"""python: the program in a completion passes its tests, in a sandbox."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ttc.records import INFRA, Sample, Verdict
from ttc.verifiers.code.base import Sandboxed, death, failure, joined, status_of
from ttc.verifiers.code.extraction import program_of
from ttc.verifiers.code.reference_tests import streams, tests_of
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob

# Imported once by the fork server where a program or its tests mention them.
_PRELOADED = ("numpy",)
_AHEAD = 4  # samples that are read while others run


class Python(Sandboxed):
    """Tests of a program, run in a sandbox: `cpu=3` seconds and `memory=1024` MiB each.

    The tests run in another process than the program, which they call with plain data; where an
    argument has no plain form both share one, and a program that passes there is undecided, with
    status `weak`: it could have cheated. References are
    those of HumanEval (`tests` with `check`, `entry_point`, `prompt`), MBPP (`tests` or
    `test_list` of asserts, `setup`) or standard input and output (`inputs`, `outputs`). Statuses:
    `ok`, `raised`, `timeout`, `oom`, `output_limit`, `thread_limit`, `denied` and `no_code` are the
    program's (the last seven never correct); `infra_timeout` and `infra_error` are the machine's
    and are not counted. The limit is on CPU time; wall time only guards against hangs.
    """

    name = "python"
    # 2: code before a closing fence without an opening one. 3: a weak judge decides nothing;
    # standard error is apart from output.
    version = "3"

    def __init__(
        self, cpu: str = "3", memory: str = "1024", sandbox: str = "auto", **unknown: object
    ) -> None:
        if unknown:
            known = "cpu, memory, sandbox"
            raise ValueError(
                f"python has no option {', '.join(sorted(unknown))}; it knows: {known}"
            )
        super().__init__(self.name, cpu, memory, sandbox)

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in force; the sandbox changes no verdict, and is in each one's detail."""
        return {"cpu": self.cpu, "memory": self.memory}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict a sample, in order; SandboxError where no sandbox holds.

        Equal programs for equal tests are run once.
        """
        pending: deque[_Planned] = deque()
        seen: dict[tuple[str, str], _Planned] = {}

        def jobs() -> Iterator[SandboxJob]:
            problem = None
            for sample, planned in _ahead(samples):
                if sample.problem != problem:
                    problem = sample.problem
                    seen.clear()
                if planned.job is not None:
                    tests = json.dumps([planned.job.tests, planned.expected], sort_keys=True)
                    first = seen.setdefault((planned.job.program, tests), planned)
                    if first is not planned:
                        planned = _Planned(twin=first)
                pending.append(planned)
                if planned.job is not None:
                    yield planned.job

        with self.pool() as pool:
            for ran in pool.run(jobs()):
                while pending[0].job is None:
                    yield pending.popleft().known
                planned = pending.popleft()
                planned.verdict = _verdict(planned, ran, self.told())
                yield planned.verdict
        while pending:
            yield pending.popleft().known


@dataclass(slots=True)
class _Planned:
    """What is to be done with one sample: a job, or nothing but a verdict, or another's."""

    job: SandboxJob | None = None
    expected: Sequence[str] | None = None
    verdict: Verdict | None = None
    twin: _Planned | None = None

    @property
    def known(self) -> Verdict:
        """The verdict, or its twin's."""
        verdict = self.verdict if self.twin is None else self.twin.verdict
        assert verdict is not None
        return verdict


def _ahead(samples: Iterable[Sample]) -> Iterator[tuple[Sample, _Planned]]:
    """Yield each sample with what is to be done; some are read ahead while programs run, since
    another process looks whether a text is Python."""
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
    """Return what is to be done with a sample; a verdict at once where nothing is to be run."""
    reference = sample.reference
    if (pairs := streams(reference)) is not None:
        program = program_of(sample.text)
        if program is None:
            return _no_code()
        inputs, expected = pairs
        return _Planned(SandboxJob("script", program, stdin=tuple(inputs)), expected)
    try:
        tests = tests_of(reference)
    except (SyntaxError, ValueError) as error:
        detail = f"the reference's tests cannot be used: {error}"
        return _Planned(verdict=Verdict(status="no_reference", detail=detail))
    if tests is None:
        detail = "the reference has no tests, test_list or inputs and outputs"
        return _Planned(verdict=Verdict(status="no_reference", detail=detail))
    program = program_of(sample.text, str(reference.get("prompt") or ""), tests["names"])
    if program is None:
        return _no_code()
    mentioned = program + tests["setup"] + tests["tests"]
    preload = tuple(name for name in _PRELOADED if name in mentioned)
    return _Planned(SandboxJob("calls", program, tests, preload=preload))


def _no_code() -> _Planned:
    detail = "there is no code in the completion"
    return _Planned(verdict=Verdict(None, False, 0.0, "no_code", detail))


def _verdict(planned: _Planned, ran: JobResult, told: str) -> Verdict:
    """Return the verdict on what came of a job."""
    if ran.stopped in INFRA:
        return Verdict(status=str(ran.stopped), detail=joined(ran.detail, told))
    if ran.stopped is not None:
        return Verdict(None, False, 0.0, ran.stopped, told)
    if planned.expected is not None:
        return _compared(planned.expected, ran, told)
    if ran.kind == "whole":
        told = f"judge: weak; {told}"
        if ran.why in ("pass", "not_plain", "cannot_pass"):
            detail = "" if ran.why == "pass" else ran.detail
            return Verdict(status="weak", detail=joined(detail, told))
    if ran.why == "pass":
        return Verdict(None, True, 1.0, "ok", told)
    if ran.why == "fail":
        return Verdict(None, False, 0.0, "ok", joined(ran.detail, told))
    if ran.why == "broken_tests":
        detail = f"the reference's tests cannot be used: {ran.detail}"
        return Verdict(status="no_reference", detail=detail)
    if ran.why in ("raised", "gone"):
        detail = ran.detail
        if ran.why == "gone" and (died := death(ran.exits[0])):
            detail = died
        status = status_of(detail)
        return Verdict(None, False, 0.0, status, joined(detail, told))
    if ran.kind == "whole":
        detail = ran.detail or death(ran.exits[0]) or "the program ended before its tests did"
        return Verdict(None, False, 0.0, "raised", joined(detail, told))
    return Verdict(status="infra_error", detail=joined("the judge's process died", told))


def _compared(expected: Sequence[str], ran: JobResult, told: str) -> Verdict:
    """Compare what a program wrote on each input; blanks at the ends of lines do not count."""
    for at, (want, one) in enumerate(zip(expected, ran.runs, strict=False), 1):
        if one.stopped in INFRA:
            return Verdict(status=str(one.stopped), detail=told)
        if failed := failure(one):
            status, detail = failed
            return Verdict(None, False, 0.0, status, joined(f"input {at}: {detail}", told))
        if _lines(one.output) != _lines(want):
            return Verdict(None, False, 0.0, "ok", joined(f"input {at}: another output", told))
    if len(ran.runs) < len(expected):
        return Verdict(status="infra_error", detail=told)
    return Verdict(None, True, 1.0, "ok", told)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]
