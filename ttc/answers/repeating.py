"""Repeating decimals, which are exact: 0.333... is 1/3."""

from __future__ import annotations

import re
from fractions import Fraction

_DOTS = r"(?:\.{3}|…|\\[lc]?dots(?![A-Za-z]))"
_WORD = r"\ (?:repeating|recurring)\b"
_RECURRING = r"\\(?:overline|bar|dot|widebar|overset\{\.\})\ ?(?:\{[0-9]+\}|[0-9])"
# With a decimal comma too; after it, dots need a zero before it, since 1,222... may be a list.
_MARKED = rf"[0-9]*(?:{_RECURRING}[0-9]*)+"
MARKED = rf"[0-9]+[.,](?:{_MARKED}|\([0-9]+\))"
REPEATING = rf"""(?:{MARKED} | [0-9]+\.[0-9]+\([0-9]+\)
    | (?:[0-9]+\.|0,)[0-9]+(?:{_DOTS}|{_WORD}))"""


def repeating(text: str) -> Fraction | None:
    r"""Return the value of `0.\overline{3}`, `0.1\dot{6}`, `0.(3)` or `0.333...`.

    Dots, or the word "repeating", repeat the shortest period that the digits end in: three times
    if it is a single digit (0.1666...), or twice if nothing is before it (0.33...). Without one
    there is no value: 3.14... is some longer number.
    """
    whole, places = re.split("[.,]", text, maxsplit=1)
    if found := re.fullmatch(rf"([0-9]+)(?:{_DOTS}|{_WORD})", places):
        alone = len(found[1]) == 1 and not re.search(_DOTS, places)
        period = ("", found[1]) if alone else _period(found[1])
        return None if period is None else _recurring(whole, *period)
    if found := re.fullmatch(r"([0-9]*)\(([0-9]+)\)", places):
        return _recurring(whole, found[1], found[2])
    return _marked(whole, places)


def _marked(whole: str, places: str) -> Fraction | None:
    marks = list(re.finditer(_RECURRING, places))
    start, end = marks[0].start(), marks[-1].end()
    digits = re.sub(r"\\overset\{\.\}|[^0-9]", "", places[start:end])
    if places[end:]:  # digits behind a period
        return None
    return _recurring(whole, places[:start], digits)


def _period(places: str) -> tuple[str, str] | None:
    for length in range(1, len(places) // 2 + 1):
        period = places[-length:]
        times = 3 if length == 1 and places.strip(period) else 2
        if places.endswith(period * times):
            start = len(places)
            while places[:start].endswith(period):
                start -= length
            return places[:start], period
    return None


def _recurring(whole: str, before: str, period: str) -> Fraction:
    shift = 10 ** len(before)
    head = Fraction(int(whole + before), shift)
    return head + Fraction(int(period), shift * (10 ** len(period) - 1))
