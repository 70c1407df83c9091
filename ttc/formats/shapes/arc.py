"""Questions of exams and of common sense, whose choices have labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ttc.formats.shapes import choices, noting
from ttc.formats.shapes.fields import about, asked, has
from ttc.formats.shapes.noting import inside
from ttc.formats.shapes.shape import Asked, Shape, lettered, of


class Arc(Shape):
    """Read ARC: `question`, `choices` with text and label, `answerKey`. Verifier: choice."""

    name = "arc"
    fields = of("question", "choices", "answerKey")
    verifier = "choice"
    asks: ClassVar[str] = "question"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the question is a text, and there is none that it is about."""
        return has(record, self.asks, str) and about(record) is None

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its choices, and the label of the right one."""
        found = choices.read(record, "choices")
        return Asked(asked(record, self.asks), lettered(record, "answerKey", found), found)


class CommonsenseQa(Arc):
    """Read CommonsenseQA: ARC's fields and `question_concept`. Verifier: choice."""

    name = "commonsense-qa"
    fields = of("question", "question_concept", "choices", "answerKey")


class OpenBookQa(Arc):
    """Read OpenBookQA: `question_stem`, `choices`, `answerKey`. Verifier: choice."""

    name = "openbookqa"
    fields = of("question_stem", "choices", "answerKey")
    asks = "question_stem"


class Ai2(Shape):
    """Read the first files of ARC, OpenBookQA and CommonsenseQA: a `stem`. Verifier: choice."""

    name = "ai2"
    fields = of("question", "answerKey")
    verifier = "choice"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the question is an object with a stem."""
        return has(record, "question", dict) and "stem" in record["question"]

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the stem with its choices, and the label of the right one."""
        inner = inside(record, "question")
        found = choices.read(inner, "choices")
        return Asked(asked(inner, "stem"), lettered(record, "answerKey", found), found)


class MedQa(Shape):
    """Read MedQA: `question`, `options`, and the letter in `answer_idx`. Verifier: choice."""

    name = "medqa"
    fields = of("question", "options", "answer_idx")
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its options, and the letter of the right one."""
        found = choices.read(record, "options")
        return Asked(asked(record, "question"), lettered(record, "answer_idx", found), found)


class Aqua(Shape):
    """Read AQuA: `question`, `options` such as "A)21", and `correct`. Verifier: choice."""

    name = "aqua"
    fields = of("question", "options", "correct")
    verifier = "choice"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the options have their letters in front."""
        return _split(record["options"]) is not None

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its options, and the letter of the right one."""
        texts = _split(record["options"])
        if texts is None:
            raise ValueError('\'options\' must be a list such as ["A)21", "B)22"]')
        noting.role(record, "choices", "options")
        found = choices.of_texts(texts)
        return Asked(asked(record, "question"), lettered(record, "correct", found), found)


def _split(options: object) -> list[str] | None:
    """Return the texts of options that begin with their own letters, else None."""
    if not isinstance(options, list) or not options:
        return None
    found = []
    for at, option in enumerate(options):
        letter = chr(ord("A") + at)
        if not isinstance(option, str) or not option.lstrip("( ").upper().startswith(f"{letter})"):
            return None
        found.append(option.partition(")")[2].strip())
    return found
