"""How often `--compare` finds a difference that is not there, and how often its interval is right.

    python benchmarks/compare.py [--trials 200] [--json]

Each trial draws two pools of the same problems, whose chances are from Beta laws of several means
and widths, and compares coverage at k = 1, 4 and n of n = 16 draws: first from one truth, then with
chances that are lower by a tenth. Both questions are asked: problems like these, where each trial
draws its problems, too, and other draws of these problems. An interval that excludes no difference
beside a p above 0.05, or the other way round, is a contradiction.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from common import Figure, machine, report
from numpy.typing import NDArray

from ttc.curves.comparing.draw_noise import of_table
from ttc.curves.comparing.paired_tests import Noise
from ttc.curves.comparing.pairing import Pair, Side, tested
from ttc.curves.table import tabulate
from ttc.records import Outcome
from ttc.selectors.coverage import Coverage

N, KS = 16, (1, 4, 16)
PROBLEMS, MEANS, WIDTHS = (6, 8, 12, 24, 50), (0.05, 0.3, 0.7, 0.95, 0.99), (1.0, 5.0)
RATIOS = (1.0, 0.9)
MANY = 200_000  # problems that stand for all problems like these

Floats = NDArray[np.float64]


class Values(NamedTuple):
    """Coverage at some k, and its noise, for each number of right draws out of N."""

    score: Floats
    noise: list[Noise]


@dataclass(slots=True)
class Cell:
    """What came of the trials of one question on one truth."""

    question: str
    ratio: float
    covered: int = 0
    alarms: int = 0
    contradictions: int = 0


def values(k: int) -> Values:
    """Return what coverage at k is worth."""
    found, noise = [], []
    for right in range(N + 1):
        draws = {"p": [Outcome(d, correct=d < right) for d in range(N)]}
        table = tabulate(draws, {"coverage": Coverage()}, [k], source="x")
        found.append(table.cells[0].estimates[0])
        noise.append(of_table(table, {"coverage": Coverage()})["coverage", k]["p"])
    return Values(np.array([each.value if each else 0.0 for each in found]), noise)


def truth(rates: Floats, ratio: float, k: int) -> float:
    """Return the mean difference of coverage at k over problems with these chances."""
    return float(np.mean((1 - rates) ** k - (1 - ratio * rates) ** k))


def paired(counts: Sequence[Floats], k: int, of_k: Values, question: str) -> Pair:
    """Return two pools, the new one first, from the number of right draws of each problem."""
    new, old = counts
    noise = None
    if question == "draws":
        noise = {
            str(at): Noise(of_k.noise[a].variance + of_k.noise[b].variance, k / N)
            for at, (a, b) in enumerate(zip(new, old, strict=True))
        }
    first, second = (
        {str(at): float(value) for at, value in enumerate(of_k.score[side])} for side in counts
    )
    sides = (Side("new", "coverage"), Side("old", "coverage"))
    return Pair(sides, k, ("new", "old"), first, second, noise)


def tried(cell: Cell, law: tuple[float, float], m: int, k: int, of_k: Values, trials: int) -> None:
    """Run the trials of a cell."""
    random = np.random.default_rng([m, k, round(100 * law[0]), round(100 * law[1])])
    rates = random.beta(*law, (trials, m))
    many = random.beta(*law, MANY)
    pairs = [
        paired([random.binomial(N, p) for p in (cell.ratio * row, row)], k, of_k, cell.question)
        for row in rates
    ]
    for row, found in zip(rates, tested(pairs, cell.question, 95, 0), strict=True):
        low, high, p = found.low or 0.0, found.high or 0.0, found.p or 0.0
        true = truth(many if cell.question == "problems" else row, cell.ratio, k)
        cell.covered += low - 1e-9 <= true <= high + 1e-9
        cell.alarms += p <= 0.05
        cell.contradictions += (low > 0 or high < 0) != (p <= 0.05)


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=200, help="of each cell (200)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options, before = parser.parse_args(), machine()
    figures = []
    for question in ("problems", "draws"):
        cells = []
        for k in KS:
            of_k = values(k)
            for m, mean, width, ratio in product(PROBLEMS, MEANS, WIDTHS, RATIOS):
                cell = Cell(question, ratio)
                law = (mean * width, (1 - mean) * width)
                tried(cell, law, m, k, of_k, options.trials)
                cells.append(cell)
        figures += summed(question, cells, options.trials)
    report("compare", figures, {"trials": options.trials}, before, options.json)


def summed(question: str, cells: Sequence[Cell], trials: int) -> list[Figure]:
    """Return what the cells of a question come to, in per cent."""
    null = [100 * cell.alarms / trials for cell in cells if cell.ratio == 1]
    covered = [100 * cell.covered / trials for cell in cells]
    contradictions = float(sum(cell.contradictions for cell in cells))
    mean = sum(covered) / len(covered)
    alarms, differ = sum(null) / len(null), "p and interval disagree"
    return [
        Figure(f"{question}_alarms", f"{question}: false alarms", alarms, "%", at_most=5.0),
        Figure(f"{question}_alarms_worst", f"{question}: the same, worst cell", max(null), "%"),
        Figure(f"{question}_covered", f"{question}: coverage", mean, "%", at_least=94.0),
        Figure(f"{question}_covered_worst", f"{question}: the same, worst cell", min(covered), "%"),
        Figure(f"{question}_differ", f"{question}: {differ}", contradictions, "times", at_most=0.0),
    ]


if __name__ == "__main__":
    main()
