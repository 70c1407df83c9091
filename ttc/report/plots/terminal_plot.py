"""Curves on the terminal, by plotext."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from math import floor, log10

from ttc.curves.cost_axes import AXES
from ttc.messages.visible import inert, report_line
from ttc.records import Curve
from ttc.report.plots.looks import COLOURS, looks_of, named
from ttc.report.plots.plot import are_shares, position
from ttc.report.tables.width import cells, terminal_width

HEIGHT, WIDEST, PIPED = 18, 100, 80
# Distinct without colour, which pipes and printers do not have.
MARKERS = "●+×○▲◆"
# The colours of plots, as a terminal of 256 has them; dark ones are lighter, for a dark ground.
SHADES = dict(zip(COLOURS, (33, 214, 36, 117, 166, 245), strict=True))


def show(curves: Sequence[Curve], axis: str, title: str = "") -> None:
    """Print value against k, or against a cost on a log axis, as wide as the terminal."""
    import plotext

    drawn = [(curve, found) for curve in curves if (found := _positions(curve, axis))]
    width = min(terminal_width() or PIPED, WIDEST)
    shades = [SHADES[look.colour] for look in looks_of(curves)]
    marks = {id(curve): MARKERS[at % len(MARKERS)] for at, curve in enumerate(curves)}
    shade = {id(curve): each for curve, each in zip(curves, shades, strict=True)}
    plotext.clear_figure()
    plotext.plot_size(width, HEIGHT)
    for curve, found in drawn:
        xs, ys = zip(*found, strict=True)
        plotext.plot(xs, ys, marker=marks[id(curve)], color=shade[id(curve)])
    points = list(chain.from_iterable(found for _, found in drawn))
    _axes(points, axis, width, shares=are_shares(curves))
    picture = plotext.build()
    terminal = sys.stdout.isatty()
    if title:
        print(report_line(title))
    print(inert((picture if terminal else plotext.uncolorize(picture)).rstrip()))
    labels = [
        (f"{marks[id(curve)] * 2} {report_line(name)}", shade[id(curve)])
        for curve, name in zip(curves, named(curves), strict=True)
    ]
    for line in _rows(labels, width, coloured=terminal):
        print(line)


def _positions(curve: Curve, axis: str) -> list[tuple[float, float]]:
    return [
        (x, point.value)
        for point in curve.points
        if point.value is not None and (x := position(point, axis)) is not None
    ]


def _axes(points: Sequence[tuple[float, float]], axis: str, width: int, *, shares: bool) -> None:
    """Set the axes: the budgets as far as they have room, and the part of [0, 1] that is used."""
    import plotext

    xs = sorted({x for x, _ in points})
    most = max(width // 10, 2)
    if axis != "samples" or len(xs) > most:
        xs = [xs[0], xs[-1]]
    plotext.xscale("log")
    plotext.xticks(xs, [f"{x:.4g}" for x in xs])
    plotext.xlabel("k draws" if axis == "samples" else AXES[axis].label)
    if shares:
        low, high = _window([y for _, y in points])
        plotext.ylim(low, high)
        ticks = [low + (high - low) * at / 5 for at in range(6)]
        plotext.yticks(ticks, [f"{tick:.3g}" for tick in ticks])


def _window(values: Sequence[float]) -> tuple[float, float]:
    """Return the part of [0, 1] to show: all of it, unless the values take less than half."""
    low, high = min(values), max(values)
    if high - low > 0.5:
        return 0.0, 1.0
    room = max((high - low) * 0.1, 0.005)
    step = 10.0 ** floor(log10(max(high - low, 0.01)))
    bottom = max(floor((low - room) / step) * step, 0.0)
    top = min((floor((high + room) / step) + 1) * step, 1.0)
    return bottom, top


def _rows(labels: Sequence[tuple[str, int]], width: int, *, coloured: bool) -> Iterator[str]:
    """Yield the legend in lines, with as many labels on each as there is room for."""
    import plotext

    line, taken = "", 0
    for text, shade in labels:
        if taken and taken + 2 + cells(text) > width:
            yield line
            line, taken = "", 0
        gap = "  " if taken else ""
        line += gap + (plotext.colorize(text, shade) if coloured else text)
        taken += len(gap) + cells(text)
    if line:
        yield line
