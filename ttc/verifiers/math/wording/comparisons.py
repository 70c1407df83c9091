"""Comparisons in words: "all real numbers greater than 3"."""

from __future__ import annotations

import re

_COMPARED = tuple(
    (re.compile(rf"(?<![\\A-Za-z])(?:(?:is|are|be) )?(?:strictly )?(?:{words})\b", re.I), sign)
    for words, sign in (
        (
            r"(?:greater|more|larger|bigger) than or equal to|at least|(?:no|not) less than",
            r"\\ge ",
        ),
        (
            r"(?:less|smaller|fewer) than or equal to|at most|(?:no|not) (?:more|greater) than",
            r"\\le ",
        ),
        (r"(?:greater|more|larger|bigger) than", "> "),
        (r"(?:less|smaller|fewer) than", "< "),
        (r"not equal to", r"\\ne "),
        (r"equals|equal to", "= "),
    )
)
_COMPARES = re.compile(r"\b(?:than|at least|at most|equals?)\b")
# All real numbers greater than 3; all x such that x > 3.
_ALL = re.compile(
    r"^(?:the set of )?(?:all )?(?:real )?(?:numbers|values|reals)(?: of)?(?: [a-z])?"
    r"(?: such that| where| for which| with| that are| which are)? (?=(?:[a-z] )?(?:[<>]|\\[lg]e ))"
    r"|^all [a-z] such that ",
    re.I,
)


def in_signs(text: str) -> str:
    """Return an answer whose comparisons in words are signs: "x is at least 3" is x ≥ 3."""
    if not _COMPARES.search(text):
        return text
    for words, sign in _COMPARED:
        text = words.sub(sign, text)
    return _ALL.sub("", text)
