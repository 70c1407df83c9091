"""What `ttc sample` does once its options are parsed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from ttc import interchange
from ttc.backends import counts
from ttc.cli.job_log import target_of
from ttc.cli.output import Lines, document, to_terminal
from ttc.cli.session import stdout_kept_clean
from ttc.cli.signals import stoppable
from ttc.errors import Exit, Stopped
from ttc.records import Sample
from ttc.samples import conclusion, job
from ttc.samples.job import Opened, SampleJob
from ttc.samples.plan import Plan
from ttc.samples.pool_lock import claimed
from ttc.samples.tally import Tally
from ttc.session import Session


def draw(session: Session, options: SampleJob, output: str | None, as_json: bool) -> int:
    """Draw what is missing, print what was asked for, and return the exit code.

    JSON lines go to the file `output` (`-`: stdout; None: see `job_log.target_of`).
    """
    target = target_of(session, output, as_json)
    with stdout_kept_clean(), stoppable() as wake:
        try:
            with job.opened(session, options, wake) as run:
                plan, tally, spent = _written(session, run, target, wake)
        except Stopped as stopped:
            if not stopped.nobody_reads:
                session.say(f"interrupted; what is finished is kept; to resume: {session.again}")
            raise
        if as_json:
            document(_result(plan, tally, spent))
    for line in conclusion.summary(plan, tally, spent):
        session.say(line)
    if (missing := conclusion.shortfall(plan, tally, session.again)) is not None:
        session.say(missing)
        return Exit.PARTIAL
    return Exit.DONE


def _written(
    session: Session, run: Opened, target: str | None, wake: Callable[[], None]
) -> tuple[Plan, Tally, float]:
    lines = Lines(target, on_failure=wake)
    try:
        with session.progress.paused() if to_terminal(target) else nullcontext():
            done = _drawn(session, run, lines)
        lines.close()
    except BaseException:
        # A failure to write explains more than the interruption that it caused.
        lines.close(keep=False)
        raise
    return done


def _drawn(session: Session, run: Opened, lines: Lines) -> tuple[Plan, Tally, float]:
    def write(sample: Sample) -> None:
        lines.write(interchange.sample_line(sample))

    with claimed(run.store, run.plan, session.again) as plan:
        _write_kept(run, plan, lines)
        drawing = run.drawing(plan, write if lines.wanted else _ignore, lambda: lines.behind)
        with run.stage(plan, session.progress) as stage:
            for tally in drawing.run(run.deadline, run.spending):
                tally.show(stage)
                lines.check()
            spent = stage.seconds
    if status := run.status():
        session.say(f"{plan.pool.name}: {status}")
    return plan, drawing.tally, spent if plan.missing else 0.0


def _write_kept(run: Opened, plan: Plan, lines: Lines) -> None:
    """Write the lines of the samples that were asked for and are in the store already."""
    if lines.wanted:
        for sample in run.kept(plan):
            lines.write(interchange.sample_line(sample))
            lines.check()


def _ignore(sample: Sample) -> None:
    """Drop a sample: no lines were asked for."""


def _result(plan: Plan, tally: Tally, spent: float) -> dict[str, Any]:
    return {
        "schema": interchange.SCHEMA,
        "pool": plan.pool.name,
        "asked_pool": plan.pool.base,
        "model": plan.recipe.model.name,
        "problems": len(plan.enrolled),
        "n": plan.n,
        "kept": plan.kept,
        "drawn": tally.drawn,
        **counts.as_fields("tokens", tally.tokens, tally.uncounted),
        "truncated": tally.truncated,
        "cancelled": tally.cancelled,
        "errors": len(tally.errors),
        "seconds": round(spent, 3),
        **({} if tally.spending is None else {"budget": tally.spending.as_fields()}),
    }
