"""References with several accepted answers: any of them is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ttc.records import Verdict


def accepted(reference: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the answers that a reference accepts, in order and without repeats; () if none.

    They are in `answer` and `answers`, each one answer, a list, SQuAD's `{"text": […]}`, or
    TriviaQA's `{"value": …, "aliases": […]}`.
    """
    found = [*_listed(reference.get("answer")), *_listed(reference.get("answers"))]
    return tuple({(type(answer), answer): answer for answer in found}.values())


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return one verdict for the verdicts on one sample under each accepted answer.

    It is the first that is correct, else the first undecided one, else the first wrong one. An
    accepted answer that the verifier cannot use matters only if it can use none.
    """
    return min(verdicts, key=_rank)


def _rank(verdict: Verdict) -> int:
    if verdict.correct is None:
        return 3 if verdict.status == "no_reference" else 1
    return 0 if verdict.correct else 2


def _listed(value: object) -> list[Any]:
    if isinstance(value, Mapping):
        names = ("text",) if "text" in value else ("value", "aliases")
        return [answer for name in names for answer in _listed(value.get(name))]
    if isinstance(value, list | tuple):
        return [answer for item in value for answer in _listed(item)]
    return [] if value is None else [value]
