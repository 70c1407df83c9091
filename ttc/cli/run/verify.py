"""What `ttc verify` does once its options are parsed."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from ttc import interchange
from ttc.cli.output import Lines, document, piped, to_terminal
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


def verify(session: Session, options: VerifyOptions, source: str, targets: Targets) -> int:
    """Judge, print and keep; return the exit code. `source` names the source in messages."""
    to = targets.output or ("-" if piped() and not targets.as_json else None)
    cases: dict[str, Case] = {}
    with stoppable() as wake, ExitStack() as stack:
        run = stack.enter_context(job.opened(session, options))
        if run.by_model:
            stack.enter_context(stdout_kept_clean())
        if to_terminal(to):
            stack.enter_context(session.progress.paused())
        _judge(run, Lines(to, on_failure=wake), cases)
    if targets.junit is not None:
        write_junit(targets.junit, f"ttc verify {source}", cases.values())
    if targets.as_json:
        document(_result(source, run))
    for line in (*conclusion.notes(run, source), *verifier_quality.rerun(run.rerun, source)):
        session.say(line)
    conclusion.check_judged(run, source)
    code = _code(session, source, run.summary, targets.fail_under)
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


def _code(session: Session, source: str, summary: Summary, fail_under: float | None) -> int:
    accuracy = summary.accuracy
    if fail_under is not None and accuracy is not None and accuracy < fail_under:
        session.say(f"{source}: {accuracy:.4f} is under {fail_under}")
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
