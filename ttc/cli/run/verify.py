"""What `ttc verify` does once its options are parsed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from ttc import interchange
from ttc.cli.output import Lines, document, piped
from ttc.cli.run.judge_quality import Quality
from ttc.cli.session import stdout_kept_clean
from ttc.cli.signals import stoppable
from ttc.errors import Exit
from ttc.report.junit import Case, add_case, write_junit
from ttc.samples import freshness
from ttc.samples.freshness import Standing
from ttc.session import Session
from ttc.verdicts import Summary, conclusion, job
from ttc.verdicts.job import Verification, VerifyOptions
from ttc.verifiers.extras import Noted


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
    summary, cases, quality, standing = Summary(), dict[str, Case](), Quality(), Standing()
    with stoppable() as wake, ExitStack() as stack:
        run = stack.enter_context(job.opened(session, options))
        if run.by_model:
            stack.enter_context(stdout_kept_clean())
        if run.store is not None and run.pool is not None:
            standing = freshness.standing(run.store, run.pool)
        quality.truths = run.truths
        _judge(run, Lines(to, on_failure=wake), summary, cases, quality)
    summary.kept = run.kept
    if targets.junit is not None:
        write_junit(targets.junit, f"ttc verify {source}", cases.values())
    if targets.as_json:
        document(_result(source, run, summary, standing.notes))
    for line in _notes(run, summary, source, quality, standing):
        session.say(line)
    conclusion.check_judged(run, summary, source)
    code = _code(session, source, summary, targets.fail_under)
    if targets.fail_under is not None:
        standing.hold(f"--fail-under {targets.fail_under}")
    return code


def _judge(
    run: Verification, lines: Lines, summary: Summary, cases: dict[str, Case], quality: Quality
) -> None:
    keep = False
    try:
        for record, sample, verdict in run.judged:
            summary.add(sample, verdict)
            quality.add(record, sample, verdict)
            add_case(cases, sample, verdict)
            if lines.wanted:
                line = record or interchange.sample_line(sample)
                lines.write({**line, **interchange.verdict_fields(verdict, run.verifier.name)})
            lines.check()
        keep = True
    finally:
        run.judged.close()
        lines.close(keep=keep)


def _notes(
    run: Verification, summary: Summary, source: str, quality: Quality, standing: Standing
) -> list[str]:
    judge = quality.told(run.verifier.name) if run.by_model else None
    note = run.verifier.note if isinstance(run.verifier, Noted) else None
    first = [line for line in (note, judge) if line]
    first += [f"note: {line}" for line in standing.notes]
    return first + conclusion.notes(run, summary, source)


def _code(session: Session, source: str, summary: Summary, fail_under: float | None) -> int:
    accuracy = summary.accuracy
    if fail_under is not None and accuracy is not None and accuracy < fail_under:
        session.say(f"{source}: {accuracy:.4f} is under {fail_under}")
        return Exit.GATE
    return Exit.PARTIAL if summary.statuses["error"] or summary.left_out else Exit.DONE


def _result(
    source: str, run: Verification, summary: Summary, warnings: list[str]
) -> dict[str, Any]:
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
        "warnings": warnings,
    }
