"""Choices without an order of their own, which the dataset lists with the right one first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttc.formats.shapes import choices, noting
from ttc.formats.shapes.fields import asked, optional, several, text
from ttc.formats.shapes.shape import Asked, Shape, of

_SHUFFLED = "the choices are in an order made from each question"


def _asked(
    record: Mapping[str, Any], question: str, right: str, wrong: Sequence[str], names: Sequence[str]
) -> Asked:
    found, places = choices.shuffled(question, [right, *wrong])
    for name in names:
        noting.role(record, "choices", name)
    noting.role(record, "reference", names[0])
    return Asked(question, found.labels[places[0]], found)


class Gpqa(Shape):
    """Read GPQA: `Question`, `Correct Answer`, `Incorrect Answer 1` to 3. Verifier: choice.

    The order of the choices is made from the question, so it is the same in every run.
    """

    name = "gpqa"
    fields = of("Question", "Correct Answer", *(f"Incorrect Answer {at}" for at in (1, 2, 3)))
    identifiers = ("Record ID",)
    remark = _SHUFFLED
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its choices, and the letter of the right one."""
        names = ("Correct Answer", *(f"Incorrect Answer {at}" for at in (1, 2, 3)))
        right, *wrong = (text(record, name).strip() for name in names)
        return _asked(record, asked(record, "Question"), right, wrong, names)


class SciQ(Shape):
    """Read SciQ: `support`, `question`, `correct_answer` and three distractors. Verifier: choice.

    The order of the choices is made from the question, so it is the same in every run.
    """

    name = "sciq"
    fields = of("question", "correct_answer", *(f"distractor{at}" for at in (1, 2, 3)))
    remark = _SHUFFLED
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the text and the question with its choices, and the letter of the right one."""
        names = ("correct_answer", *(f"distractor{at}" for at in (1, 2, 3)))
        right, *wrong = (text(record, name).strip() for name in names)
        return _asked(record, asked(record, "support", "question"), right, wrong, names)


class TruthfulQa(Shape):
    """Read TruthfulQA: `question` and the choices of `mc1_targets`. Verifier: choice.

    The order of the choices is made from the question, so it is the same in every run.
    """

    name = "truthfulqa"
    fields = of("question", "mc1_targets")
    remark = _SHUFFLED
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its choices, and the letter of the true one."""
        targets = record["mc1_targets"]
        try:
            texts, marks = [*map(str, targets["choices"])], [*targets["labels"]]
            right = marks[: len(texts)].index(1)
        except (KeyError, TypeError, ValueError):
            raise ValueError("'mc1_targets' needs 'choices' and 'labels', one of them 1") from None
        wrong = [each for at, each in enumerate(texts) if at != right]
        return _asked(record, asked(record, "question"), texts[right], wrong, ("mc1_targets",))


class TruthfulQaTable(Shape):
    """Read TruthfulQA's table: `Question`, `Best Answer`, `Correct Answers`. Verifier: judge."""

    name = "truthfulqa-table"
    fields = of("Question", "Best Answer", "Correct Answers", "Incorrect Answers")
    verifier = "judge"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question and all true answers, the best one first."""
        noting.role(record, "reference", "Best Answer")
        others = optional(record, "Correct Answers").split(";")
        found = [optional(record, "Best Answer"), *(each.strip() for each in others)]
        return Asked(asked(record, "Question"), [*dict.fromkeys(filter(None, found))] or None)


class TruthfulQaText(Shape):
    """Read TruthfulQA for free answers: `best_answer`, `correct_answers`. Verifier: judge."""

    name = "truthfulqa-generation"
    fields = of("question", "best_answer", "correct_answers", "incorrect_answers")
    verifier = "judge"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question and all true answers, the best one first."""
        best = optional(record, "best_answer")
        noting.role(record, "reference", "best_answer")
        found = dict.fromkeys([*filter(None, [best]), *several(record, "correct_answers")])
        return Asked(asked(record, "question"), [*found] or None)
