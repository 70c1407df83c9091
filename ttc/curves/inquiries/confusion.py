"""How often a verifier is wrong, by another verifier that is taken as the truth.

A draw is positive if it is judged correct. The shares are over the draws that both verifiers
decided; the table also counts the others.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, TypeAlias

from ttc.curves.inquiries.clustered import Share, share
from ttc.curves.table import Problems
from ttc.errors import UsageError

WORST = 5  # problems that are named
# A verdict: correct, wrong, or undecided (which includes draws that were not judged).
Decision: TypeAlias = "bool | None"
Pair: TypeAlias = tuple[Decision, Decision]  # (truth, tested)
_EACH: tuple[Decision, ...] = (True, False, None)
PAIRS: tuple[Pair, ...] = tuple((first, second) for first in _EACH for second in _EACH)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The draws of one problem on which two verifiers disagree, by index."""

    problem: str
    draws: int
    accepted: tuple[int, ...]
    rejected: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        found = {"accepted": list(self.accepted), "rejected": list(self.rejected)}
        return {"problem": self.problem, "draws": self.draws, **found}


@dataclass(frozen=True, slots=True)
class Confusion:
    """A verifier against another one that is taken as the truth.

    `cells` counts the draws by (truth, tested). `shares` has, with intervals for problems like
    these: `false_positive_rate` (of the wrong draws, how many are accepted), `false_negative_rate`
    (of the correct draws, how many are rejected), `precision`, `recall`, `agreement` and Cohen's
    `kappa`. `worst` are the problems with the most disagreements. `stored`: the draws are those of
    a pool, which `ttc show` shows.
    """

    truth: str
    tested: str
    cells: Mapping[Pair, int]
    shares: Mapping[str, Share]
    worst: tuple[Disagreement, ...]
    stored: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        name = {True: "correct", False: "wrong", None: "undecided"}
        cells: dict[str, dict[str, int]] = {}
        for (truth, tested), count in self.cells.items():
            cells.setdefault(name[truth], {})[name[tested]] = count
        return {
            "truth": self.truth,
            "tested": self.tested,
            "cells": cells,
            **{each: found.as_dict() for each, found in self.shares.items()},
            "worst": [each.as_dict() for each in self.worst],
        }


def confusions(
    problems: Problems,
    names: Sequence[str],
    *,
    source: str,
    level: float | None = 95,
    stored: bool = True,
) -> list[Confusion]:
    """Compare each further verifier with the first of `names`, which is taken as the truth.

    The verdicts are those of `Outcome.verdicts`. UsageError if a verifier decided no draw.
    """
    for name in names:
        if not any(_verdict(draw.verdicts, name) is not None for _, draw in _draws(problems)):
            raise _undecided(source, name)
    truth, *others = names
    return [_confusion(problems, truth, tested, level, stored) for tested in others]


def _draws(problems: Problems) -> Iterator[tuple[str, Any]]:
    for problem in sorted(problems):
        for draw in problems[problem]:
            yield problem, draw


def _verdict(verdicts: Mapping[str, Decision] | None, name: str) -> Decision:
    return None if verdicts is None else verdicts.get(name)


def _undecided(source: str, name: str) -> UsageError:
    why = f"{source}: {name} decided for no draw whether it is correct"
    return UsageError(
        f"{why}; a judge that only scores decides with a threshold: "
        f"ttc verify {shlex.quote(source)} -V {name}:threshold=0.5"
    )


def _confusion(
    problems: Problems, truth: str, tested: str, level: float | None, stored: bool
) -> Confusion:
    cells: Counter[Pair] = Counter()
    by_problem: dict[str, Counter[Pair]] = {}
    apart: dict[str, dict[bool, list[int]]] = {}
    for problem, draw in _draws(problems):
        pair = _verdict(draw.verdicts, truth), _verdict(draw.verdicts, tested)
        cells[pair] += 1
        by_problem.setdefault(problem, Counter())[pair] += 1
        if pair in ((True, False), (False, True)):
            found = apart.setdefault(problem, {True: [], False: []})
            found[bool(pair[1])].append(draw.index)
    worst = sorted(apart, key=lambda each: (-sum(map(len, apart[each].values())), each))[:WORST]
    return Confusion(
        truth,
        tested,
        {pair: cells[pair] for pair in PAIRS},
        _shares(list(by_problem.values()), level),
        tuple(
            Disagreement(
                each, len(problems[each]), tuple(apart[each][True]), tuple(apart[each][False])
            )
            for each in worst
        ),
        stored,
    )


def _shares(tables: Sequence[Mapping[Pair, int]], level: float | None) -> dict[str, Share]:
    right, wrong = (True, True), (False, False)
    accepted, rejected = (False, True), (True, False)

    def of(hits: Pair, *others: Pair) -> Share:
        rows = [(each[hits], each[hits] + sum(each[o] for o in others)) for each in tables]
        return share(rows, level)

    return {
        "false_positive_rate": of(accepted, wrong),
        "false_negative_rate": of(rejected, right),
        "precision": of(right, accepted),
        "recall": of(right, rejected),
        "agreement": agreement(tables, level),
        "kappa": kappa(tables, level),
    }


def agreement(tables: Iterable[Mapping[Pair, float]], level: float | None = 95) -> Share:
    """Return the share of draws, of those that both decided, on which two verdicts agree.

    A table counts the draws of one problem by pair of verdicts.
    """
    return share([(_agreed(each), _decided(each)) for each in tables], level)


def kappa(tables: Sequence[Mapping[Pair, float]], level: float | None = 95) -> Share:
    """Return Cohen's kappa, (p_o − p_e)/(1 − p_e): agreement beyond that of chance (Cohen 1960).

    p_o is the agreement, p_e that of two independent verifiers that accept as often. Unknown if
    both gave one and the same verdict on all draws. The interval is that of p_o with p_e as it is,
    which is wide rather than narrow: chance agreement rises and falls with the observed one.
    """
    total = fsum(map(_decided, tables))
    if not total:
        return Share(None)
    first = fsum(each[True, b] for each in tables for b in (True, False)) / total
    second = fsum(each[a, True] for each in tables for a in (True, False)) / total
    expected = first * second + (1 - first) * (1 - second)
    observed = fsum(map(_agreed, tables)) / total
    if expected >= 1:
        return Share(None, draws=round(total))
    found = agreement(tables, level)
    value = (observed - expected) / (1 - expected)
    if found.low is None or found.high is None:
        return Share(value, draws=round(total))

    def scaled(agreed: float) -> float:
        return max(-1.0, (agreed - expected) / (1 - expected))

    return Share(value, scaled(found.low), scaled(found.high), round(total))


def _agreed(table: Mapping[Pair, float]) -> float:
    return table[True, True] + table[False, False]


def _decided(table: Mapping[Pair, float]) -> float:
    return fsum(table[a, b] for a in (True, False) for b in (True, False))
