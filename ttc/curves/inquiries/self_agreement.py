"""How far a judge agrees with itself when it judges the same draws again.

From a re-run, its verdicts are compared; from the votes that a judge with several of them has cast
already, its single votes are.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import fsum, sqrt
from typing import TYPE_CHECKING, Any

from ttc.curves.inquiries.clustered import Share
from ttc.curves.inquiries.confusion import PAIRS, Pair, agreement, kappa
from ttc.errors import UsageError

if TYPE_CHECKING:
    from ttc.outcomes.opinions import Opinion, Repeats


@dataclass(frozen=True, slots=True)
class SelfAgreement:
    """How far the `verdicts` of two runs of a judge agree, or its single `votes`, as `of` says.

    `agreement` and `kappa` are over the draws that were decided both times, with intervals for
    problems like these. `undecided` counts the draws where one of two was not. `noise` is the
    standard deviation, from the judge alone, of the share of the `judged` draws that one run
    accepts; `best` the highest share of draws on which one run can agree with any truth.
    `score_noise` is the standard deviation of the score of a draw from run to run. `tokens` is what
    the re-run cost.
    """

    judge: str
    of: str
    draws: int
    problems: int
    judged: int
    undecided: int
    agreement: Share
    kappa: Share
    noise: float | None
    best: float | None
    score_noise: float | None
    tokens: int | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def self_agreements(repeats: Repeats, *, source: str, level: float | None) -> list[SelfAgreement]:
    """Return the agreement of a judge's runs and of its votes, as far as there are any.

    UsageError with the remedy if there are neither.
    """
    found = [
        _agreement(repeats, of, list(draws.values()), level)
        for of, draws in (("verdicts", repeats.runs), ("votes", repeats.votes))
        if draws
    ]
    if not found:
        raise UsageError(
            f"{source}: {repeats.judge} judged each draw once, with one vote; "
            f"ttc verify {shlex.quote(source)} -V {shlex.quote(repeats.judge)} --rerun 100"
        )
    return found


def _agreement(
    repeats: Repeats, of: str, problems: Sequence[Sequence[Sequence[Opinion]]], level: float | None
) -> SelfAgreement:
    tables = [_pairs(draws) for draws in problems]
    same = agreement(tables, level)
    noise = best = None
    if same.value is not None:
        # A draw that is accepted with probability q adds q(1 − q) to the variance, and two runs
        # differ on it with probability 2q(1 − q).
        noise = sqrt((1 - same.value) / 2 / repeats.judged)
        best = (1 + sqrt(max(0.0, 2 * same.value - 1))) / 2
    every = [draw for draws in problems for draw in draws]
    return SelfAgreement(
        repeats.judge,
        of,
        len(every),
        len(problems),
        repeats.judged,
        sum(any(each.correct is None for each in draw) for draw in every),
        same,
        kappa(tables, level),
        noise,
        best,
        _score_noise(every),
        repeats.tokens if of == "verdicts" else None,
    )


def _pairs(draws: Sequence[Sequence[Opinion]]) -> dict[Pair, float]:
    """Return the mean table of two opinions on each draw, summed over draws.

    The mean is over all ordered pairs of the opinions that decide, so that the agreement is an
    unbiased estimate of that of two new ones. Draws with fewer than two count nowhere.
    """
    table: dict[Pair, float] = dict.fromkeys(PAIRS, 0.0)
    for draw in draws:
        decided = [each.correct for each in draw if each.correct is not None]
        right, n = sum(decided), len(decided)
        if n < 2:
            continue
        wrong, pairs = n - right, n * (n - 1)
        table[True, True] += right * (right - 1) / pairs
        table[False, False] += wrong * (wrong - 1) / pairs
        table[True, False] += right * wrong / pairs
        table[False, True] += right * wrong / pairs
    return table


def _score_noise(draws: Sequence[Sequence[Opinion]]) -> float | None:
    """Return the standard deviation of scores within a draw, pooled over draws."""
    squares, degrees = 0.0, 0
    for draw in draws:
        scores = [each.score for each in draw if each.score is not None]
        if len(scores) > 1:
            mean = fsum(scores) / len(scores)
            squares += fsum((score - mean) ** 2 for score in scores)
            degrees += len(scores) - 1
    return sqrt(squares / degrees) if degrees else None
