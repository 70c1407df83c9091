"""Curves on the terminal, by plotext (the extra `ttc-cli[plot]`)."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from ttc.curves.cost_axes import AXES
from ttc.errors import UsageError
from ttc.messages.visible import inert, report_line
from ttc.plugins import installing
from ttc.records import Curve
from ttc.report.plots.plot import are_shares, named, position

HEIGHT, WIDEST = 20, 100
# Distinct without colour, which pipes and printers do not have.
MARKERS = "●+×○▲◆"


def show(curves: Sequence[Curve], axis: str, title: str = "") -> None:
    """Print value against k, or against a cost on a log axis, as wide as the terminal."""
    try:
        import plotext
    except ImportError:
        how = installing.install("ttc-cli[plot]")
        raise UsageError(f"--plot - needs plotext; {how}") from None
    plotext.clear_figure()
    plotext.plot_size(min(shutil.get_terminal_size().columns, WIDEST), HEIGHT)
    names = named(curves)
    ticks: set[float] = set()
    for at, curve in enumerate(curves):
        drawn = [
            (x, point.value)
            for point in curve.points
            if point.value is not None and (x := position(point, axis)) is not None
        ]
        if drawn:
            xs, ys = zip(*drawn, strict=True)
            ticks.update(xs)
            plotext.plot(xs, ys, label=names[at], marker=MARKERS[at % len(MARKERS)])
    plotext.xscale("log")
    shown = sorted(ticks) if axis == "samples" else [min(ticks), max(ticks)]
    plotext.xticks(shown, [f"{x:.4g}" for x in shown])
    plotext.xlabel("k draws" if axis == "samples" else AXES[axis].label)
    if are_shares(curves):
        plotext.ylim(0, 1)
    picture = plotext.build()
    if not sys.stdout.isatty():
        picture = plotext.uncolorize(picture)
    if title:
        print(report_line(title))
    print(inert(picture.rstrip()))
