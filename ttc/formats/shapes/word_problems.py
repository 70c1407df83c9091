"""Word problems whose story and question are fields of their own: SVAMP, ASDiv, MAWPS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes.fields import answer, asked, scalar, text
from ttc.formats.shapes.noting import plain, role
from ttc.formats.shapes.shape import Asked, Shape, of

_NUMBER = re.compile(r"\bN_([0-9]{1,3})\b")


def _told(story: str, question: str) -> str:
    """Return the story and its question as one text."""
    return f"{story.strip()} {question.strip()}"


class Svamp(Shape):
    """Read SVAMP: `Body` and `Question` together, and `Answer`. Verifier: numeric."""

    name = "svamp"
    fields = of("Body", "Question", "Answer")
    identifiers = ("ID",)
    verifier = "numeric"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the story with its question, and the number."""
        role(record, "question", "Body")
        role(record, "question", "Question")
        whole = _told(text(record, "Body"), text(record, "Question"))
        return Asked(whole, answer(record, "Answer"))


class Asdiv(Shape):
    """Read ASDiv: `body` and `question` together, `answer` without its unit. Verifier: numeric."""

    name = "asdiv"
    fields = of("body", "question", "answer")
    verifier = "numeric"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the story with its question, and the answer before its unit: 9 of "9 (apples)"."""
        role(record, "question", "body")
        role(record, "question", "question")
        gold = answer(record, "answer")
        whole = _told(text(record, "body"), text(record, "question"))
        return Asked(whole, None if gold is None else gold.split(" (")[0])


class Mawps(Shape):
    """Read MAWPS: `sQuestion` and `lSolutions`. Verifier: numeric."""

    name = "mawps"
    fields = of("sQuestion", "lSolutions")
    identifiers = ("iIndex",)
    verifier = "numeric"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question and its solution. ValueError for several solutions."""
        found = record["lSolutions"]
        if not isinstance(found, list) or len(found) > 1:
            raise ValueError("'lSolutions' must be a list of one number")
        role(record, "reference", "lSolutions")
        gold = scalar("lSolutions", found[0]) if found else None
        return Asked(asked(record, "sQuestion"), gold)


class MawpsNumbered(Shape):
    """Read MAWPS with `N_00` for numbers: `Question`, `Numbers`, `Answer`. Verifier: numeric."""

    name = "mawps-numbered"
    fields = of("Question", "Numbers", "Answer")
    verifier = "numeric"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the question has places for numbers."""
        return _NUMBER.search(str(plain(record)["Question"])) is not None

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its numbers put in. ValueError if one is missing."""
        numbers = str(record["Numbers"]).split()
        role(record, "question", "Question")
        role(record, "question", "Numbers")

        def put(place: re.Match[str]) -> str:
            at = int(place[1])
            if at >= len(numbers):
                raise ValueError(f"'Numbers' has no number for {place[0]}")
            return numbers[at].removesuffix(".0")

        whole = _NUMBER.sub(put, text(record, "Question"))
        return Asked(whole, answer(record, "Answer"))
