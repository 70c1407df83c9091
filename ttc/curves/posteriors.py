"""The posterior interval of a metric that has one of its own: Bayes@N (Hariri et al. 2025).

It answers for these problems: their number is fixed, and the posterior of each is what its draws
leave uncertain. The mean over M problems has the variance Σ V_i / M², and its interval is that of
the normal law with this mean and variance, as in the paper, cut at the least and the largest value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import fsum, sqrt
from statistics import NormalDist
from typing import Any

from ttc.curves.table import Table
from ttc.selectors import Selector
from ttc.selectors.extras import HasPosterior


@dataclass(frozen=True, slots=True)
class Posterior:
    """The posterior of a metric's mean over the problems of a source, at one budget.

    `sd` is its standard deviation; `low` and `high` bound the interval, None if none was asked
    for. Where k is less than the draws, all three are by the mean variance over k-subsets.
    """

    source: str
    selector: str
    k: int
    value: float
    sd: float
    low: float | None
    high: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def posteriors(table: Table, rules: Mapping[str, Selector], ci: float | None) -> list[Posterior]:
    """Return the posteriors of the metrics of a table that have one, `ci` the level in per cent."""
    found: list[Posterior] = []
    for cell in table.cells:
        rule: object = rules.get(cell.selector)
        if not isinstance(rule, HasPosterior) or table.draw != "without":
            continue
        pools = [
            (pool, value)
            for pool, value in zip(table.pools, cell.values, strict=True)
            if value is not None
        ]
        if not pools:
            continue
        m = len(pools)
        mean = fsum(value for _, value in pools) / m
        sd = sqrt(fsum(rule.variances(pool, [cell.k])[0] for pool, _ in pools)) / m
        low = high = None
        if ci is not None:
            reach = NormalDist().inv_cdf((1 + ci / 100) / 2) * sd
            least, most = rule.bounds
            low, high = max(mean - reach, least), min(mean + reach, most)
        found.append(Posterior(table.source, cell.selector, cell.k, mean, sd, low, high))
    return found
