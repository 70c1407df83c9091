"""Write the result of `ttc sweep`: to the terminal, to files and to a CI server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ttc.cli.output import document
from ttc.curves.sweep import SweepResult
from ttc.messages.visible import for_stdout, report_line
from ttc.paths import atomic_write


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the result is written."""

    csv: str | None = None
    md: str | None = None
    plot: str | None = None
    as_json: bool = False
    junit: str | None = None
    github: bool = False
    save_baseline: str | None = None
    metrics: str | None = None
    tex: str | None = None
    pivot: bool = False


def write(result: SweepResult, targets: Targets) -> None:
    """Write a result to all its targets, and to the terminal unless one of them is stdout."""
    from ttc.report import groups
    from ttc.report.plots.plot import check_known

    axis = result.options.axis
    if targets.as_json:
        document(result.as_dict())
    writers: list[tuple[str, str | None, Callable[[], str]]] = [
        ("--csv", targets.csv, lambda: _csv(result, pivoted=targets.pivot)),
        ("--md", targets.md, lambda: _markdown(result, pivoted=targets.pivot)),
        ("--tex", targets.tex, lambda: _tex(result, pivoted=targets.pivot)),
    ]
    for option, target, made in writers:
        if target is not None:
            _put(target, made(), option)
    if targets.plot is not None:
        check_known(result.curves, axis)
    if targets.plot not in (None, "-"):
        from ttc.report.plots.plot import SCORED, SOLVED, draw

        label = SCORED if result.options.graded else SOLVED
        draw(groups.panels(result), axis, targets.plot, label)
    if not (targets.as_json or "-" in (targets.csv, targets.md, targets.tex, targets.metrics)):
        _show(result, pivoted=targets.pivot)
    if targets.plot == "-":
        from ttc.report.plots.terminal_plot import show

        for panel in groups.panels(result):
            show(panel.curves, axis, panel.title)
    _for_ci(result, targets)


def _for_ci(result: SweepResult, targets: Targets) -> None:
    if targets.junit is not None:
        from ttc.report.junit import write_sweep

        write_sweep(targets.junit, result)
    if targets.metrics is not None:
        from ttc.report.ci.metrics import as_metrics

        _put(targets.metrics, as_metrics(result), "--metrics")
    if targets.github:
        _to_github(result)


def _show(result: SweepResult, *, pivoted: bool) -> None:
    """Print the tables, what their marks mean, and what else was asked for."""
    from ttc.report import comparisons, gates, groups
    from ttc.report.tables import on_terminal, pivot
    from ttc.report.tables.columns import fitted
    from ttc.report.tables.width import terminal_width
    from ttc.report.tables.words import explained

    axis = result.options.axis
    parted, sizes = groups.titled(result)
    if pivoted:
        pivot.show([*result.curves, *parted])
    else:
        on_terminal.show(result.curves, axis, result.problems, result.frontier)
        on_terminal.show(parted, axis, sizes)
    best, mark = (None, "") if pivoted else (result.frontier, "† ")
    below = [*explained(result), *groups.footer(result)]
    on_terminal.legend(result.every, axis, best, below, mark)
    lines = (
        *comparisons.as_lines(result.comparisons),
        *gates.asserted(result.decisions),
        *_beyond(result),
        *_failed(result),
    )
    for line in fitted(lines, terminal_width()):
        print(report_line(line))


def _csv(result: SweepResult, *, pivoted: bool) -> str:
    from ttc.report import groups
    from ttc.report.tables import pivot, written

    if pivoted:
        return pivot.as_csv([*result.curves, *groups.titled(result)[0]])
    return written.as_csv(result.every, result.predictions)


def _tex(result: SweepResult, *, pivoted: bool) -> str:
    from ttc.report import groups
    from ttc.report.tables.tex import as_tex
    from ttc.report.tables.words import explained

    curves = [*result.curves, *groups.titled(result, counted=True)[0]]
    lines = [*explained(result), *groups.footer(result)]
    return as_tex(curves, result.options.axis, lines, pivoted=pivoted)


