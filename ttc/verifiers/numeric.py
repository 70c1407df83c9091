"""numeric: the answer and the reference are the same number, as exact rationals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from ttc.answers.extract import canonical, extract, number
from ttc.answers.extraction.clauses import unlabelled
from ttc.options import OptionReader
from ttc.records import Sample, Verdict
from ttc.verifiers.references import accepted, any_of

TOLERANCE = "a number from 0 to below 1"


class Numeric:
    """The answer is the reference's number; `tol=0.01` accepts a relative error of 1 %.

    Currency, unit words and the percent sign are ignored on both sides, and nothing is
    rescaled: 50% is 50, as in GSM8K's gold answers, never 0.5. The verdict's answer is the bare
    number, so that answers judged equal vote together. If the reference has several answers, any
    is right.
    """

    name = "numeric"
    version = "2"
    reads_reference = True

    def __init__(self, **options: object) -> None:
        read = OptionReader(self.name, options)
        self._tol = read.value("tol", Fraction(0), tolerance, TOLERANCE)
        read.end()

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect."""
        return {"tol": float(self._tol)}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order."""
        return map(self._judge, samples)

    def _judge(self, sample: Sample) -> Verdict:
        found = unlabelled(extract(sample.text) or "") or None
        value = None if found is None else number(found)
        answer = None if found is None else canonical(found)
        if answer and value is not None:
            answer = answer.removesuffix("%")
        golds = accepted(sample.reference) or (None,)
        return any_of(self._against(gold, answer, value) for gold in golds)

    def _against(self, gold: object, answer: str | None, value: Fraction | None) -> Verdict:
        expected = _exact(gold)
        if expected is None:
            detail = f"the reference answer is {gold!r}, not a number"
            return Verdict(answer, status="no_reference", detail=detail)
        if answer is None:
            return Verdict(correct=False, score=0.0, status="no_answer")
        correct = value is not None and abs(value - expected) <= self._tol * abs(expected)
        return Verdict(answer, correct, float(correct))


def tolerance(given: object) -> Fraction:
    """Return a relative tolerance as it is written; ValueError if it is not one."""
    found = _exact(given)
    if found is None or not 0 <= found < 1:
        raise ValueError
    return found


def _exact(value: object) -> Fraction | None:
    """Return the exact value of a JSON number or text: 0.1 is one tenth, not the nearest float."""
    if isinstance(value, str):
        return number(value)
    if isinstance(value, float):
        return Fraction(repr(value)) if math.isfinite(value) else None
    return Fraction(value) if type(value) is int else None
