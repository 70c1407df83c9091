"""Plots of curves by matplotlib (the extra `ttc-cli[plot]`), readable in black and white."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttc.curves.cost_axes import AXES
from ttc.errors import UsageError
from ttc.messages.visible import one_line
from ttc.paths import atomic_write
from ttc.plugins import installing
from ttc.records import Curve, Point
from ttc.report.groups import Panel
from ttc.report.plots.looks import Look, legend_of, looks_of, named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LETTER = 0.085  # inches of a character of a legend, about
WIDEST = 44  # characters of a panel's title, and of a label
BANDS = "bands: problems like these"
SOLVED, SCORED = "share of problems solved", "mean score"  # labels of values


def draw(panels: Sequence[Panel], axis: str, path: str, label: str = SOLVED) -> None:
    """Write a plot to a file, in the format of its ending. UsageError for an unknown format.

    See `figure`.
    """
    drawn = figure(panels, axis, label)
    import matplotlib

    picture, form = BytesIO(), Path(path).suffix.removeprefix(".").lower() or "png"
    try:
        # A fixed salt, so that the same curve gives the same file; text is kept as text.
        with matplotlib.rc_context({"svg.hashsalt": "ttc", "svg.fonttype": "none"}):
            drawn.savefig(picture, format=form, metadata={"Date": None} if form == "svg" else None)
    except ValueError as error:
        raise UsageError(f"--plot {path}: {error}") from None
    atomic_write(path, picture.getvalue(), "--plot")


def figure(panels: Sequence[Panel], axis: str, label: str = SOLVED) -> Figure:
    """Return a figure of value against cost; bands are the intervals for problems like these.

    `axis` is a name in `AXES`, `label` that of the values. The points of a Pareto frontier are
    joined by a grey line; oracles are dashed. The legend is in the first panel, and beside all of
    them if there are several sources (`ttc.report.plots.looks`). No backend is
    chosen and pyplot is not imported. UsageError if no cost is known on the axis, or matplotlib is
    not installed.
    """
    check_known(panels[0].curves, axis)
    try:
        from ttc.report.plots.figure import CurveFigure
    except ImportError:
        how = installing.install("ttc-cli[plot]")
        raise UsageError(
            f"--plot needs matplotlib; {how}", python=f"plots need matplotlib; {how}"
        ) from None

    # One panel is 6.4 × 4 inches; several stand in up to four columns, each a bit smaller.
    wide = min(ceil(sqrt(len(panels))), 4)
    high = ceil(len(panels) / wide)
    beside = _beside(panels[0].curves)
    size = (6.4, 4.0) if len(panels) == 1 else (1.0 + 3.6 * wide, 0.8 + 2.7 * high)
    size = (size[0] + beside, size[1])
    drawn = CurveFigure(figsize=size, layout="constrained")
    for at, panel in enumerate(panels):
        axes = drawn.add_subplot(high, wide, at + 1)
        _fill(axes, panel.curves, axis, label, panel.best)
        if panel.title:
            axes.set_title(_short(panel.title), fontsize="medium")
    _legend(drawn, panels[0])
    return drawn


def _legend(drawn: Figure, panel: Panel) -> None:
    """Draw the legend: in the first panel, or beside all panels where there is more to tell."""
    from matplotlib.lines import Line2D

    handles = []
    for label, look in legend_of(panel.curves):
        style = {"linestyle": ""} if look is None else _style(look)
        handles.append(Line2D([], [], label=_literal(label), **style))
    if panel.best:
        handles.append(Line2D([], [], color="0.6", label="Pareto"))
    banded = any(point.low is not None for each in panel.curves for point in each.points)
    options = {
        "handles": handles,
        "frameon": False,
        "title": BANDS if banded else None,
        "alignment": "left",
    }
    if len({curve.source for curve in panel.curves}) > 1:
        drawn.legend(loc="outside right upper", **options)
    else:
        drawn.axes[0].legend(**options)


def _literal(label: str) -> str:
    """Return a label as matplotlib shows it: a dollar sign starts a formula, and a label that
    begins with an underscore is left out."""
    return _short(f" {label}" if label.startswith("_") else label)


def _beside(curves: Sequence[Curve]) -> float:
    """Return the inches that a legend beside the panels takes."""
    if len({curve.source for curve in curves}) == 1:
        return 0.0
    longest = max(len(label) for label, _ in legend_of(curves))
    return 0.7 + LETTER * min(max(longest, len(BANDS)), WIDEST)


def _style(look: Look) -> dict[str, Any]:
    face = "white" if look.hollow else look.colour
    style = {"color": look.colour, "linestyle": look.dash, "marker": look.marker}
    return {**style, "markerfacecolor": face}


def _short(title: str) -> str:
    """Return a title that fits over a panel, or a label; a dollar sign would start a formula."""
    line = one_line(title)
    return (line if len(line) <= WIDEST else line[: WIDEST - 1] + "…").replace("$", r"\$")


def _fill(
    axes: Any,
    curves: Sequence[Curve],
    axis: str,
    scale: str,
    best: Sequence[tuple[Curve, Point]],
) -> None:
    """Draw curves into the axes of a panel."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    looks = zip(curves, looks_of(curves), map(_literal, named(curves)), strict=True)
    for curve, look, label in looks:
        points = [point for point in curve.points if point.value is not None]
        xs = [position(point, axis) for point in points]
        if not points or None in xs:
            continue
        axes.plot(xs, [point.value for point in points], label=label, **_style(look))
        if all(point.low is not None for point in points):
            lows, highs = [point.low for point in points], [point.high for point in points]
            axes.fill_between(xs, lows, highs, alpha=0.12, color=look.colour, linewidth=0)
    if best:
        corners = [(position(point, axis), point.value) for _, point in best]
        axes.step(*zip(*corners, strict=True), where="post", color="0.6", zorder=0)
    if axis == "samples":
        axes.set_xscale("log", base=2)
    else:
        axes.set_xscale("log")
        # Costs often span less than a decade, so each decade has three labels.
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.set_xlabel("k draws" if axis == "samples" else AXES[axis].label)
    axes.set_ylabel(scale)
    if are_shares(curves):
        axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)


def are_shares(curves: Sequence[Curve]) -> bool:
    """Return whether all values lie in [0, 1], as scores need not."""
    values = (point.value for curve in curves for point in curve.points)
    return all(value is None or 0 <= value <= 1 for value in values)


def check_known(curves: Sequence[Curve], axis: str) -> None:
    """Raise UsageError if no point has a cost on the axis."""
    if not any(position(point, axis) is not None for curve in curves for point in curve.points):
        flag = AXES[axis].flag
        why = f"the {flag} of these draws are unknown"
        raise UsageError(
            f"--plot: {why}; --cost samples plots k", python=f"{why}; cost='samples' plots k"
        )


def position(point: Point, axis: str) -> float | None:
    """Return the coordinate of a point on the cost axis, None if its cost is unknown."""
    return point.k if axis == "samples" else point.cost.get(axis)
