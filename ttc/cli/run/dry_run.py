"""What `ttc sample --dry-run` and `--explain` print; nothing is drawn or written."""

from __future__ import annotations

from typing import Any

from ttc import interchange, keys
from ttc.cli.output import document
from ttc.errors import Exit, UsageError
from ttc.messages.counts import some
from ttc.messages.durations import clock
from ttc.messages.visible import for_stdout, report_line
from ttc.records import LATER, Problem
from ttc.samples import plan
from ttc.samples.forecast import forecasts
from ttc.samples.job import SampleJob, prepare
from ttc.session import Session
from ttc.store import Store, names, pools
from ttc.store import samples as stored

SHOWN, WIDE = 16, 160  # lines and columns of the first question that are printed


def plan_only(session: Session, options: SampleJob, explain: bool, as_json: bool) -> int:
    """Print what would be drawn, its cost at most, and with `explain` how earlier pools differ.

    A store that does not exist is not made.
    """
    ready = prepare(session, options, asks=False, check=not explain)
    ready.backend.close()
    made, rendered, name = ready.recipe, ready.problems, ready.name.name
    n = plan.worth_drawing(made, ready.n)
    if line := plan.one_draw_note(made, ready.n):
        session.say(line)
    report: dict[str, Any] = {"schema": interchange.SCHEMA, "pool": name, "new": True}
    drawn, differing, speed, refused = [0] * len(rendered), {}, None, None
    if session.database.exists():
        with Store.reading(session.database) as store:
            others = names.alike(store.reader, name)
            try:
                taken, same = names.resolve(store.reader, ready.name, made.model.name, made.pool)
            except UsageError as error:
                taken, same, refused = name, None, error
            report |= {"new": same is None, "pool": taken}
            drawn = plan.already_drawn(store, made, rendered, n)
            differing = {
                other.name: pools.differences(other.identity, made.pool)
                for other in others
                if same is None or other.id != same.id
            }
            known = same or (others[-1] if others else None)
            speed = stored.speed(store.reader, known) if known else None
    there = sum(drawn)
    to_draw = len(rendered) * n - there
    tokens = to_draw * made.params.max_tokens
    report |= {"problems": len(rendered), "n": n, "kept": there, "draws": to_draw}
    report["first"] = _first(rendered[0])
    report |= {"tokens_at_most": tokens}
    if said := _said(made):
        report["asks"] = said
    if speed:
        report["tokens_per_second"] = round(speed, 1)
        report["seconds_at_most"] = round(tokens / speed, 3)
    missing = ((problem, n - kept) for problem, kept in zip(rendered, drawn, strict=True))
    told = forecasts(ready.spending(), ready.limits, missing, report.get("seconds_at_most"))
    if told:
        report["budget"] = {each.name: each.as_fields() for each in told}
    if explain:
        report["differs"] = {
            other: {field: {"there": old, "here": new} for field, (old, new) in fields.items()}
            for other, fields in differing.items()
        }
    if refused is not None:
        report["refused"] = str(refused)
    if as_json:
        document(report)
    else:
        _print_plan(report)
        for each in told:
            print(report_line(str(each)))
    if refused is not None:
        raise refused
    return Exit.DONE


def _first(problem: Problem) -> dict[str, Any]:
    """Return the first problem as it will be asked."""
    if problem.prompt is not None:
        return {"problem": problem.id, "prompt": problem.prompt}
    turns = [{"role": turn.role, "content": turn.content} for turn in problem.messages]
    return {"problem": problem.id, "messages": turns}


def _preview(first: dict[str, Any]) -> list[str]:
    """Return lines that show the first problem: the first lines of it, each cut where it is long,
    and how much is left out."""
    turns = first.get("messages") or [{"role": "prompt", "content": first["prompt"]}]
    found = [f"first question, {first['problem']}:"]
    for turn in turns:
        lines = turn["content"].split("\n")
        shown = lines if len(lines) <= SHOWN else [*lines[: SHOWN - 2], None, lines[-1]]
        for at, line in enumerate(shown):
            cut = f"… {some(len(lines) - SHOWN + 1, 'more line')}" if line is None else _cut(line)
            role = f"{turn['role']}: " if not at and len(turns) > 1 else ""
            found.append(f"  {role}{cut}")
    return found


def _cut(line: str) -> str:
    return line if len(line) <= WIDE else f"{line[: WIDE - 20]}… ({len(line)} characters)"


def _said(made: plan.Recipe) -> dict[str, Any]:
    """Return what requests say beyond the usual parameters, as the key has it."""
    found = {name: value for name, value in made.key.items() if name in LATER}
    return {**found, "logprobs": made.logprobs} if made.logprobs else found


def _print_plan(report: dict[str, Any]) -> None:
    state = "a new pool" if report["new"] else "known"
    state = "has other settings" if "refused" in report else state
    print(report_line(f"pool {report['pool']}: {state}"))
    for other, fields in report.get("differs", {}).items():
        for field, values in fields.items():
            there, here = values["there"], values["here"]
            print(report_line(f"  {other} differs in {field}: {there!r} there, {here!r} here"))
    for name, value in report.get("asks", {}).items():
        text = value if isinstance(value, str) else keys.canonical_json(value)
        print(for_stdout(f"  {name}: {text}", line=True))
    print(
        f"{some(report['problems'], 'problem')} × {report['n']}: "
        f"{some(report['draws'], 'draw')} to make, "
        f"{report['kept']} kept, at most {report['tokens_at_most']} tokens"
    )
    for line in _preview(report["first"]):
        print(report_line(line))
    if "seconds_at_most" in report:
        print(
            f"at most {clock(report['seconds_at_most'])} at the {report['tokens_per_second']:.0f} "
            "tokens/s of earlier runs"
        )
