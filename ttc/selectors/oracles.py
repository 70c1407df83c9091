"""Oracles: rules that pick by what only the reference tells, so that nobody could follow them.

Coverage is an oracle by itself. A rule that ranks, weighs, accepts, filters or stops by a score is
one if the verifier behind that score read the reference: best-of-n by the score of `math` is
coverage under another name. Oracles are drawn as such, and nothing recommends them unless asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import NamedTuple

from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.extras import is_oracle, scorers_of
from ttc.selectors.worth import is_value


class ScoreOrigin(NamedTuple):
    """The verifier behind a score, and whether it read the reference (None: it may have)."""

    verifier: str
    reads_reference: bool | None

    def __str__(self) -> str:
        if self.reads_reference is not None:
            return f"{self.verifier}, which read the reference"
        withheld = " (cmd:reference=no … withholds it)" if self.verifier == "cmd" else ""
        return f"{self.verifier}, which may have read the reference{withheld}"


@dataclass(frozen=True, slots=True)
class Scored:
    """What is known of the scores of a source.

    `origins` are by the name of the scorer (`Outcome.scores`), "" for `Outcome.score`. Of a score
    that is not there nothing is known, as in a file of another program: it is taken for one that
    could be had without the reference, unless it tells correct draws from all others.

    `accepted` is the verifier that chose the draws themselves (`ttc solve -V … --keep POOL`).
    """

    origins: Mapping[str, ScoreOrigin] = field(default_factory=dict)
    accepted: ScoreOrigin | None = None


def why_oracles(
    rules: Mapping[str, Selector], draws: Sequence[Outcome], scored: Scored
) -> dict[str, str]:
    """Return why rules are oracles over these draws, by name; the others are left out."""
    memo: dict[str, str | None] = {}
    found = ((name, _why(rule, draws, scored, memo)) for name, rule in rules.items())
    return {name: why for name, why in found if why is not None}


BY_CORRECT = "which draws are correct"  # what an oracle by itself picks by


def _why(
    rule: Selector, draws: Sequence[Outcome], scored: Scored, memo: dict[str, str | None]
) -> str | None:
    if is_oracle(rule):
        return BY_CORRECT
    if _read(scored.accepted):
        return f"what was accepted by {scored.accepted}"
    for name in _scores_of(rule, draws):
        if name not in memo:
            memo[name] = _why_score(name, draws, scored.origins.get(name))
        if (why := memo[name]) is not None:
            return why
    return None


def _scores_of(rule: Selector, draws: Sequence[Outcome]) -> list[str]:
    """Return the names of the scores that a rule uses, "" for that of the verdicts."""
    names = [""] if "score" in rule.needs else []
    if "scores" in rule.needs:
        # A plugin's rule that does not name its scorers may use any of them.
        names += sorted(scorers_of(rule) or {name for draw in draws for name in draw.scores or ()})
    return names


def _why_score(name: str, draws: Sequence[Outcome], origin: ScoreOrigin | None) -> str | None:
    if is_value(draws, name):
        return f"the score{f' {name!r}' * bool(name)} that is the value of a draw"
    if origin is not None:
        return f"the score of {origin}" if _read(origin) else None
    if _tells_correct(name, draws):
        return f"a score{f' {name!r}' * bool(name)} that tells the correct draws from all others"
    return None


def _read(origin: ScoreOrigin | None) -> bool:
    return origin is not None and origin.reads_reference is not False


def _tells_correct(name: str, draws: Sequence[Outcome]) -> bool:
    """Return whether a score has one value for all correct draws and a lower one for all others.

    So has 1 and 0, 100 and 0, or a score that only correct draws have. If all draws are correct,
    or none is, only 1 or 0 is taken for such a score, since any other may be a constant.
    """
    found: dict[bool, float] = {}
    for draw in draws:
        score = (draw.scores or {}).get(name) if name else draw.score
        value = float("-inf") if score is None or isnan(score) else float(score)
        if found.setdefault(bool(draw.correct), value) != value:
            return False
    if len(found) < 2:
        return any(value == float(correct) for correct, value in found.items())
    return found[True] > found[False]
