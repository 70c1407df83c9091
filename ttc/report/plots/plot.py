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
from ttc.report.oracles import name_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = "os^DvPX*"
DASHES = ("-", "-.", ":")
ORACLE = "--"  # no other curve is dashed
WIDEST = 44  # characters of a panel's title
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
    joined by a grey line; oracles are dashed; the legend is in the first panel. No backend is
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
    size = (6.4, 4.0) if len(panels) == 1 else (1.0 + 3.6 * wide, 0.8 + 2.7 * high)
    drawn = CurveFigure(figsize=size, layout="constrained")
    for at, panel in enumerate(panels):
        axes = drawn.add_subplot(high, wide, at + 1)
        _fill(axes, panel.curves, axis, label, panel.best)
        if panel.title:
            axes.set_title(_short(panel.title), fontsize="medium")
        if not at:
            banded = any(point.low is not None for each in panel.curves for point in each.points)
            title = "bands: problems like these" if banded else None
            axes.legend(frameon=False, title=title)
    return drawn


def _short(title: str) -> str:
    """Return a title that fits over a panel; a dollar sign would start a formula."""
    line = one_line(title)
    return (line if len(line) <= WIDEST else line[: WIDEST - 1] + "…").replace("$", r"\$")


def _fill(
    axes: Any,
    curves: Sequence[Curve],
    axis: str,
    label: str,
    best: Sequence[tuple[Curve, Point]],
) -> None:
    """Draw curves into the axes of a panel."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    # A dollar sign starts a formula.
    names = [name.replace("$", r"\$") for name in named(curves)]
    for at, curve in enumerate(curves):
        points = [point for point in curve.points if point.value is not None]
        xs = [position(point, axis) for point in points]
        if not points or None in xs:
            continue
        dash = ORACLE if curve.oracle else DASHES[at % len(DASHES)]
        style = {"marker": MARKERS[at % 8], "linestyle": dash}
        (line,) = axes.plot(xs, [point.value for point in points], label=names[at], **style)
        if all(point.low is not None for point in points):
            lows, highs = [point.low for point in points], [point.high for point in points]
            axes.fill_between(xs, lows, highs, alpha=0.12, color=line.get_color(), linewidth=0)
    if best:
        corners = [(position(point, axis), point.value) for _, point in best]
        axes.step(*zip(*corners, strict=True), where="post", color="0.6", zorder=0, label="Pareto")
    if axis == "samples":
        axes.set_xscale("log", base=2)
    else:
        axes.set_xscale("log")
        # Costs often span less than a decade, so each decade has three labels.
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.set_xlabel("k draws" if axis == "samples" else AXES[axis].label)
    axes.set_ylabel(label)
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


def named(curves: Sequence[Curve]) -> list[str]:
    """Return the name of each curve, marked if it is an oracle, with its source where there are
    several."""
    several = len({curve.source for curve in curves}) > 1
    names = (f"{name_of(each)} ({each.source})" if several else name_of(each) for each in curves)
    return [one_line(name) for name in names]


def position(point: Point, axis: str) -> float | None:
    """Return the coordinate of a point on the cost axis, None if its cost is unknown."""
    return point.k if axis == "samples" else point.cost.get(axis)
