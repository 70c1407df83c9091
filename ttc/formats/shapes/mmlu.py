"""MMLU and exams with its fields, or with a field for each choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ttc.formats.shapes import choices, noting
from ttc.formats.shapes.fields import about, asked, has
from ttc.formats.shapes.noting import plain
from ttc.formats.shapes.shape import Asked, Shape, lettered, of


class Mmlu(Shape):
    """Read MMLU: `question`, `choices`, and in `answer` the place from 0. Verifier: choice."""

    name = "mmlu"
    fields = of("question", "choices", "answer")
    verifier = "choice"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the choices are a list and the answer is a place among them, and there is
        no text that the question is about."""
        listed = has(record, "choices", list) and has(record, "answer", int)
        return listed and about(record) is None

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its choices, and the place of the right one."""
        found, place = choices.read(record, "choices"), record["answer"]
        if place is None or place == -1:
            return Asked(asked(record, "question"), None, found)
        noting.role(record, "reference", "answer")
        return Asked(asked(record, "question"), place, found)


class MmluRedux(Mmlu):
    """Read MMLU-Redux: MMLU with an `error_type`; only `ok` keeps its answer. Verifier: choice."""

    name = "mmlu-redux"
    fields = of("question", "choices", "answer", "error_type")

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its choices; no place where the annotators found a fault."""
        noting.used(record, "error_type")
        if record["error_type"] == "ok":
            return super().read(record)
        return Asked(asked(record, "question"), None, choices.read(record, "choices"))


class MmluPro(Shape):
    """Read MMLU-Pro: `question`, `options` and the letter in `answer`. Verifier: choice."""

    name = "mmlu-pro"
    fields = of("question", "options", "answer", "answer_index")
    identifiers = ("question_id",)
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its options, and the letter of the right one."""
        found = choices.read(record, "options")
        letter, place = lettered(record, "answer", found), record.get("answer_index")
        if letter is None:
            letter = lettered(record, "answer_index", found)
        elif found.label("answer_index", place) not in (None, letter):
            raise ValueError(f"'answer' is {letter}, but 'answer_index' is {place}")
        return Asked(asked(record, "question"), letter, found)


class OneFieldEach(Shape):
    """The base of exams with a field for each choice."""

    verifier = "choice"
    asks: ClassVar[str] = "question"
    gold: ClassVar[str] = "answer"
    listed: ClassVar[tuple[str, ...]] = ("A", "B", "C", "D", "E", "F")
    base: ClassVar[int] = 0

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its choices, and the letter of the right one."""
        there = [name for name in self.listed if plain(record).get(name) not in (None, "")]
        found = choices.of_fields(record, there)
        return Asked(
            asked(record, self.asks), lettered(record, self.gold, found, base=self.base), found
        )


class CEval(OneFieldEach):
    """Read C-Eval and KorMedMCQA: `question`, `A` to `E`, `answer` from 1. Verifier: choice."""

    name = "ceval"
    fields = of("question", "A", "B", "answer")
    base = 1


class Cmmlu(OneFieldEach):
    """Read MMMLU and CMMLU: `Question`, `A` to `D`, `Answer`. Verifier: choice."""

    name = "mmmlu"
    fields = of("Question", "A", "B", "Answer")
    asks = "Question"
    gold = "Answer"


class GlobalMmlu(OneFieldEach):
    """Read Global-MMLU: `question`, `option_a` to `option_d`, `answer`. Verifier: choice."""

    name = "global-mmlu"
    fields = of("question", "option_a", "option_b", "answer")
    identifiers = ("sample_id",)
    listed = ("option_a", "option_b", "option_c", "option_d", "option_e")


class MedMcqa(OneFieldEach):
    """Read MedMCQA: `question`, `opa` to `opd`, and `cop`, a place from 0. Verifier: choice."""

    name = "medmcqa"
    fields = of("question", "opa", "opb", "opc", "opd", "cop")
    listed = ("opa", "opb", "opc", "opd")
    gold = "cop"


class Belebele(OneFieldEach):
    """Read Belebele: a passage, `question`, `mc_answer1` to 4, a number. Verifier: choice."""

    name = "belebele"
    fields = of("flores_passage", "question", "mc_answer1", "mc_answer2", "correct_answer_num")
    listed = ("mc_answer1", "mc_answer2", "mc_answer3", "mc_answer4")

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the passage and the question with its answers, and the letter of the right one."""
        found = choices.of_fields(record, self.listed)
        letter = lettered(record, "correct_answer_num", found, base=1)
        return Asked(asked(record, "flores_passage", "question"), letter, found)
