"""Curves as tables: on the terminal, as CSV, as Markdown. No number without what it stands on."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence

from ttc.records import Curve, Point

CONVENTIONS = "exact over all k-subsets; ties split, no answer abstains; drawn without replacement"
LABELS = {"samples": "samples", "tokens": "tokens", "latency_tokens": "latency (tokens)"}
BAR = 20


def _value(point: Point) -> str:
    if point.value is None:
        return "–"
    if point.low is None or point.high is None:
        return f"{point.value:.4f}"
    return f"{point.value:.4f} [{point.low:.3f}, {point.high:.3f}]"


def _cost(point: Point, axis: str) -> str:
    cost = point.cost.get(axis)
    return "–" if cost is None else f"{cost:.0f}" if cost >= 100 else f"{cost:.1f}"


def _bar(value: float | None) -> str:
    """Draw a value in [0, 1] as a bar of eighths of a cell."""
    if value is None:
        return ""
    eighths = round(value * BAR * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _notes(curves: Sequence[Curve]) -> list[str]:
    notes = {(point.k, point.note) for curve in curves for point in curve.points if point.note}
    return [f"k = {k}: {note}" for k, note in sorted(notes)]


def _sources(curves: Sequence[Curve]) -> list[str]:
    return list(dict.fromkeys(curve.source for curve in curves))


def show(curves: Sequence[Curve], axis: str, problems: Mapping[str, int]) -> None:
    """Print a table a source; on a terminal with a bar for each value, in a pipe plain columns."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    shape = box.SIMPLE_HEAD if console.is_terminal else None
    for source in _sources(curves):
        ours = [curve for curve in curves if curve.source == source]
        n = problems[source]
        table = Table(
            title=f"{source}: {n} problem{'s' * (n != 1)}", title_justify="left", box=shape
        )
        table.add_column("rule")
        table.add_column("k", justify="right")
        table.add_column("value")
        if console.is_terminal:
            table.add_column("", min_width=BAR)
        table.add_column(LABELS[axis], justify="right")
        for curve in ours:
            for at, point in enumerate(curve.points):
                bar = [_bar(point.value)] if console.is_terminal else []
                # A pipe has the rule on each line, for grep and awk.
                rule = curve.selector if not (at and console.is_terminal) else ""
                table.add_row(rule, str(point.k), _value(point), *bar, _cost(point, axis))
            if console.is_terminal:
                table.add_section()
        # Rich ends the process by itself where nobody reads, so it only renders.
        with console.capture() as rendered:
            console.print(table)
            for line in (*_notes(ours), CONVENTIONS):
                console.print(line, style="dim")
        sys.stdout.write(rendered.get())


def as_csv(curves: Sequence[Curve]) -> str:
    """Return all points with every digit, one a line; what is undefined is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header = ("source", "selector", "k", "value", "low", "high", "problems", *LABELS, "note")
    writer.writerow(header)
    for curve in curves:
        for point in curve.points:
            cells = (point.value, point.low, point.high, point.problems)
            costs = (point.cost.get(axis) for axis in LABELS)
            row = (curve.source, curve.selector, point.k, *cells, *costs, point.note)
            writer.writerow(["" if cell is None else cell for cell in row])
    return out.getvalue()


def as_markdown(curves: Sequence[Curve], axis: str) -> str:
    """Return a table with a row a budget and a column a rule."""
    lines: list[str] = []
    for source in _sources(curves):
        ours = [curve for curve in curves if curve.source == source]
        lines += [f"**{source}** ({CONVENTIONS})", ""]
        lines.append("| k | " + " | ".join(curve.selector for curve in ours) + " |")
        lines.append("|--:|" + "--:|" * len(ours))
        for points in zip(*(curve.points for curve in ours), strict=True):
            cells = (f"{_value(point)} · {_cost(point, axis)}" for point in points)
            lines.append(f"| {points[0].k} | " + " | ".join(cells) + " |")
        lines += ["", f"value [interval] · {LABELS[axis]}", ""]
        lines += [f"- {note}" for note in _notes(ours)]
    return "\n".join(lines).rstrip() + "\n"
