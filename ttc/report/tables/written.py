"""Curves as tables in files: as CSV and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ttc.curves.cost_axes import AXES
from ttc.curves.gates import GateResult
from ttc.curves.scaling_laws import Prediction
from ttc.records import Curve
from ttc.report import intervals, oracles
from ttc.report.escaping import csv_row, in_markdown
from ttc.report.intervals import Digits, with_intervals
from ttc.report.tables.words import cost_text, notes_of, sources_of


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

    `footer` are lines below the tables.
    """
    lines: list[str] = []
    digits = Digits.of(curves)
    for source in sources_of(curves):
        ours = [curve for curve in curves if curve.source == source]
        lines += [f"**{in_markdown(source)}** ({conventions})", ""]
        rules = (in_markdown(oracles.name_of(curve)) for curve in ours)
        lines.append("| k | " + " | ".join(rules) + " |")
        lines.append("|--:|" + "--:|" * len(ours))
        for points in zip(*(curve.points for curve in ours), strict=True):
            cells = (
                f"{with_intervals(point, digits)} · {cost_text(point, axis)}" for point in points
            )
            lines.append(f"| {points[0].k} | " + " | ".join(cells) + " |")
        bounds = f" [{intervals.THESE}] [{intervals.LIKE_THESE}]" * intervals.shown(ours)
        lines += ["", f"value{bounds} · {AXES[axis].label}", ""]
        lines += [f"- {in_markdown(note)}" for note in notes_of(ours)]
        if notes_of(ours):
            lines.append("")
    lines += [f"- {in_markdown(line)}" for line in footer]
    lines += oracles.legend(curves, "- ")
    return "\n".join(lines).rstrip() + "\n"


def decisions_as_markdown(decisions: Sequence[GateResult]) -> str:
    """Return gates as a list."""
    marks = {True: "met", False: "**not met**"}
    lines = (f"- {marks[each.met]}: {in_markdown(each.reason)}" for each in decisions)
    return "\n".join(lines) + "\n"
