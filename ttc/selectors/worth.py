"""What a draw is worth: 1 or 0 as it is right or wrong, or its score (`ttc sweep --value`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isnan

from ttc.errors import wrong_option
from ttc.records import Outcome
from ttc.selectors import Selector

CORRECT = "correct"  # the value by default: 1 for a correct draw, else 0
SCORE = "score"


def check(value: str) -> None:
    """Raise UsageError for what is no value of a draw."""
    name, colon, scorer = value.partition(":")
    if value != CORRECT and (name != SCORE or bool(colon) != bool(scorer)):
        raise wrong_option("value", value, "there are correct, score and score:VERIFIER")


def scorer_of(value: str) -> str:
    """Return the verifier whose scores `score:VERIFIER` names; "" for the verdict's own."""
    return value.partition(":")[2]


def score_of(outcome: Outcome, scorer: str) -> float | None:
    """Return the score of a draw by the verifier of that name, or of its verdict for ""; None if it
    has none (NaN is none)."""
    found = (outcome.scores or {}).get(scorer) if scorer else outcome.score
    return None if found is None or isnan(found) else float(found)


def graded(outcomes: Sequence[Outcome], scorer: str) -> list[Outcome]:
    """Return the draws that have a score, worth that score."""
    scores = ((outcome, score_of(outcome, scorer)) for outcome in outcomes)
    return [replace(outcome, value=score) for outcome, score in scores if score is not None]


def is_value(outcomes: Sequence[Outcome], scorer: str) -> bool:
    """Return whether the score of that name is what the draws are worth.

    A rule that goes by such a score goes by the value itself: it is an oracle, as `max` is.
    """
    return bool(outcomes) and all(
        outcome.value is not None and outcome.value == score_of(outcome, scorer)
        for outcome in outcomes
    )


def fields_of(rule: Selector, outcomes: Sequence[Outcome]) -> frozenset[str]:
    """Return the fields that a rule and its value need; graded draws need not be judged right or
    wrong."""
    if outcomes and outcomes[0].value is not None:
        return rule.needs - {CORRECT}
    return rule.needs | {CORRECT}
