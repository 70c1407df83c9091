"""Scores of inspect as verdicts, and verdicts as scores.

A value is C, I, P or N (correct, incorrect, partial, no answer), a truth value, a number, or an
object or list of such. What a score of inspect does not hold of a verdict is in its metadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from ttc.formats import Opinion
from ttc.records import Verdict

OURS = "ttc"  # the key of metadata with what only ttc knows
_LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
# Scorers of inspect that compare with the target, whatever their options.
_REFERRING = frozenset(
    (
        "answer",
        "choice",
        "exact",
        "f1",
        "includes",
        "match",
        "math",
        "model_graded_fact",
        "model_graded_qa",
        "pattern",
    )
)


def opinions(
    scores: Mapping[str, Any] | None, options: Mapping[str, Mapping[str, Any]], version: str
) -> Iterator[Opinion]:
    """Yield the verdicts of a sample's scores; `options` are those of each scorer."""
    for name, score in (scores or {}).items():
        if not isinstance(score, Mapping):
            continue
        ours = (score.get("metadata") or {}).get(OURS)
        if isinstance(ours, Mapping):
            yield _own(ours)
            continue
        value = score.get("value")
        parts = value.items() if isinstance(value, Mapping) else [("", value)]
        for part, each in parts:
            verdict = _verdict(each, score, name.rpartition("/")[2])
            if verdict is not None:
                full = f"inspect:{name}" + (f".{part}" if part else "")
                yield Opinion(full, verdict, version, dict(options.get(name) or {}))


def unused(scores: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the scores whose values are lists, which no verdict holds."""
    return frozenset(
        f"scores.{name}"
        for name, score in (scores or {}).items()
        if isinstance(score, Mapping) and isinstance(score.get("value"), list)
    )


def _verdict(value: Any, score: Mapping[str, Any], scorer: str) -> Verdict | None:
    if isinstance(value, (list, Mapping)) or value is None:
        return None
    number, correct = _number(value)
    answer = score.get("answer")
    status = "ok"
    if value == "N":
        status = "no_answer"
    elif number is None:
        status = "unscored"
    return Verdict(
        answer=None if answer is None else str(answer),
        correct=correct,
        score=number,
        status=status,
        detail=str(score.get("explanation") or ""),
        reads_reference=True if scorer in _REFERRING else None,
    )


def _number(value: Any) -> tuple[float | None, bool | None]:
    """Return the score of a value, and whether it is correct; None if it does not say."""
    if isinstance(value, bool):
        return float(value), value
    if isinstance(value, (int, float)):
        return (float(value), None) if isfinite(value) else (None, None)
    text = str(value)
    if text in _LETTERS:
        return _LETTERS[text], None if text == "P" else text == "C"
    if text.lower() in _WORDS:
        number = _WORDS[text.lower()]
        return number, number == 1
    try:
        number = float(text)
    except ValueError:
        return None, None
    return (number, None) if isfinite(number) else (None, None)


def _own(about: Mapping[str, Any]) -> Opinion:
    """Return a verdict that ttc wrote."""
    score = about.get("score")
    verdict = Verdict(
        answer=about.get("answer"),
        correct=about.get("correct"),
        score=None if score is None else float(score),
        status=str(about.get("status") or "ok"),
        detail=str(about.get("detail") or ""),
        tokens=about.get("tokens"),
        reads_reference=about.get("reads_reference"),
    )
    version, config = str(about.get("version") or ""), dict(about.get("config") or {})
    return Opinion(str(about.get("verifier")), verdict, version, config)


def score_of(opinion: Opinion) -> dict[str, Any]:
    """Return a verdict as a score of inspect, with all of it in the metadata."""
    verdict = opinion.verdict
    about = {**asdict(verdict), "verifier": opinion.verifier, "version": opinion.version}
    del about["votes"]
    about["config"] = {name: each for name, each in opinion.config.items() if name != "imported"}
    score = verdict.score
    if score is not None and not isfinite(score):
        about["score"] = str(score)
    value: Any = score if score is not None and isfinite(score) else "N"
    if verdict.correct is not None:
        value = "C" if verdict.correct else "I"
    return {
        "value": value,
        "answer": verdict.answer,
        "explanation": verdict.detail or None,
        "metadata": {OURS: about},
    }


def value_of(score: Mapping[str, Any]) -> float:
    """Return the number that inspect computes means with."""
    value = score["value"]
    return _LETTERS[value] if isinstance(value, str) else float(value)
