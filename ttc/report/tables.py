"""Curves as tables: on the terminal, as CSV and as Markdown."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from ttc.curves.cost_axes import AXES
from ttc.curves.gates import GateResult
from ttc.curves.scaling_laws import Prediction
from ttc.messages.visible import report_line
from ttc.records import Curve, Point
from ttc.report import intervals, oracles
from ttc.report.escaping import csv_row, in_markdown
from ttc.report.intervals import value_text, with_intervals

BAR = 20
WITH_BARS = 100  # columns of a terminal from which a table has bars
_INVALID = {
    "abstain": "no answer abstains",
    "class": "no answer is an answer",
    "wrong": "no answer is a wrong vote",
}
_DRAW = {
    "without": "over all k-subsets",
    "with": "over k draws with replacement",
    "prefix": "of the first k draws",
}


def in_words(conventions: Mapping[str, str]) -> str:
    """Return the conventions that hold for every curve, in words."""
    ties = {"split": "ties split", "first": "ties to the first drawn", "strict": "ties are wrong"}
    parts = (
        "exact " + _DRAW[conventions["draw"]],
        ties.get(conventions["ties"], f"ties {conventions['ties']}"),
        _INVALID.get(conventions["invalid"], f"no answer: {conventions['invalid']}"),
        *([f"values are by {conventions['value']}"] if "value" in conventions else []),
    )
    return "; ".join(parts)


def _cost(point: Point, axis: str) -> str:
    return AXES[axis].text(point.cost.get(axis))


def _bar(value: float | None) -> str:
    """Draw a value in [0, 1] as a bar of eighths of a cell; scores may be outside."""
    if value is None or not 0 <= value <= 1:
        return ""
    eighths = round(value * BAR * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _notes(curves: Sequence[Curve]) -> list[str]:
    notes = {(point.k, point.note) for curve in curves for point in curve.points if point.note}
    return [f"k = {k}: {note}" for k, note in sorted(notes)]


def _sources(curves: Sequence[Curve]) -> list[str]:
    return list(dict.fromkeys(curve.source for curve in curves))


def show(
    curves: Sequence[Curve],
    axis: str,
    problems: Mapping[str, int],
    conventions: str,
    best: Sequence[tuple[Curve, Point]] | None = None,
    footer: Sequence[str] = (),
) -> None:
    """Print one table for each source: with bars on a wide terminal, in plain columns in a pipe.

    `axis` is a name in `AXES`, `problems` the number of problems of each source. `best` are the
    points of a Pareto frontier, which are marked with a star. `footer` are lines below a table.
    """
    starred = {(id(curve), point.k) for curve, point in best or ()}
    from rich import box
    from rich.console import Console
    from rich.table import Table

    # Names come from outside: brackets and colons in them are text, not markup or emoji.
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True, markup=False, emoji=False)
    shape = box.SIMPLE_HEAD if console.is_terminal else None
    for source in _sources(curves):
        ours = [curve for curve in curves if curve.source == source]
        n = problems[source]
        title = report_line(f"{source}: {n} problem{'s' * (n != 1)}")
        table = Table(title=title, title_justify="left", box=shape)
        table.add_column("rule")
        table.add_column("k", justify="right")
        table.add_column("value", no_wrap=True)
        bounded = intervals.shown(ours)
        for question in (intervals.THESE, intervals.LIKE_THESE) if bounded else ():
            table.add_column(question, no_wrap=True)
        bars = console.is_terminal and console.width >= WITH_BARS
        if bars:
            table.add_column("", min_width=BAR)
        table.add_column(AXES[axis].label, justify="right")
        for curve in ours:
            for at, point in enumerate(curve.points):
                between = [intervals.these_text(point), intervals.like_these_text(point)]
                between = between if bounded else []
                bar = [_bar(point.value)] if bars else []
                # A pipe has the rule on each line, for grep and awk.
                rule = report_line(curve.selector) if not (at and console.is_terminal) else ""
                star = " *" if (id(curve), point.k) in starred else ""
                cost = _cost(point, axis) + star + oracles.MARK * curve.oracle
                table.add_row(rule, str(point.k), value_text(point), *between, *bar, cost)
            if console.is_terminal:
                table.add_section()
        # Rich exits the process if the pipe is closed, so it renders and we write.
        with console.capture() as rendered:
            console.print(table)
            less = f"* Pareto-optimal: nothing scores higher for {AXES[axis].less}"
            legend = (*(() if best is None else (less,)), *oracles.legend(ours), *_inexact(ours))
            for line in (*_notes(ours), *legend, *footer, conventions):
                console.print(report_line(line), style="dim")
        sys.stdout.write(rendered.get())


def _inexact(curves: Sequence[Curve]) -> Iterator[str]:
    """Yield the line about errors, if a point has one."""
    if any(point.error is not None for curve in curves for point in curve.points):
        yield "±: error of a simulation or a bracket, which no interval includes"


def as_csv(
    curves: Sequence[Curve], predictions: Mapping[str, Sequence[Prediction]] | None = None
) -> str:
    """Return all points with every digit, one on each line; undefined values are empty.

    The costs have the names of `AXES`. Predictions, by source, come last; their note names the
    estimator. With curves of groups, the last two columns name the group; empty for all problems.
    """
    header = (
        "source",
        "selector",
        "k",
        "value",
        "low",
        "high",
        "problems",
        *AXES,
        "error",
        "note",
        "oracle",
        "low_draws",
        "high_draws",
        "method",
        "method_draws",
        *(("by", "group") if any(curve.group is not None for curve in curves) else ()),
    )
    rows = [csv_row(header)]
    for curve in curves:
        for point in curve.points:
            cells = (point.value, point.low, point.high, point.problems)
            costs = (point.cost.get(axis) for axis in AXES)
            head = (curve.source, curve.selector, point.k)
            oracle = "true" if curve.oracle else "false"
            how = (point.low_draws, point.high_draws, point.method, point.method_draws)
            row = (*head, *cells, *costs, point.error, point.note, oracle, *how)
            row += (curve.by, curve.group)
            rows.append(csv_row(row[: len(header)]))
    for source, found in (predictions or {}).items():
        for each in found:
            value = (each.value, each.low, each.high)
            blank = (None,) * (len(AXES) + 2)
            note = f"predicted by {each.estimator}"
            row = (source, "coverage", each.k, *value, *blank, note, "true", *(None,) * 6)
            rows.append(csv_row(row[: len(header)]))
    return "".join(rows)


def as_markdown(
    curves: Sequence[Curve], axis: str, conventions: str, footer: Sequence[str] = ()
) -> str:
    """Return a table for each source, with a row for each budget and a column for each rule.

    `footer` are lines below a table.
    """
    lines: list[str] = []
    for source in _sources(curves):
        ours = [curve for curve in curves if curve.source == source]
        lines += [f"**{in_markdown(source)}** ({conventions})", ""]
        rules = (in_markdown(oracles.name_of(curve)) for curve in ours)
        lines.append("| k | " + " | ".join(rules) + " |")
        lines.append("|--:|" + "--:|" * len(ours))
        for points in zip(*(curve.points for curve in ours), strict=True):
            cells = (f"{with_intervals(point)} · {_cost(point, axis)}" for point in points)
            lines.append(f"| {points[0].k} | " + " | ".join(cells) + " |")
        bounds = f" [{intervals.THESE}] [{intervals.LIKE_THESE}]" * intervals.shown(ours)
        lines += ["", f"value{bounds} · {AXES[axis].label}", ""]
        lines += [f"- {in_markdown(note)}" for note in (*_notes(ours), *footer)]
        lines += oracles.legend(ours, "- ")
    return "\n".join(lines).rstrip() + "\n"


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows of equal length as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def decisions_as_markdown(decisions: Sequence[GateResult]) -> str:
    """Return gates as a list."""
    marks = {True: "met", False: "**not met**"}
    lines = (f"- {marks[each.met]}: {in_markdown(each.reason)}" for each in decisions)
    return "\n".join(lines) + "\n"
