"""numeric: the answer and the reference are the same number, as exact rationals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from ttc.answers.canonical import spelt
from ttc.answers.extract import canonical, extract, number
from ttc.answers.extraction.clauses import unlabelled
from ttc.answers.locales import LOCALE, decimal_comma
from ttc.answers.numbers import STRICT, Style, has_decimal_comma
from ttc.options import OptionReader
from ttc.records import Sample, Verdict
from ttc.verifiers.references import accepted, any_of

TOLERANCE = "a number from 0 to below 1"


class Numeric:
    """The answer is the reference's number; `tol=0.01` accepts a relative error of 1 %.

    Currency, unit words and the percent sign are ignored on both sides, and no unit is converted:
    50% is 50, as in GSM8K's gold answers, never 0.5. Words that multiply count: 5 dozen is 60, and
    1.5M is 1500000. The verdict's answer is the bare number, so that answers judged equal vote
    together. If the reference has several answers, any is right.

    `2,5` is two and a half, since an answer is one number, and `1,234` is a thousand, unless the
    reference shows by its own writing (`0,75`, `1.234,5`) that commas are decimal, or
    `locale=de` says so. With `locale=en` no comma is.
    """

    name = "numeric"
    version = "2"
    reads_reference = True

    def __init__(self, **options: object) -> None:
        read = OptionReader(self.name, options)
        self._tol = read.value("tol", Fraction(0), tolerance, TOLERANCE)
        self._comma = read.value("locale", None, decimal_comma, LOCALE)
        read.end()

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect."""
        return {"tol": float(self._tol)} | decimal_option(self._comma)

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order."""
        return map(self._judge, samples)

    def _judge(self, sample: Sample) -> Verdict:
        golds = accepted(sample.reference) or (None,)
        found = unlabelled(extract(sample.text) or "") or None
        return any_of(self._against(gold, found) for gold in golds)

    def _against(self, gold: object, found: str | None) -> Verdict:
        style = Style(convention(gold, self._comma), loose=True, letters=True)
        value = None if found is None else number(found, style)
        answer = None if found is None else canonical(found) if value is None else spelt(value)
        expected = _exact(gold, style)
        if expected is None:
            detail = f"the reference answer is {gold!r}, not a number"
            return Verdict(answer, status="no_reference", detail=detail)
        if answer is None:
            return Verdict(correct=False, score=0.0, status="no_answer")
        correct = value is not None and abs(value - expected) <= self._tol * abs(expected)
        return Verdict(answer, correct, float(correct))


def convention(gold: object, locale: bool | None) -> bool | None:
    """Return whether commas are decimal: as the locale has it, or as the reference is written."""
    shown = locale is None and isinstance(gold, str) and has_decimal_comma(gold)
    return True if shown else locale


def decimal_option(comma: bool | None) -> dict[str, Any]:
    """Return the part of a verifier's configuration that its locale is; empty for `auto`."""
    return {} if comma is None else {"decimal": "," if comma else "."}


def tolerance(given: object) -> Fraction:
    """Return a relative tolerance as it is written; ValueError if it is not one."""
    found = _exact(given)
    if found is None or not 0 <= found < 1:
        raise ValueError
    return found


def _exact(value: object, style: Style = STRICT) -> Fraction | None:
    """Return the exact value of a JSON number or text: 0.1 is one tenth, not the nearest float."""
    if isinstance(value, str):
        return number(value, style)
    if isinstance(value, float):
        return Fraction(repr(value)) if math.isfinite(value) else None
    return Fraction(value) if type(value) is int else None
