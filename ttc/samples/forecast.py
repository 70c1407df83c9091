"""Whether a budget suffices for the draws that a pool lacks: what `--dry-run` tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ttc.messages.counts import some
from ttc.records import Problem
from ttc.samples.spending import LABELS, Spending, written


class Forecast(NamedTuple):
    """What all draws together may take of one limit.

    `at_most` is None if that is unknown. `draws` is how many are sure to be made before the limit
    ends the run, None if all are or that is unknown.
    """

    name: str
    limit: float
    at_most: float | None
    draws: int | None = None

    @property
    def suffices(self) -> bool | None:
        """Whether the limit is enough for all draws, whatever their lengths."""
        return None if self.at_most is None else self.at_most <= self.limit * (1 + 1e-9)

    def as_fields(self) -> dict[str, float | bool | None]:
        """Return it as JSON."""
        suffices = {"suffices": self.suffices, "draws_at_least": self.draws}
        return {"limit": self.limit, "at_most": self.at_most, **suffices}

    def __str__(self) -> str:
        limit = f"budget of {written(self.name, self.limit)} {LABELS[self.name]}"
        if self.at_most is None:
            return f"{limit}: whether it suffices is unknown"
        if self.suffices:
            return f"{limit}: suffices, the draws take at most {written(self.name, self.at_most)}"
        sure = (
            ""
            if self.draws is None
            else f"; {some(self.draws, 'draw is', 'draws are')} sure to fit"
        )
        return f"{limit}: may not suffice, the draws take up to {self._most}{sure}"

    @property
    def _most(self) -> str:
        return written(self.name, self.at_most or 0.0)


def forecasts(
    account: Spending | None,
    limits: Mapping[str, float],
    missing: Iterable[tuple[Problem, int]],
    seconds: float | None,
) -> list[Forecast]:
    """Return a forecast for each limit.

    `missing` has each problem with the number of its draws to make, in the order they are made, and
    `seconds` is what they take at most, None if unknown.
    """
    each = list(missing)
    found = []
    for name, limit in limits.items():
        if name == "seconds" or account is None:
            found.append(Forecast(name, limit, seconds))
            continue
        total, sure = 0.0, 0
        for problem, count in each:
            most = account.bound(problem)[name]
            fitting = count if not most else int(max(limit * (1 + 1e-9) - total, 0) // most)
            sure += min(count, fitting) if total <= limit else 0
            total += count * most
        found.append(Forecast(name, limit, total, None if total <= limit else sure))
    return found
