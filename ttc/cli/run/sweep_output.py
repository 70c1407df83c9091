"""Where the result of `ttc sweep` goes: terminal, files, and what a CI server reads."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ttc.cli.output import document
from ttc.curves import curve as curves
from ttc.curves.compare import Comparison
from ttc.curves.compute_optimal import Policy
from ttc.curves.gates import Decision
from ttc.curves.saturation import Saturation
from ttc.curves.scaling_laws import Prediction
from ttc.curves.solve_verify_split import Split
from ttc.curves.table import Table
from ttc.errors import UsageError
from ttc.messages.visible import for_stdout, one_line
from ttc.paths import atomic_write, unwritable
from ttc.records import Curve, Point

COSTS = {
    "samples": "samples",
    "tokens": "tokens",
    "latency": "latency_tokens",
    "uncancelled": "uncancelled_tokens",
    "total": "total_tokens",
    "unshared": "unshared_tokens",
    "seconds": "seconds",
    "sequential": "sequential_seconds",
    "flops": "flops",
    "eflops": "eflops",
    "usd": "usd",
}


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the result goes, besides the table."""

    csv: str | None = None
    md: str | None = None
    plot: str | None = None
    as_json: bool = False
    junit: str | None = None
    github: bool = False
    save_baseline: str | None = None


@dataclass(slots=True)
class Result:
    """Everything that a sweep found."""

    conventions: Mapping[str, str]
    tables: Sequence[Table]
    curves: list[Curve] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    predictions: dict[str, list[Prediction]] = field(default_factory=dict)
    saturations: dict[str, Saturation | None] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)
    policies: dict[str, list[Policy]] = field(default_factory=dict)
    frontier: list[tuple[Curve, Point]] | None = None

    @property
    def problems(self) -> dict[str, int]:
        """How many problems each source has."""
        return {table.source: len(table.problems) for table in self.tables}


def write(result: Result, targets: Targets, cost: str) -> None:
    """Write a result to all its targets; to the terminal unless stdout is one of them."""
    from ttc.report import tables
    from ttc.report.plot import position

    axis = COSTS[cost]
    if targets.as_json:
        document(_document(result))
    writers: list[tuple[str, str | None, Callable[[], str]]] = [
        ("--csv", targets.csv, lambda: tables.as_csv(result.curves, result.predictions)),
        ("--md", targets.md, lambda: _markdown(result, cost)),
    ]
    for option, target, made in writers:
        if target is not None:
            _put(target, made(), option)
    if targets.plot is not None and not any(
        position(point, axis) is not None for curve in result.curves for point in curve.points
    ):
        raise UsageError(f"--plot: the {cost} of these draws are unknown; --cost samples plots k")
    if targets.plot not in (None, "-"):
        from ttc.report.plot import draw

        draw(result.curves, axis, targets.plot, result.frontier or ())
    if not (targets.as_json or "-" in (targets.csv, targets.md)):
        conventions = tables.told(result.conventions)
        tables.show(result.curves, axis, result.problems, conventions, result.frontier)
        for line in (*tables.comparisons_as_lines(result.comparisons), *_beyond(result, cost)):
            print(for_stdout(line))
    if targets.plot == "-":
        from ttc.report.terminal_plot import show

        show(result.curves, axis)
    if targets.junit is not None:
        from ttc.report.junit import write_gates

        write_gates(targets.junit, result.decisions)
    if targets.github:
        _to_github(result, cost)


def _beyond(result: Result, cost: str) -> Iterator[str]:
    """Yield what is said beyond the curves, in lines."""
    from ttc.report import analyses

    for source, found in result.predictions.items():
        yield from analyses.predictions(source, found, result.saturations[source])
    for source, split in result.splits.items():
        yield from analyses.splits(source, split)
    for source, policies in result.policies.items():
        yield from analyses.policies(source, policies, cost)


def save(path: str, value: dict[str, Any]) -> None:
    """Write a document to a file, a line a rule and budget so that version control can tell."""
    head = {name: entry for name, entry in value.items() if name != "values"}
    lines = ",\n".join(json.dumps(entry, allow_nan=False) for entry in value["values"])
    text = json.dumps(head)[:-1] + f', "values": [\n{lines}\n]}}\n'
    _put(path, text, "--save-baseline")


def _document(result: Result) -> dict[str, Any]:
    names = list(result.problems)
    problems = {problem for table in result.tables for problem in table.problems}
    whole = curves.as_document(
        result.curves,
        source=names[0],
        problems=len(problems),
        conventions=result.conventions,
        warnings=result.warnings,
    )
    if len(names) > 1:
        whole["source"] = names
        for curve, entry in zip(result.curves, whole["curves"], strict=True):
            entry["source"] = curve.source
    if result.comparisons:
        whole["comparisons"] = [each.as_dict() for each in result.comparisons]
    if result.decisions:
        whole["gates"] = [each.as_dict() for each in result.decisions]
    for source, found in result.predictions.items():
        saturated = result.saturations[source]
        whole.setdefault("predictions", {})[source] = {
            "coverage": [each.as_dict() for each in found],
            "saturation": None if saturated is None else saturated.as_dict(),
        }
    for source, split in result.splits.items():
        whole.setdefault("splits", {})[source] = split.as_dict()
    for source, policies in result.policies.items():
        whole.setdefault("policies", {})[source] = [each.as_dict() for each in policies]
    if result.frontier is not None:
        whole["pareto"] = [
            {"source": curve.source, "selector": curve.selector, "k": point.k}
            for curve, point in result.frontier
        ]
    return whole


def _markdown(result: Result, cost: str) -> str:
    from ttc.report import tables

    text = tables.as_markdown(result.curves, COSTS[cost], tables.told(result.conventions))
    if result.comparisons:
        text += "\n" + tables.comparisons_as_markdown(result.comparisons)
    if result.decisions:
        text += "\n" + tables.decisions_as_markdown(result.decisions)
    if lines := list(_beyond(result, cost)):
        text += "\n" + tables.fenced(lines)
    return text


def _to_github(result: Result, cost: str) -> None:
    """Annotate the run with each broken gate, and add the tables to the step's summary."""
    for decision in result.decisions:
        if not decision.met:
            _annotate("error", decision.reason)
    for warning in result.warnings:
        _annotate("warning", warning)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        _append(summary, _markdown(result, cost) + "\n")


def _annotate(kind: str, message: str) -> None:
    """Print an annotation of GitHub Actions. A name in it can neither end it nor begin another."""
    line = one_line(message).replace("%", "%25")
    print(f"::{kind} title=ttc sweep::{line}", file=sys.stderr)


def _put(target: str, text: str, option: str) -> None:
    if target == "-":
        sys.stdout.write(text)
    else:
        atomic_write(target, text, option)


def _append(path: str, text: str) -> None:
    """Add a text to a file that others add to as well, and that is read when all are done."""
    try:
        with open(path, "a", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except OSError as error:
        raise unwritable(path, error) from None
