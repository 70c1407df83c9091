"""Curves as a chart that GitHub draws in a step's summary.

A summary shows neither inline SVG nor images of data: URLs, but it draws Mermaid. No name from
outside is in the chart, where it could be syntax: the legend stands above it, as Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence

from ttc.messages.counts import some
from ttc.records import Curve, Point
from ttc.report import oracles
from ttc.report.escaping import in_markdown

# Squares of text beside the colours of the lines; in the order of a palette that is told apart by
# the colour-blind as well.
COLOURS = {
    "🟦": "#0078d7",
    "🟧": "#f7630c",
    "🟩": "#16c60c",
    "🟪": "#886ce4",
    "🟥": "#e81224",
    "🟫": "#8e562e",
    "🟨": "#c19c00",
    "⬛": "#767676",
}
_SCALE = 1.05  # room above the highest value that is no share


def chart(source: str, curves: Sequence[Curve]) -> str:
    """Return the curves of one source over k as Markdown; nothing without two budgets to draw.

    Budgets at which a rule has no value are left out, and so are rules beyond the colours; a line
    says both.
    """
    drawn = [curve for curve in curves if curve.source == source][: len(COLOURS)]
    if not drawn:
        return ""
    columns = [*zip(*(curve.points for curve in drawn), strict=True)]
    whole = [points for points in columns if all(point.value is not None for point in points)]
    if len(whole) < 2:
        return ""
    legend = "  ".join(
        f"{square} {in_markdown(oracles.name_of(curve))}"
        for square, curve in zip(COLOURS, drawn, strict=False)
    )
    text = [f"**{in_markdown(source)}**: {legend}", "", *_mermaid(whole)]
    left_out = [str(points[0].k) for points in columns if points not in whole]
    if left_out:
        text += ["", f"k = {', '.join(left_out)}: not drawn, a rule has no value there"]
    if more := sum(curve.source == source for curve in curves) - len(drawn):
        text += ["", f"{some(more, 'more rule is', 'more rules are')} not drawn"]
    return "\n".join(text) + "\n"


def _mermaid(columns: Sequence[Sequence[Point]]) -> list[str]:
    """Return the chart; `columns` has the points of all rules for each k."""
    values = [[point.value or 0.0 for point in points] for points in columns]
    ks = ", ".join(str(points[0].k) for points in columns)
    low, high = _bounds([value for row in values for value in row])
    variables = f'{{"xyChart": {{"plotColorPalette": "{", ".join(COLOURS.values())}"}}}}'
    return [
        "```mermaid",
        f'%%{{init: {{"themeVariables": {variables}}}}}%%',
        "xychart-beta",
        f'  x-axis "k" [{ks}]',
        f'  y-axis "value" {low:g} --> {high:g}',
        *(
            f"  line [{', '.join(f'{each:.6g}' for each in line)}]"
            for line in zip(*values, strict=True)
        ),
        "```",
    ]


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the axis: 0 and 1 for shares."""
    low, high = min(values), max(values)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    low = min(low, 0.0)
    return low, low + (high - low or 1.0) * _SCALE
