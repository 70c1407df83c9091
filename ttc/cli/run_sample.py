"""What `ttc sample` does once its options are parsed."""

from __future__ import annotations

import re
import shlex
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

from ttc import interchange, jsonl, problems, samples
from ttc.backends import Backend
from ttc.cli.main import Stopped
from ttc.cli.output import Lines, document, piped
from ttc.cli.session import Sampling, Session, open_model, recipe, stdout_kept_clean
from ttc.cli.signals import stoppable
from ttc.errors import Exit, UsageError
from ttc.problems import Reading
from ttc.records import Problem
from ttc.report.progress import Meter, clock
from ttc.samples import Drawing, Plan, Recipe, Tally
from ttc.store import Store, pools, runs
from ttc.store import samples as stored

DEFAULT_N = 16


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    data: tuple[str, ...]
    model: str | None
    n: int | None
    limit: int | None
    pool: str | None
    output: str | None
    max_time: str | None


def reading(mapping: str, form: str | None, skip_bad: bool) -> Reading:
    """Return how to read the data. UsageError for a malformed --map."""
    return Reading(jsonl.parse_mapping(mapping, problems.MAPPABLE), form, skip_bad)


def seconds(text: str | None) -> float | None:
    """Parse 90, 90s, 30m or 2h. UsageError for anything else."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if match is None:
        raise UsageError(f"--max-time {text}: write 90s, 30m or 2h")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def gather(
    session: Session, order: Order, flags: Sampling, how: Reading
) -> tuple[tuple[Problem, ...], str, Sampling]:
    """Read all data and render it; return problems, the name of the data, and the flags with the
    format's own template where the user gave none."""
    datasets = [problems.read(source, how) for source in order.data]
    for dataset in datasets:
        session.say(dataset.describe())
    chosen = session.config.get("template", flags.template)
    if chosen is None and not flags.raw:
        templates = {dataset.template for dataset in datasets}
        if len(templates) > 1:
            raise UsageError("these files want different templates; sample them one by one")
        flags = replace(flags, template=templates.pop())
    merged = problems.merge(datasets)
    return problems.select(merged, order.limit), datasets[0].name, flags


