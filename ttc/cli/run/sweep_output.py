"""Write the result of `ttc sweep`: to the terminal, to files and to a CI server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ttc.cli.output import document
from ttc.curves.sweep import SweepResult
from ttc.messages.visible import for_stdout, one_line, report_line
from ttc.paths import atomic_write, unwritable


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


def write(result: SweepResult, targets: Targets) -> None:
    """Write a result to all its targets, and to the terminal unless one of them is stdout."""
    from ttc.report import comparisons, groups, intervals, tables
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
    if not (targets.as_json or "-" in (targets.csv, targets.md)):
        conventions = tables.in_words(result.options.conventions)
        footer = intervals.in_words(result)
        tables.show(result.curves, axis, result.problems, conventions, result.frontier, footer)
        curves, sizes = groups.titled(result)
        tables.show(curves, axis, sizes, "")  # the conventions stand under the first table
        below = (*groups.footer(result), *comparisons.as_lines(result.comparisons))
        for line in (*below, *_beyond(result)):
            print(report_line(line))
    if targets.plot == "-":
        from ttc.report.terminal_plot import show

        for panel in groups.panels(result):
            show(panel.curves, axis, panel.title)
    if targets.junit is not None:
        from ttc.report.junit import write_gates

        write_gates(targets.junit, result.decisions)
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
    from ttc.report import comparisons, escaping, gates, groups, intervals, tables

    axis, conventions = result.options.axis, tables.in_words(result.options.conventions)
    text = tables.as_markdown(result.curves, axis, conventions, intervals.in_words(result))
    if result.groups:
        curves, _ = groups.titled(result, counted=True)
        text += "\n" + tables.as_markdown(curves, axis, conventions, groups.footer(result))
    if result.comparisons:
        text += "\n" + comparisons.as_markdown(result.comparisons)
    if result.decisions:
        text += "\n" + tables.decisions_as_markdown(result.decisions)
        if problems := gates.as_markdown(result.decisions):
            text += "\n" + problems
    if lines := list(_beyond(result)):
        text += "\n" + escaping.fenced(lines)
    return text


def _to_github(result: SweepResult) -> None:
    """Annotate the run with each broken gate, and add the tables to the step's summary."""
    for decision in result.decisions:
        if not decision.met:
            _annotate("error", decision.reason)
    for warning in result.warnings:
        _annotate("warning", warning)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        _append(summary, _markdown(result) + "\n")


def _annotate(kind: str, message: str) -> None:
    """Print an annotation of GitHub Actions. A name in it can neither end it nor begin another."""
    line = one_line(message).replace("%", "%25")
    print(f"::{kind} title=ttc sweep::{line}", file=sys.stderr)


def _put(target: str, text: str, option: str) -> None:
    if target == "-":
        sys.stdout.write(for_stdout(text))
    else:
        atomic_write(target, text, option)


def _append(path: str, text: str) -> None:
    """Add a text to a file that others add to as well, and that is read when all are done."""
    try:
        with open(path, "a", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except OSError as error:
        raise unwritable(path, error) from None
