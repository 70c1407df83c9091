"""What `ttc verify` does once its options are parsed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ttc import interchange
from ttc.cli.job_log import target_of
from ttc.cli.output import Lines, document, to_terminal
from ttc.cli.session import stdout_kept_clean
from ttc.cli.signals import stoppable
from ttc.errors import Exit, GateError, TtcError, UsageError
from ttc.report import verifier_quality
from ttc.report.junit import Case, Suite, add_case, write_junit
from ttc.session import Session
from ttc.store import Store, names
from ttc.store.named import pool_named, store_with
from ttc.verdicts import Summary
from ttc.verifying import conclusion, job
from ttc.verifying.job import Judge, Verification, VerifyOptions

# Exit codes, the worst last: not all was judged, a gate is not met, a source cannot be used.
SEVERITY: list[int] = [Exit.DONE, Exit.PARTIAL, Exit.GATE, Exit.USAGE]


@dataclass(frozen=True, slots=True)
class Targets:
    """Where verdicts go: a file of JSON lines (`-`: stdout), a document, a JUnit report; and the
    share of correct samples under which the exit code is 1."""

    output: str | None
    as_json: bool
    junit: str | None
    fail_under: float | None
    github: bool = False


@dataclass(slots=True)
class Done:
    """A source that was judged: the cases of its problems, the lines that were told of it, and its
    gate (whether it is met, and why)."""

    source: str
    run: Verification
    cases: dict[str, Case]
    notes: tuple[str, ...] = ()
    gate: tuple[bool, str] | None = None
    code: int = Exit.DONE


def verify(
    session: Session, options: VerifyOptions, sources: Sequence[str], targets: Targets
) -> int:
    """Judge each source, print and keep; return the exit code, the worst of all.

    A source that cannot be judged is told at the end, and does not keep the others from it.
    """
    sources = list(dict.fromkeys(sources))
    if len(sources) > 1:
        _check_all_there(session, sources)
    done: list[Done] = []
    failed: list[TtcError] = []
    with stoppable() as wake, ExitStack() as stack:
        judge = stack.enter_context(job.prepared(session, options))
        if judge.by_model:
            stack.enter_context(stdout_kept_clean())
        to = target_of(session, targets.output, targets.as_json)
        if to_terminal(to):
            stack.enter_context(session.progress.paused())
        lines = Lines(to, on_failure=wake)
        with _closing(lines):
            for source in sources:
                try:
                    done.append(_judged(session, replace(options, source=source), judge, lines))
                except UsageError as error:
                    if len(sources) == 1:
                        raise
                    failed.append(error)
        for each in done:
            each.gate = _gate(each.source, each.run.summary, targets.fail_under)
    _write(done, targets, len(sources) > 1)
    for each in done:
        try:
            _conclude(session, each, targets)
        except (UsageError, GateError) as error:
            failed.append(error)
    if failed:
        raise _together(failed, len(sources))
    return max((each.code for each in done), key=_severity)


def _check_all_there(session: Session, sources: Sequence[str]) -> None:
    """Raise UsageError for a source that is not there, before any is judged."""
    from ttc.formats import files

    for source in sources:
        if source != "-" and not files.is_hub(source) and not names.is_file(source):
            with Store.reading(store_with(session.database, source)) as store:
                pool_named(store, source)


def _judged(session: Session, options: VerifyOptions, judge: Judge, lines: Lines) -> Done:
    """Judge one source, write its lines, and say its counts."""
    source = str(options.source)
    cases: dict[str, Case] = {}
    with job.opened(session, options, judge) as run, closing(run.each()) as judged:
        for record, sample, verdict in judged:
            add_case(cases, sample, verdict)
            if lines.wanted:
                line = record or interchange.sample_line(sample)
                fields = interchange.verdict_fields(verdict, run.verifier.name)
                lines.write({**line, **fields})
            lines.check()
    return Done(source, run, cases)


@contextmanager
def _closing(lines: Lines) -> Iterator[None]:
    """Put the file of lines in place if all goes well, else leave none."""
    keep = False
    try:
        yield
        keep = True
    finally:
        lines.close(keep=keep)


def _write(done: Sequence[Done], targets: Targets, several: bool) -> None:
    """Write the JUnit report and the document."""
    if targets.junit is not None and done:
        suites = [Suite(f"ttc verify {e.source}", [*e.cases.values()], e.gate) for e in done]
        write_junit(targets.junit, suites)
    if targets.as_json and several:
        found = [_result(each.source, each.run) for each in done]
        document({"schema": interchange.SCHEMA, "sources": found})
    elif targets.as_json and done:
        document(_result(done[0].source, done[0].run))


def _conclude(session: Session, done: Done, targets: Targets) -> None:
    """Say what became of a source. UsageError if nothing could be judged, GateError if its gate
    cannot be decided by these samples."""
    run, source = done.run, done.source
    done.notes = (*conclusion.notes(run, source), *verifier_quality.rerun(run.rerun, source))
    for line in done.notes:
        session.say(line)
    if targets.github:
        from ttc.cli.run import verify_on_github

        verify_on_github.report(source, run, done.cases.values(), done.notes, done.gate)
    conclusion.check_judged(run, source)
    done.code = _code(session, run.summary, done.gate)
    if targets.fail_under is not None:
        run.standing.hold(f"--fail-under {targets.fail_under}")


def _severity(code: int) -> int:
    return SEVERITY.index(code)


def _together(failed: Sequence[TtcError], count: int) -> TtcError:
    """Return one error for those of several sources."""
    if len(failed) == 1:
        return failed[0]
    worst = max(failed, key=lambda error: _severity(error.code))
    told = "; ".join(map(str, failed))
    return type(worst)(f"{len(failed)} of {count} sources could not be judged: {told}")


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