def default_pool(data: str, model: str) -> str:
    """Return the name of a pool that was given none."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{data}-{model}").strip("-").lower()


def prepare(
    session: Session, order: Order, flags: Sampling, how: Reading
) -> tuple[Backend, Recipe, tuple[Problem, ...], str]:
    """Read everything that can be wrong before the store is touched."""
    found, data, flags = gather(session, order, flags, how)
    choice, backend = open_model(session, order.model)
    made = recipe(session, choice, backend, flags)
    rendered = tuple(
        problems.render(problem, made.system, made.template, made.raw) for problem in found
    )
    return backend, made, rendered, order.pool or default_pool(data, backend.model.name)


def draw(session: Session, order: Order, flags: Sampling, how: Reading, as_json: bool) -> int:
    """Draw what is missing, print what was asked for, and return the exit code."""
    limit = seconds(order.max_time)
    target = order.output or ("-" if piped() and not as_json else None)
    with stdout_kept_clean(), stoppable() as wake:
        backend, made, rendered, name = prepare(session, order, flags, how)
        n = int(session.config.get("n", order.n, DEFAULT_N))
        with Store.writing(session.database, on_failure=wake) as store:
            for line in store.recover():
                session.say(line)
            plan = samples.prepare(store, name, made, rendered, n)
            _tell_name(session, plan)
            lines = Lines(target, on_failure=wake)
            try:
                tally, spent = _run(session, store, backend, plan, lines, limit)
            except BaseException as error:
                # A failure to write explains more than the interruption that it caused.
                lines.close(keep=False)
                if isinstance(error, Stopped) and not error.nobody_reads:
                    session.say(f"{plan.pool.name}: interrupted; to resume: {_again()}")
                raise
            finally:
                backend.close()
            lines.close()
        if as_json:
            document(_result(plan, tally, spent))
    return _conclude(session, plan, tally, spent)


def _run(
    session: Session,
    store: Store,
    backend: Backend,
    plan: Plan,
    lines: Lines,
    limit: float | None,
) -> tuple[Tally, float]:
    wanted = {each.problem.id for each in plan.enrolled}
    for _, sample in stored.of_pool(store.reader, plan.pool, below=plan.n):
        if sample.problem in wanted:
            lines.write(interchange.sample_line(sample))
    lines.check()
    if not plan.missing:
        return Tally(), 0.0
    run_id = samples.claim(store, plan, _again())
    drawing = Drawing(store, backend, plan, lambda s: lines.write(interchange.sample_line(s)))
    deadline = None if limit is None else time.monotonic() + limit
    try:
        with Meter(plan.pool.name, len(plan.missing), quiet=session.quiet) as meter:
            for tally in drawing.run(deadline):
                meter.update(tally.drawn, tally.tokens)
                lines.check()
    finally:
        store.write(lambda connection: runs.end(connection, run_id))
    return drawing.tally, meter.seconds


def _again() -> str:
    return shlex.join(["ttc", *sys.argv[1:]])


def _tell_name(session: Session, plan: Plan) -> None:
    pool = plan.pool
    if pool.name != pool.base:
        session.say(
            f"{pool.base} holds samples drawn in another way; these go to {pool.name} "
            "(--explain says what differs)"
        )


def _result(plan: Plan, tally: Tally, spent: float) -> dict[str, Any]:
    return {
        "schema": interchange.SCHEMA,
        "pool": plan.pool.name,
        "model": plan.recipe.model.name,
        "problems": len(plan.enrolled),
        "n": plan.n,
        "kept": plan.kept,
        "drawn": tally.drawn,
        "tokens": tally.tokens,
        "truncated": tally.truncated,
        "cancelled": tally.cancelled,
        "errors": len(tally.errors),
        "seconds": round(spent, 3),
    }


def _conclude(session: Session, plan: Plan, tally: Tally, spent: float) -> int:
    drawn, total = tally.drawn, len(plan.enrolled) * plan.n
    speed = f", {tally.tokens / spent:.0f} tokens/s" if spent else ""
    session.say(
        f"{plan.pool.name}: {len(plan.enrolled)} problems × {plan.n}: {total} samples, {drawn} new "
        f"({tally.tokens} tokens in {clock(spent)}{speed}), {plan.kept} kept"
        + (f", {tally.truncated} truncated at the token limit" if tally.truncated else "")
    )
    if not drawn and not plan.kept:
        tally.raise_errors()
    if tally.errors:
        session.say(
            f"{len(tally.errors)} draws failed (the first: {tally.errors[0]}); to fill the gaps: "
            + _again()
        )
        return Exit.PARTIAL
    if tally.stopped:
        session.say(f"time is up, {len(plan.missing) - drawn} draws to go; to resume: {_again()}")
        return Exit.PARTIAL
    return Exit.DONE


def plan_only(
    session: Session, order: Order, flags: Sampling, how: Reading, explain: bool, as_json: bool
) -> int:
    """Say what would be drawn, at what cost at most, and how this differs from earlier pools.

    Nothing is written: a store that does not exist is not made.
    """
    backend, made, rendered, name = prepare(session, order, flags, how)
    n = int(session.config.get("n", order.n, DEFAULT_N))
    backend.close()
    report: dict[str, Any] = {"schema": interchange.SCHEMA, "pool": name, "new": True}
    there, differing, speed = 0, {}, None
    if session.database.exists():
        with Store.reading(session.database) as store:
            others = pools.siblings(store.reader, name)
            same = pools.same(others, made.pool)
            report |= {"new": same is None, "pool": same.name if same else name}
            there = samples.already_drawn(store, made, rendered, n)
            differing = {
                other.name: pools.differences(other.identity, made.pool)
                for other in others
                if same is None or other.id != same.id
            }
            known = same or (others[-1] if others else None)
            speed = stored.speed(store.reader, known) if known else None
    draws = len(rendered) * n - there
    tokens = draws * made.params.max_tokens
    report |= {"problems": len(rendered), "n": n, "kept": there, "draws": draws}
    report |= {"tokens_at_most": tokens}
    if speed:
        # One draw at a time; batching makes it shorter.
        report["seconds_at_most"] = round(tokens * speed[0] / speed[1], 1)
    if explain:
        report["differs"] = {
            other: {field: {"there": old, "here": new} for field, (old, new) in fields.items()}
            for other, fields in differing.items()
        }
    if as_json:
        document(report)
    else:
        _print_plan(report)
    return Exit.DONE


def _print_plan(report: dict[str, Any]) -> None:
    state = "a new pool" if report["new"] else "known"
    print(f"pool {report['pool']}: {state}")
    for other, fields in report.get("differs", {}).items():
        for field, values in fields.items():
            print(
                f"  {other} differs in {field}: {values['there']!r} there, {values['here']!r} here"
            )
    print(
        f"{report['problems']} problems × {report['n']}: {report['draws']} draws to make, "
        f"{report['kept']} kept, at most {report['tokens_at_most']} tokens"
    )
    if "seconds_at_most" in report:
        print(f"at most {clock(report['seconds_at_most'])} at the speed of earlier draws")
