"""Two pools problem by problem: where the shares of correct draws differ, the surest first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ttc.selectors.exact.subsets import hypergeometric
from ttc.store import picked
from ttc.store.pools import Pool

_ALIKE = 1 + 1e-7  # probabilities that differ by rounding alone are equal


@dataclass(frozen=True, slots=True)
class Side:
    """The judged draws of a problem in one pool: how many, how many correct and undecided, and the
    answers with their counts, the most frequent first (None: draws without an answer)."""

    correct: int = 0
    judged: int = 0
    undecided: int = 0
    answers: Mapping[str | None, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON: answers as a list, since null can be no key."""
        listed = [{"answer": answer, "draws": count} for answer, count in self.answers.items()]
        counts = {name: getattr(self, name) for name in ("correct", "judged", "undecided")}
        return {**counts, "answers": listed}


@dataclass(frozen=True, slots=True)
class Difference:
    """A problem whose share of correct draws differs between two pools. As in a sweep, undecided
    draws are judged and not correct.

    `p` is that of Fisher's exact test, two-sided, of this problem by itself.
    """

    problem: str
    first: Side
    second: Side
    p: float

    @property
    def change(self) -> float:
        """The second share of correct draws minus the first."""
        return self.second.correct / self.second.judged - self.first.correct / self.first.judged

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        sides = [self.first.as_dict(), self.second.as_dict()]
        return {"problem": self.problem, "p": self.p, "change": self.change, "pools": sides}


@dataclass(frozen=True, slots=True)
class PoolDiff:
    """What two pools differ in; iterating yields the `differences`, the smallest p first.

    `alike` counts the problems with equal shares, `undecided` draws of compared problems; `only`
    are the problems that one pool alone has judged draws of, and `other_reference` those that were
    judged by another reference.
    """

    differences: Sequence[Difference]
    alike: int
    only: tuple[Sequence[str], Sequence[str]]
    undecided: int
    other_reference: Sequence[str]

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.differences)

    def __len__(self) -> int:
        return len(self.differences)


@dataclass(frozen=True, slots=True)
class Judged:
    """The problems of a pool that have judged draws, and the digests of their references."""

    sides: Mapping[str, Side]
    references: Mapping[str, str]


def read(connection: sqlite3.Connection, pool: Pool, verifier: int) -> Judged:
    """Return the judged draws of a pool by the verdicts of a verifier (row id)."""
    digests = {name: digest for name, _, digest in picked.references(connection, pool)}
    return Judged(dict(sides(connection, pool, verifier)), digests)


def compared(one: Judged, other: Judged) -> PoolDiff:
    """Compare the problems of two pools by name."""
    first, second = one.sides, other.sides
    shared = [name for name in first if name in second]
    found = [
        Difference(name, first[name], second[name], fisher(*_counts(first[name], second[name])))
        for name in shared
        if first[name].correct * second[name].judged != second[name].correct * first[name].judged
    ]
    found.sort(key=lambda each: (each.p, -abs(each.change)))
    missing = [n for n in first if n not in second], [n for n in second if n not in first]
    undecided = sum(side[name].undecided for name in shared for side in (first, second))
    reread = [name for name in shared if one.references.get(name) != other.references.get(name)]
    return PoolDiff(found, len(shared) - len(found), missing, undecided, reread)


def sides(connection: sqlite3.Connection, pool: Pool, verifier: int) -> Iterator[tuple[str, Side]]:
    """Yield each problem of a pool that has judged draws, with these."""
    found: dict[str, Side] = {}
    for row in picked.tallies(connection, pool, verifier):
        side = found.get(row["problem"], Side())
        found[row["problem"]] = Side(
            side.correct + row["correct"],
            side.judged + row["draws"],
            side.undecided + row["draws"] - row["decided"],
            {**side.answers, row["answer"]: row["draws"]},
        )
    yield from found.items()


def _counts(first: Side, second: Side) -> tuple[int, int, int, int]:
    return first.correct, first.judged, second.correct, second.judged


@lru_cache(maxsize=1 << 14)
def fisher(c: int, n: int, d: int, m: int) -> float:
    """Return p of Fisher's exact test that c of n and d of m have one rate, two-sided: the chance,
    given c + d, of a table that is no likelier than this one."""
    law = hypergeometric(n + m, c + d, m)
    p = float(law[law <= law[d] * _ALIKE].sum())
    return min(1.0, p)
