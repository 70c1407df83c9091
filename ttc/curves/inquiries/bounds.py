"""What undecided and truncated draws leave open: the value of each rule under both treatments.

An undecided draw (`correct` is None) counts as not correct in every curve, a truncated one as it
was judged, and it never finishes. Here they are taken otherwise:

- undecided, right: each undecided draw is correct. Its answer and score stay, so that a vote is
  right by the share of its draws that are. Whatever the undecided draws are, the value of a rule
  that does not look at `correct` lies between this one and the one shown; so does coverage.
- truncated, right or wrong: each truncated draw ends where it was cut, with the right answer (the
  most frequent one among the correct draws of its problem), or with the most frequent wrong one.
  Its score stays: for a rule that ranks by scores this is a treatment, not a bound.
- out: the draws are left out, as if they had not been drawn. A problem contributes while it has k
  others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ttc.curves import parallel
from ttc.curves.curve import curves_of
from ttc.curves.intervals import METHODS
from ttc.curves.table import Cell, Table, values_at
from ttc.records import Curve, Outcome, Point
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import Estimate

Draws: TypeAlias = Sequence[Outcome]
# Answers that no draw gave.
RIGHT, WRONG = "\0right", "\0wrong"


@dataclass(frozen=True, slots=True)
class Bounded:
    """One rule at one k: the point that is shown, and the one of each treatment.

    The lowest and the highest value are among those over the problems of the point shown.
    """

    selector: str
    shown: Point
    treated: Mapping[str, Point]

    @property
    def lowest(self) -> float | None:
        """The lowest value; None if there is none."""
        return min(self._values(), default=None)

    @property
    def highest(self) -> float | None:
        """The highest value; None if there is none."""
        return max(self._values(), default=None)

    def _values(self) -> Iterator[float]:
        points = (self.shown, *self.treated.values())
        return (
            point.value
            for point in points
            if point.value is not None and point.problems == self.shown.problems
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        fields = ("value", "low", "high", "problems", "error")
        treated = {
            name: {field: getattr(point, field) for field in fields}
            for name, point in self.treated.items()
        }
        named = {"selector": self.selector, "k": self.shown.k, "value": self.shown.value}
        return {**named, **treated, "lowest": self.lowest, "highest": self.highest}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of every rule and budget of a source; no rows if all draws are decided and
    finished. `undecided` and `truncated` count draws, `both` those that are either twice."""

    draws: int
    undecided: int
    truncated: int
    both: int
    rows: tuple[Bounded, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        names = ("draws", "undecided", "truncated", "both")
        counts = {name: getattr(self, name) for name in names}
        return {**counts, "rows": [row.as_dict() for row in self.rows]}


def bounds(
    table: Table,
    shown: Sequence[Curve],
    rules: Mapping[str, Selector],
    *,
    ci: float | None = 95,
    seed: int = 0,
    interval: str = METHODS[0],
) -> Bounds:
    """Return the bounds of a table and its curves. Only problems that a treatment changes are
    computed again."""
    draws = [draw for pool in table.pools for draw in pool]
    undecided = sum(draw.correct is None for draw in draws)
    truncated = sum(draw.truncated for draw in draws)
    both = sum(draw.correct is None and draw.truncated for draw in draws)
    treated = {
        name: _by_point(
            curves_of(_treated(table, rules, treat), ci=ci, seed=seed, interval=interval)
        )
        for name, treat in _treatments(undecided, truncated).items()
    }
    rows = tuple(
        Bounded(
            curve.selector,
            point,
            {name: points[curve.selector, point.k] for name, points in treated.items()},
        )
        for curve in shown
        for point in curve.points
        if treated
    )
    return Bounds(len(draws), undecided, truncated, both, rows)


def _by_point(curves: Sequence[Curve]) -> dict[tuple[str, int], Point]:
    return {(curve.selector, point.k): point for curve in curves for point in curve.points}


def _treatments(undecided: int, truncated: int) -> dict[str, Callable[[Draws], Draws]]:
    """Return the treatments that change something. Undecided draws taken as wrong are what every
    curve shows."""
    found: dict[str, Callable[[Draws], Draws]] = {}
    if undecided:
        found["undecided_right"] = accepted
        found["undecided_out"] = lambda pool: [draw for draw in pool if draw.correct is not None]
    if truncated:
        found["truncated_wrong"] = lambda pool: finished(pool, correct=False)
        found["truncated_right"] = lambda pool: finished(pool, correct=True)
        found["truncated_out"] = lambda pool: [draw for draw in pool if not draw.truncated]
    if undecided and truncated:
        found["both_right"] = lambda pool: accepted(finished(pool, correct=True))
        found["both_out"] = lambda pool: [
            draw for draw in pool if draw.correct is not None and not draw.truncated
        ]
    return found


def accepted(pool: Draws) -> list[Outcome]:
    """Return the draws of a problem, with the undecided ones correct."""
    return [replace(draw, correct=True) if draw.correct is None else draw for draw in pool]


def finished(pool: Draws, *, correct: bool) -> list[Outcome]:
    """Return the draws of a problem as if each truncated one had ended with the right answer, or
    with a wrong one."""
    answer = _usual(pool, correct)
    return [
        replace(draw, correct=correct, answer=answer, finish_reason="stop")
        if draw.truncated
        else draw
        for draw in pool
    ]


def _usual(pool: Draws, correct: bool) -> str:
    """Return the most frequent right answer of the finished draws, or the most frequent one of
    which no draw is correct."""
    whole = [draw for draw in pool if not draw.truncated and draw.answer is not None]
    right = {draw.answer for draw in whole if draw.correct}
    votes = Counter(draw.answer for draw in whole if (draw.answer in right) is correct)
    usual = min(votes, key=lambda answer: (-votes[answer], answer or ""), default=None)
    return (RIGHT if correct else WRONG) if usual is None else usual


def _treated(table: Table, rules: Mapping[str, Selector], treat: Callable[[Draws], Draws]) -> Table:
    """Return the table over treated draws; what is the same is taken from the table."""
    pools = [treat(pool) for pool in table.pools]
    changed = [
        at
        for at, (old, new) in enumerate(zip(table.pools, pools, strict=True))
        if list(old) != list(new)
    ]
    ks = sorted({cell.k for cell in table.cells})
    found = parallel.spread(
        lambda at: [
            values_at(name, rule, pools[changed[at]], ks, table.draw)
            for name, rule in rules.items()
        ],
        len(changed),
        sum(len(pools[at]) for at in changed),
    )
    again: dict[tuple[str, int], dict[int, Estimate | None]] = {}
    for at, row in zip(changed, found, strict=True):
        for name, values in zip(rules, row, strict=True):
            for k, value in zip(ks, values, strict=True):
                again.setdefault((name, k), {})[at] = value
    cells = []
    for cell in table.cells:
        new = again.get((cell.selector, cell.k), {})
        estimates = [new.get(at, old) for at, old in enumerate(cell.estimates)]
        cells.append(Cell(cell.selector, cell.k, estimates, cell.costs))
    return Table(table.source, table.problems, pools, cells, table.draw)
