"""What `ttc verify` does once its options are parsed."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from ttc import interchange
from ttc.cli.job_log import target_of
from ttc.cli.output import Lines, document
from ttc.cli.session import stdout_kept_clean
from ttc.cli.signals import stoppable
from ttc.errors import Exit
from ttc.report import verifier_quality
from ttc.report.junit import Case, add_case, write_junit
from ttc.session import Session
from ttc.verdicts import Summary
from ttc.verifying import conclusion, job
from ttc.verifying.job import Verification, VerifyOptions


@dataclass(frozen=True, slots=True)
class Targets:
    """Where verdicts go: a file of JSON lines (`-`: stdout), a document, a JUnit report; and the
    share of correct samples under which the exit code is 1."""

    output: str | None
    as_json: bool
    junit: str | None
    fail_under: float | None
    github: bool = False


def verify(session: Session, options: VerifyOptions, source: str, targets: Targets) -> int:
    """Judge, print and keep; return the exit code. `source` names the source in messages."""
    to = target_of(session, targets.output, targets.as_json)
    cases: dict[str, Case] = {}
    with stoppable() as wake, ExitStack() as stack:
        run = stack.enter_context(job.opened(session, options))
        if run.by_model:
            stack.enter_context(stdout_kept_clean())
        _judge(run, Lines(to, on_failure=wake), cases)
    gate = _gate(source, run.summary, targets.fail_under)
    if targets.junit is not None:
        write_junit(targets.junit, f"ttc verify {source}", cases.values(), gate)
    if targets.as_json:
        document(_result(source, run))
    notes = (*conclusion.notes(run, source), *verifier_quality.rerun(run.rerun, source))
    for line in notes:
        session.say(line)
    if targets.github:
        from ttc.cli.run import verify_on_github

        verify_on_github.report(source, run, cases.values(), notes, gate)
    conclusion.check_judged(run, source)
    code = _code(session, run.summary, gate)
    if targets.fail_under is not None:
        run.standing.hold(f"--fail-under {targets.fail_under}")
    return code


def _judge(run: Verification, lines: Lines, cases: dict[str, Case]) -> None:
    keep = False
    try:
        with closing(run.each()) as judged:
            for record, sample, verdict in judged:
                add_case(cases, sample, verdict)
                if lines.wanted:
                    line = record or interchange.sample_line(sample)
                    fields = interchange.verdict_fields(verdict, run.verifier.name)
                    lines.write({**line, **fields})
                lines.check()
        keep = True
    finally:
        lines.close(keep=keep)


def _gate(source: str, summary: Summary, fail_under: float | None) -> tuple[bool, str] | None:
    """Return whether the gate of --fail-under is met, and why; None if there is none."""
    accuracy = summary.accuracy
    if fail_under is None or accuracy is None:
        return None
    met = accuracy >= fail_under
    return met, f"{source}: {accuracy:.4f} is {'at least' if met else 'under'} {fail_under}"


def _code(session: Session, summary: Summary, gate: tuple[bool, str] | None) -> int:
    if gate is not None:
        met, reason = gate
        session.say(f"met: {reason}" if met else reason)
        if not met:
            return Exit.GATE
    return Exit.PARTIAL if summary.statuses["error"] or summary.left_out else Exit.DONE


def _result(source: str, run: Verification) -> dict[str, Any]:
    summary = run.summary
    return {
        "schema": interchange.SCHEMA,
        "source": source,
        "verifier": run.spec,
        "samples": summary.samples,
        "problems": len(summary.problems),
        "left_out": summary.left_out,
        "correct": summary.correct,
        "accuracy": summary.accuracy,
        "solved": len(summary.solved),
        "statuses": dict(summary.statuses),
        "warnings": run.standing.notes,
        **({} if run.rerun is None else {"rerun": run.rerun.agreement(source)[0].as_dict()}),
    }