def _beyond(result: SweepResult) -> Iterator[str]:
    """Yield the lines of a baseline's gates, and of all that was asked of the draws."""
    from ttc.report import analyses, gates, open_draws, verifier_quality

    yield from gates.lines(result.decisions)
    yield from analyses.posteriors(result.posteriors, result.options.ci)
    for source, found in result.predictions.items():
        yield from analyses.predictions(source, found, result.saturations[source])
    for source, split in result.splits.items():
        yield from analyses.splits(source, split)
    for source, policies in result.policies.items():
        yield from analyses.policies(source, policies, result.options.cost)
    for source, untils in result.untils.items():
        yield from open_draws.untils(source, untils)
    for source, bounds in result.bounds.items():
        yield from open_draws.bounded(source, bounds)
    for source, confusions in result.confusions.items():
        yield from verifier_quality.confusions(source, confusions)
    for source, agreements in result.agreements.items():
        yield from verifier_quality.self_agreements(source, agreements)


def _markdown(result: SweepResult, *, pivoted: bool = False) -> str:
    """Return the whole result as Markdown."""
    from ttc.report import escaping

    parts = [_tables(result, pivoted=pivoted), _gates(result)]
    if lines := list(_beyond(result)):
        parts.append(escaping.fenced(lines))
    return "\n".join(part for part in parts if part)


def _tables(result: SweepResult, *, pivoted: bool = False) -> str:
    from ttc.report import comparisons, groups, intervals
    from ttc.report.tables import pivot, written
    from ttc.report.tables.words import in_words

    axis, conventions = result.options.axis, in_words(result.options.conventions)
    footer, parted = intervals.in_words(result), groups.titled(result, counted=True)[0]
    if pivoted:
        footer += groups.footer(result)
        text = pivot.as_markdown([*result.curves, *parted], conventions, footer)
    else:
        text = written.as_markdown(result.curves, axis, conventions, footer)
    if result.groups and not pivoted:
        text += "\n" + written.as_markdown(parted, axis, conventions, groups.footer(result))
    if result.comparisons:
        text += "\n" + comparisons.as_markdown(result.comparisons)
    return text


def _gates(result: SweepResult) -> str:
    from ttc.report import gates
    from ttc.report.tables import written

    if not result.decisions:
        return ""
    text = written.decisions_as_markdown(result.decisions)
    problems = gates.as_markdown(result.decisions)
    return f"{text}\n{problems}" if problems else text


def _worst(result: SweepResult, source: str) -> list[str]:
    """Return the worst problems of a source, a line each under a title."""
    from ttc.report.ci import worst

    (table,) = (each for each in result.tables if each.source == source)
    return worst.lines(worst.of_table(table, graded=result.options.graded), len(table.problems))


def _failed(result: SweepResult) -> Iterator[str]:
    """Yield the worst problems of each source that does not meet a gate."""
    for source in dict.fromkeys(each.source for each in result.decisions if not each.met):
        yield from _worst(result, source)


def _to_github(result: SweepResult) -> None:
    """Annotate the run with each gate and warning, and add all to the step's summary."""
    from ttc.report import escaping, gates
    from ttc.report.ci import github, summary

    title = "ttc sweep"
    for decision in result.decisions:
        if decision.met:
            github.annotate("notice", title, [f"met: {decision.reason}"])
        else:
            reasons = gates.reasons(decision)
            below = reasons[1:] or _worst(result, decision.source)
            github.annotate("error", title, [*reasons[:1], *below])
    github.annotate_all("warning", title, result.warnings)
    beyond = list(_beyond(result))
    rest = [_tables(result), escaping.fenced(beyond) if beyond else ""]
    github.add_to_summary(summary.of_sweep(result, _gates(result), "\n".join(filter(None, rest))))


def _put(target: str, text: str, option: str) -> None:
    if target == "-":
        sys.stdout.write(for_stdout(text))
    else:
        atomic_write(target, text, option)
