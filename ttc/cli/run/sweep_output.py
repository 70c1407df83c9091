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


def write(result: SweepResult, targets: Targets) -> None:
    """Write a result to all its targets, and to the terminal unless one of them is stdout."""
    from ttc.report import comparisons, gates, groups, intervals, tables
    from ttc.report.plot import check_known

    axis = result.options.axis
    if targets.as_json:
        document(result.as_dict())
    writers: list[tuple[str, str | None, Callable[[], str]]] = [
        ("--csv", targets.csv, lambda: tables.as_csv(result.every, result.predictions)),
        ("--md", targets.md, lambda: _markdown(result)),
    ]
    for option, target, made in writers:
        if target is not None:
            _put(target, made(), option)
    if targets.plot is not None:
        check_known(result.curves, axis)
    if targets.plot not in (None, "-"):
        from ttc.report.plot import SCORED, SOLVED, draw

        label = SCORED if result.options.graded else SOLVED
        draw(groups.panels(result), axis, targets.plot, label)
    if not (targets.as_json or "-" in (targets.csv, targets.md, targets.metrics)):
        conventions = tables.in_words(result.options.conventions)
        footer = intervals.in_words(result)
        tables.show(result.curves, axis, result.problems, conventions, result.frontier, footer)
        curves, sizes = groups.titled(result)
        tables.show(curves, axis, sizes, "")  # the conventions stand under the first table
        below = (
            *groups.footer(result),
            *comparisons.as_lines(result.comparisons),
            *gates.asserted(result.decisions),
        )
        for line in (*below, *_beyond(result), *_failed(result)):
            print(report_line(line))
    if targets.plot == "-":
        from ttc.report.terminal_plot import show

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


def _markdown(result: SweepResult) -> str:
    """Return the whole result as Markdown."""
    from ttc.report import escaping

    parts = [_tables(result), _gates(result)]
    if lines := list(_beyond(result)):
        parts.append(escaping.fenced(lines))
    return "\n".join(part for part in parts if part)


def _tables(result: SweepResult) -> str:
    from ttc.report import comparisons, groups, intervals, tables

    axis, conventions = result.options.axis, tables.in_words(result.options.conventions)
    text = tables.as_markdown(result.curves, axis, conventions, intervals.in_words(result))
    if result.groups:
        curves, _ = groups.titled(result, counted=True)
        text += "\n" + tables.as_markdown(curves, axis, conventions, groups.footer(result))
    if result.comparisons:
        text += "\n" + comparisons.as_markdown(result.comparisons)
    return text


def _gates(result: SweepResult) -> str:
    from ttc.report import gates, tables

    if not result.decisions:
        return ""
    text = tables.decisions_as_markdown(result.decisions)
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
