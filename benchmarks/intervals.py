"""How often the intervals of a sweep hold the truth, and how wide they are.

    python benchmarks/intervals.py [--trials 400] [--quick] [--only draws|problems] [--json]

Problems have chances of a right draw from Betas of three widths or a mixture of two points
(suites.py), and each cell of the grid is a mean of the chances, a number of problems and of draws,
a rule and a k.

draws     these problems: each trial has a suite of its own, whose truth is known; its draws are
          made once
problems  problems like these: each trial takes its problems from 20,000 of one law, all drawn

Every interval is at 95 %. A cell's coverage is the share of its trials in which the truth is not
outside. The worst cells are tried again, ten times as often, with another seed: a minimum over
thousands of cells is low by chance alone. Widths are means over the first trials of each cell. The
whole grid takes about an hour of one core with 400 trials, the quick one three minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
import suites
from common import Figure, machine, report
from suites import Floats, Rule

from ttc.curves import intervals
from ttc.curves.intervals import Spread
from ttc.curves.intervals.dirichlet import mean_exceeds

MEANS = (0.01, 0.05, 0.3, 0.7, 0.95, 0.99)
PROBLEMS = (3, 6, 12, 24, 50, 200)
DRAWS = (4, 16, 64)
BANK = 20_000
TAIL = 0.025
ROUNDING = 1e-12  # a truth of 1 that is computed as 1 + 1e-16 is not outside [0, 1]
WIDTHS = 2  # trials whose intervals are computed, not only tested
RESAMPLES = 1000
WORST = 8  # cells that are tried again


class Law(NamedTuple):
    """Draws of each problem, mean and width of their chances, a rule."""

    n: int
    mean: float
    width: str
    rule: str


class Cell(NamedTuple):
    """A number of problems of a law, and a k."""

    law: Law
    problems: int
    k: int

    def __str__(self) -> str:
        law = self.law
        return (
            f"{law.rule}@{self.k} of {law.n}, {self.problems} problems, "
            f"mean {law.mean:g}, {law.width}"
        )


class Tally(NamedTuple):
    """The trials whose interval misses the truth on either side, and the mean width."""

    trials: int
    above: int
    below: int
    width: float

    @property
    def coverage(self) -> float:
        return 1 - (self.above + self.below) / self.trials

    @property
    def error(self) -> float:
        """The standard error of the coverage."""
        return sqrt(max(self.coverage * (1 - self.coverage), 1e-6) / self.trials)


def grid(quick: bool) -> list[Law]:
    """Return the laws that are tried."""
    draws, means = ((4, 16), (0.01, 0.3, 0.95)) if quick else (DRAWS, MEANS)
    return [Law(*each) for each in product(draws, means, suites.WIDTHS, suites.RULES)]


def budgets(n: int) -> tuple[int, ...]:
    """Return the ks that are tried with n draws."""
    return tuple(sorted({1, 4, n // 2, n}))


def of_draws(
    law: Law, problems: int, trials: int, seed: int
) -> Iterator[tuple[Cell, dict[str, Tally]]]:
    """Try the interval for these problems at each k."""
    ks, random = budgets(law.n), np.random.default_rng([seed, law.n, problems])
    of = Rule(law.rule, law.n, ks)
    p = suites.chances(law.mean, law.width, (trials, problems), random)
    truths, seen = of.truth(p).mean(axis=1), of.drawn(p, random)
    for at, k in enumerate(ks):
        values, spread = seen.values[..., at].mean(axis=1), seen.variances[..., at].mean(axis=1)
        truth = truths[:, at]
        known = [Spread(problems, law.n / k, float(v) / problems) for v in spread]
        count = np.array([intervals.trials_of(*each) for each in zip(values, known, strict=True)])
        right, wrong = values * count, (1 - values) * count
        above = _tail([1.0, 0.0, 1.0], [right, wrong, np.ones(trials)], truth) < TAIL
        below = _tail([1.0, 0.0, 1.0], [wrong, right, np.ones(trials)], 1 - truth) < TAIL
        made = [intervals.these(values[t], known[t]).interval for t in range(min(WIDTHS, trials))]
        wide = float(np.mean([each.high - each.low for each in made if each is not None]))
        yield (
            Cell(law, problems, k),
            {intervals.OF_DRAWS: Tally(trials, int(above.sum()), int(below.sum()), wide)},
        )


def of_problems(
    law: Law, problems: int, trials: int, seed: int
) -> Iterator[tuple[Cell, dict[str, Tally]]]:
    """Try the intervals for problems like these at each k."""
    ks, random = budgets(law.n), np.random.default_rng([seed, law.n])
    of = Rule(law.rule, law.n, ks)
    bank = of.drawn(suites.chances(law.mean, law.width, (BANK,), random), random).values
    taken = np.random.default_rng([seed, problems]).integers(0, BANK, (trials, problems))
    counts = np.random.default_rng(seed).multinomial(
        problems, np.full(problems, 1 / problems), RESAMPLES
    )
    for at, k in enumerate(ks):
        values, truth = bank[taken, at], float(bank[:, at].mean())
        found = {
            "gaffke": _gaffke(values, truth),
            "wilson": _wilson(values, truth),
            "percentile": _percentile(values, truth, counts),
        }
        yield Cell(law, problems, k), found


def _tail(ends: list[float], shapes: list[Floats], at: Floats) -> Floats:
    return mean_exceeds(np.tile(ends, (len(at), 1)), np.stack(shapes, axis=1), at - ROUNDING)


def _gaffke(values: Floats, truth: float) -> Tally:
    """Compare tails at the truth with 2.5 %, which needs no search for the bounds."""
    trials, problems = values.shape
    ends = np.ones((trials, 1))
    at, other = np.full(trials, truth - ROUNDING), np.full(trials, 1 - truth - ROUNDING)
    shapes = np.ones((trials, problems + 1))
    above = mean_exceeds(np.concatenate((values, ends), axis=1), shapes, at) < TAIL
    below = mean_exceeds(np.concatenate((1 - values, ends), axis=1), shapes, other) < TAIL
    made = [intervals.gaffke(row.tolist()) for row in values[:WIDTHS]]
    wide = float(np.mean([each.high - each.low for each in made]))
    return Tally(trials, int(above.sum()), int(below.sum()), wide)


def _wilson(values: Floats, truth: float) -> Tally:
    made = [intervals.wilson(float(mean), values.shape[1]) for mean in values.mean(axis=1)]
    low, high = np.array(made).T
    return Tally(
        len(made), int((high < truth).sum()), int((low > truth).sum()), float((high - low).mean())
    )


def _percentile(values: Floats, truth: float, counts: Any) -> Tally:
    means = values @ (counts.T / values.shape[1])
    low, high = np.quantile(means, (TAIL, 1 - TAIL), axis=1)
    low, high = low - 1e-12, high + 1e-12  # rounding of equal values is no miss
    return Tally(
        len(values), int((high < truth).sum()), int((low > truth).sum()), float((high - low).mean())
    )


MEASURE = {"draws": of_draws, "problems": of_problems}


def measured(question: str, options: argparse.Namespace) -> dict[Cell, dict[str, Tally]]:
    """Return the tallies of every cell, by method."""
    sizes = (3, 12, 50) if options.quick else PROBLEMS
    return {
        cell: tallies
        for law in grid(options.quick)
        for problems in sizes
        for cell, tallies in MEASURE[question](law, problems, options.trials, 1)
    }


def again(question: str, cell: Cell, trials: int) -> dict[str, Tally]:
    """Return the tallies of one cell, tried with another seed."""
    found = MEASURE[question](cell.law, cell.problems, trials, 2)
    return next(tallies for each, tallies in found if each == cell)


def figures(question: str, options: argparse.Namespace) -> tuple[list[Figure], list[str]]:
    """Return the figures of a question, and a line for each of its worst cells."""
    cells, lines, found = measured(question, options), [], list[Figure]()
    methods = list(next(iter(cells.values())))
    for method in methods:
        ranked = sorted(cells, key=lambda cell, by=method: cells[cell][by].coverage)
        default = method == methods[0]
        worst, error = cells[ranked[0]][method].coverage, cells[ranked[0]][method].error
        if default:
            repeated = {
                cell: again(question, cell, 10 * options.trials)[method] for cell in ranked[:WORST]
            }
            hardest = min(repeated, key=lambda cell: repeated[cell].coverage)
            worst, error = repeated[hardest].coverage, repeated[hardest].error
            lines += [
                f"{question}, {method}: {100 * each.coverage:.2f} ± {100 * each.error:.2f} %, "
                f"{each.above} above and {each.below} below of {each.trials}: {cell}"
                for cell, each in sorted(repeated.items(), key=lambda item: item[1].coverage)
            ]
        mean = float(np.mean([cells[cell][method].coverage for cell in cells]))
        width = float(np.mean([cells[cell][method].width for cell in cells]))
        low = sum(cells[cell][method].coverage < 0.94 for cell in cells)
        key, of = f"{question}_{method}", f"{question}, {method}"
        goal = 94.0 if default else None
        found += [
            Figure(
                f"{key}_worst",
                f"{of}: worst of {len(cells):,} cells",
                100 * worst,
                "%",
                100 * (worst - 2 * error),
                100 * (worst + 2 * error),
                at_least=goal,
            ),
            Figure(f"{key}_mean", "  mean coverage", 100 * mean, "%"),
            Figure(f"{key}_low", "  cells below 94 % in the first trials", float(low), "cells"),
            Figure(f"{key}_width", "  mean width", width, ""),
        ]
    return found, lines


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=400, help="of each cell (400)")
    parser.add_argument("--only", choices=MEASURE, action="append", help="one question")
    parser.add_argument("--quick", action="store_true", help="a part of the grid")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options, before = parser.parse_args(), machine()
    found, lines = list[Figure](), list[str]()
    for question in options.only or MEASURE:
        more, worst = figures(question, options)
        found += more
        lines += worst
    settings: dict[str, Any] = {"trials": options.trials, "quick": options.quick}
    report(
        "intervals",
        found,
        settings | ({"worst": lines} if options.json else {}),
        before,
        options.json,
    )
    if not options.json:
        print("\n".join(["", *lines]))


if __name__ == "__main__":
    main()
