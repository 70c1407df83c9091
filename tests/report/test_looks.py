"""Plots of several pools can be read in grey, by the colour-blind, and on a terminal."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from terminals import TTC, Terminal

from ttc.records import Curve, Point
from ttc.report.groups import Panel
from ttc.report.plots.looks import COLOURS, DASHES, ORACLE, legend_of, looks_of
from ttc.report.plots.terminal_plot import SHADES, _window
from ttc.report.tables.width import cells

np = pytest.importorskip("numpy")

# Machado, Oliveira & Fernandes (2009): how colours look without one kind of cones, in linear RGB.
BLIND = {
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "full sight": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}
TO_XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]
WHITE = (0.95047, 1.0, 1.08883)


def linear(colour: str):  # type: ignore[no-untyped-def]
    """Return the linear RGB of `#rrggbb`."""
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb):  # type: ignore[no-untyped-def]
    """Return the CIE L*a*b* of linear RGB."""
    xyz = np.array(TO_XYZ) @ np.clip(rgb, 0, 1) / np.array(WHITE)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_colours_differ_in_grey() -> None:
    shades = sorted(float(lab(linear(colour))[0]) for colour in COLOURS)
    assert min(after - before for before, after in pairwise(shades)) > 10
    assert max(shades) < 80  # and from white paper
    first, second = (float(lab(linear(colour))[0]) for colour in COLOURS[:2])
    assert abs(first - second) > 40


@pytest.mark.parametrize("sight", BLIND)
def test_colours_differ_for_the_colour_blind(sight: str) -> None:
    seen = [lab(np.array(BLIND[sight]) @ linear(colour)) for colour in COLOURS]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > 25


def curve_of(rule: str, source: str, *, oracle: bool = False, at: float = 0.2) -> Curve:
    points = tuple(
        Point(k, min(at * k**0.3, 1.0), at / 2, min(at * 2, 1.0), 9, {"tokens": 30.0 * k})
        for k in (1, 2, 4, 8, 16)
    )
    return Curve(rule, source, points, oracle=oracle)


POOLS = ("qwen-7b", "llama-8b", "smollm2")
RULES = ("coverage", "majority", "mean")
MANY = [
    curve_of(r, s, oracle=r == "coverage") for s in POOLS for r in ("coverage", "majority", "mean")
]


def test_pools_have_colours_and_rules_have_dashes() -> None:
    looks = dict(zip(((c.source, c.selector) for c in MANY), looks_of(MANY), strict=True))
    for pool in POOLS:
        assert len({looks[pool, c.selector].colour for c in MANY}) == 1
    for rule in RULES:
        assert len({(looks[s, rule].dash, looks[s, rule].marker) for s in POOLS}) == 1
        assert len({looks[s, rule].colour for s in POOLS}) == len(POOLS)
    assert {looks[s, "coverage"].dash for s in POOLS} == {ORACLE}
    assert ORACLE not in DASHES
    # In black and white, neighbours differ by their markers.
    assert [looks[s, "mean"].hollow for s in POOLS] == [False, True, False]


def test_the_legend_says_so() -> None:
    labels = [label for label, _ in legend_of(MANY)]
    assert labels == [
        "colour: source",
        *POOLS,
        "dash and marker: rule",
        "coverage (oracle)",
        "majority",
        "mean",
    ]
    one = [curve for curve in MANY if curve.source == "smollm2"]
    assert [label for label, _ in legend_of(one)] == ["coverage (oracle)", "majority", "mean"]
    assert len({look.colour for look in looks_of(one)}) == 3
    rule = [curve for curve in MANY if curve.selector == "mean"]
    assert [label for label, _ in legend_of(rule)] == list(POOLS)


def test_a_figure_has_bands_and_the_name_of_the_cost() -> None:
    pytest.importorskip("matplotlib")
    from ttc.report.plots.plot import figure

    drawn = figure([Panel("", MANY)], "tokens")
    (axes,) = drawn.axes
    assert axes.get_xlabel() == "tokens"
    assert axes.get_ylabel() == "share of problems solved"
    assert len(axes.collections) == len(MANY)
    texts = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert texts == [label for label, _ in legend_of(MANY)]
    # The legend covers no curve: it stands beside the axes.
    drawn.draw_without_rendering()
    assert drawn.legends[0].get_window_extent().x0 >= axes.get_window_extent().x1


@pytest.mark.parametrize(
    ("values", "window"),
    [
        ([0.1, 0.9], (0.0, 1.0)),
        ([0.03, 0.11], (0.01, 0.13)),
        ([0.5], (0.48, 0.52)),
        ([1.0, 0.98], (0.96, 1.0)),
        ([0.0], (0.0, 0.02)),
    ],
)
def test_a_terminal_shows_the_part_that_is_used(
    values: list[float], window: tuple[float, float]
) -> None:
    low, high = _window(values)
    assert low <= min(values)
    assert high >= max(values)
    assert (low, high) == pytest.approx(window, abs=0.03)


def test_each_colour_has_its_shade() -> None:
    assert list(SHADES) == list(COLOURS)
    assert len(set(SHADES.values())) == len(COLOURS)


@pytest.fixture
def files(own_home: Path) -> list[str]:
    """Two files of judged draws."""
    for name, every in (("a.jsonl", 2), ("b.jsonl", 3)):
        lines = (
            f'{{"problem": "p{at}", "index": {i}, "correct": {str((at + i) % every == 0).lower()},'
            f' "answer": "{(at + i) % every}", "completion_tokens": 20}}\n'
            for at in range(6)
            for i in range(16)
        )
        (own_home / name).write_text("".join(lines), encoding="utf-8")
    return ["a.jsonl", "b.jsonl"]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_plot_fits_the_terminal(files: list[str], columns: int) -> None:
    args = ("sweep", *files, "-s", "mean,majority", "--plot", "-", "--cost", "samples")
    with Terminal(*args, columns=columns, lines=200) as terminal:
        assert terminal.wait() == 0
    screen = terminal.screen
    (top,) = [at for at, line in enumerate(screen) if "┌" in line]
    plot = screen[top:]
    assert max(map(cells, plot)) <= min(columns, 100)
    assert max(map(cells, plot)) >= min(columns, 100) - 1
    text = "\n".join(plot)
    assert "k draws" in text
    for name in ("●● mean (a.jsonl)", "++ majority (a.jsonl)", "×× mean (b.jsonl)"):
        assert name in text
    assert re.search(rb"\x1b\[38;5;\d+m", terminal.raw)


def test_a_plot_in_a_pipe_has_no_colours_and_needs_no_extra(files: list[str]) -> None:
    """As in a core install: matplotlib cannot be imported."""
    program = "import sys; sys.modules['matplotlib'] = None; from ttc.cli.main import main; main()"
    args = ["sweep", *files, "-s", "mean", "--plot", "-", "--cost", "samples"]
    done = subprocess.run(
        [sys.executable, "-c", program, *args], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "●● a.jsonl" in done.stdout
    assert "\x1b" not in done.stdout
    done = subprocess.run([*TTC, *args, "--json"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2


def test_twelve_pools_look_unlike_each_other() -> None:
    curves = [curve_of("mean", f"p{at}") for at in range(12)]
    assert len({(look.colour, look.hollow) for look in looks_of(curves)}) == 12
