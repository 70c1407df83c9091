"""Table → Spread of each cell: how far its mean moves if only the draws are made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from random import Random

from ttc.curves import parallel
from ttc.curves.intervals import Spread
from ttc.curves.intervals.draw_variance import draw_variances
from ttc.curves.table import Cell, Table
from ttc.selectors import Selector

MOST_DRAWS = 30_000  # of the problems whose variance is measured; of more, a part is taken
FEWEST = 30  # problems of that part
SEED = 22


def spreads(table: Table) -> list[Spread]:
    """Return the spread of the mean of each cell, in their order.

    The variance of a problem's value is that of `draw_variances`. In a table of more than
    MOST_DRAWS draws it is measured on a random part of the problems and taken for their mean.
    """
    noise = table.noise
    measured = [at for at, problem in enumerate(table.problems) if problem in noise]
    if not measured:
        noise, measured = measure(table), part_of(table)
    found = []
    for cell in table.cells:
        values, key = cell.values, (cell.selector, cell.k)
        variances = [
            noise[table.problems[at]].get(key) for at in measured if values[at] is not None
        ]
        found.append(_spread(table, cell, variances))
    return found


def measure(
    table: Table, rules: Mapping[str, Selector] | None = None
) -> dict[str, dict[tuple[str, int], float]]:
    """Return the variance of each rule and budget on each problem of `part_of`; what is unknown is
    missing. `rules` are those to measure by the names of the table's, None for its own."""
    measured = part_of(table)
    made = table.rules if rules is None else rules
    by_rule: dict[str, list[int]] = {}
    for cell in table.cells:
        by_rule.setdefault(cell.selector, []).append(cell.k)

    def on(at: int) -> dict[tuple[str, int], float]:
        pool = table.pools[measured[at]]
        found: dict[tuple[str, int], float] = {}
        for name, ks in by_rule.items():
            usable = [k for k in ks if k <= len(pool) or table.draw == "with"]
            # The first k draws are another pool for each k.
            apart = [[k] for k in usable] if table.draw == "prefix" else [usable]
            for together in apart if name in made else ():
                variances = draw_variances(made[name], pool, together, table.draw)
                for k, variance in zip(together, variances or (), strict=False):
                    found[name, k] = variance
        return found

    draws = sum(len(table.pools[at]) for at in measured)
    # Each draw is left out, so that the work pays for processes sooner.
    rows = parallel.spread(on, len(measured), 10 * draws)
    return dict(zip((table.problems[at] for at in measured), rows, strict=True))


def part_of(table: Table) -> list[int]:
    """Return the problems, by position, whose draws are left out one by one."""
    places = [at for at, pool in enumerate(table.pools) if pool]
    draws = sum(map(len, table.pools))
    if draws <= MOST_DRAWS:
        return places
    size = max(FEWEST, MOST_DRAWS * len(places) // draws)
    return sorted(Random(SEED).sample(places, min(size, len(places))))


def _spread(table: Table, cell: Cell, variances: Sequence[float | None]) -> Spread:
    sizes = [
        len(pool) for pool, value in zip(table.pools, cell.values, strict=True) if value is not None
    ]
    if not sizes:
        return Spread(0, 1.0, None)
    fewest = cell.k if table.draw == "prefix" else min(sizes)
    known = [variance for variance in variances if variance is not None]
    # One unknown variance may be as large as all others together.
    whole = bool(known) and len(known) == len(variances)
    variance = fsum(known) / len(known) / len(sizes) if whole else None
    return Spread(len(sizes), fewest / cell.k, variance)
