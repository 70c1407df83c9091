"""What `ttc sample` does once its options are parsed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from ttc import interchange
from ttc.backends import Backend, Reporting, counts
from ttc.backends.thinking_switch import without_effect
from ttc.cli.output import Lines, document, piped
from ttc.cli.session import Sampling, Session, again, stdout_kept_clean
from ttc.cli.signals import stoppable
from ttc.cli.suggestions import remember
from ttc.errors import Exit, Stopped
from ttc.problems import Reading
from ttc.records import Sample
from ttc.report.progress import Meter, clock
from ttc.samples.drawing import Drawing, Tally
from ttc.samples.job import SampleJob, draws, prepare, seconds
from ttc.samples.plan import Plan, make_plan, told_same
from ttc.samples.pool_lock import claimed
from ttc.store import Store, pools
from ttc.store import samples as stored


def draw(session: Session, order: SampleJob, flags: Sampling, how: Reading, as_json: bool) -> int:
    """Draw what is missing, print what was asked for, and return the exit code."""
    with stdout_kept_clean(), stoppable() as wake:
        try:
            plan, tally, spent = _draw(session, order, flags, how, as_json, wake)
        except Stopped as stopped:
            if not stopped.nobody_reads:
                session.say(f"interrupted; what is finished is kept; to resume: {again()}")
            raise
        if as_json:
            document(_result(plan, tally, spent))
    return _conclude(session, plan, tally, spent)


def _draw(
    session: Session,
    order: SampleJob,
    flags: Sampling,
    how: Reading,
    as_json: bool,
    wake: Callable[[], None],
) -> tuple[Plan, Tally, float]:
    limit = seconds(order.max_time)
    backend, made, rendered, name = prepare(session, order, flags, how)
    target = order.output or ("-" if piped() and not as_json else None)
    with closing(backend), Store.writing(session.database, on_failure=wake) as store:
        for line in store.recover():
            session.say(line)
        asked = draws(session, order)
        if same := told_same(made, asked):
            session.say(same)
        plan = make_plan(store, name, made, rendered, asked)
        _tell_name(session, plan, order.new_pool)
        remember(pools=pools.names(store.reader))
        lines = Lines(target, on_failure=wake)
        try:
            done = _run(session, store, backend, plan, lines, limit, order.confidence)
            lines.close()
        except BaseException:
            # A failure to write explains more than the interruption that it caused.
            lines.close(keep=False)
            raise
    return done


def _run(
    session: Session,
    store: Store,
    backend: Backend,
    plan: Plan,
    lines: Lines,
    limit: float | None,
    alternatives: int,
) -> tuple[Plan, Tally, float]:
    with claimed(store, plan, again()) as current:
        _tell_kept(store, current, lines)
        drawing = Drawing(
            store,
            backend,
            current,
            (lambda s: lines.write(interchange.sample_line(s))) if lines.wanted else _untold,
            alternatives=alternatives,
            behind=lambda: lines.behind,
        )
        deadline = None if limit is None else time.monotonic() + limit
        fares = backend.status if isinstance(backend, Reporting) else str
        with Meter(plan.pool.name, len(current.missing), quiet=session.quiet) as meter:
            for tally in drawing.run(deadline):
                meter.update(tally.drawn, tally.tokens, fares(), uncounted=tally.uncounted)
                lines.check()
    if told := fares():
        session.say(f"{plan.pool.name}: {told}")
    return current, drawing.tally, meter.seconds if current.missing else 0.0


def _tell_kept(store: Store, plan: Plan, lines: Lines) -> None:
    """Write the lines of what was asked for and is in the store already."""
    if not lines.wanted:
        return
    wanted = {each.problem.id for each in plan.enrolled}
    for _, sample in stored.of_pool(store.reader, plan.pool, below=plan.n):
        if sample.problem in wanted:
            lines.write(interchange.sample_line(sample))
            lines.check()


def _untold(sample: Sample) -> None:
    """Take a sample that nobody reads."""


def _tell_name(session: Session, plan: Plan, new_pool: bool) -> None:
    pool = plan.pool
    if pool.name != pool.base:
        session.say(
            f"{pool.base} has other settings (--explain lists them); drawing into {pool.name}"
        )
    elif new_pool:
        session.say(f"--new-pool: drawing into {pool.name}")


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
    }


def _conclude(session: Session, plan: Plan, tally: Tally, spent: float) -> int:
    drawn, total = tally.drawn, len(plan.enrolled) * plan.n
    made = counts.amount(tally.tokens, tally.uncounted)
    speed = f", {tally.tokens / spent:.0f} tokens/s" if spent and not tally.uncounted else ""
    session.say(
        f"{plan.pool.name}: {len(plan.enrolled)} problems × {plan.n}: {total} samples, {drawn} new "
        f"({made} in {clock(spent)}{speed}), {plan.kept} kept"
        + (f", {tally.truncated} truncated at the token limit" if tally.truncated else "")
    )
    if tally.copies > drawn / 2:
        session.say(
            f"{tally.copies} of {drawn} new draws repeat another one of their problem word for "
            "word: either the model is sure of them, or what serves it ignores seeds or the "
            "temperature (ttc models probe tells of a server)"
        )
    if line := without_effect(plan.recipe.params.thinking, tally.thinking, drawn):
        session.say(line)
    if not drawn and not plan.kept:
        tally.raise_errors()
    if tally.broken is not None:
        left = len(plan.missing) - drawn
        session.say(f"{tally.broken}; {left} draws to go; to resume: {again()}")
        return Exit.PARTIAL
    if tally.errors:
        session.say(
            f"{len(tally.errors)} draws failed (the first: {tally.errors[0]}); to fill the gaps: "
            + again()
        )
        return Exit.PARTIAL
    if tally.stopped:
        session.say(f"time is up, {len(plan.missing) - drawn} draws to go; to resume: {again()}")
        return Exit.PARTIAL
    return Exit.DONE
