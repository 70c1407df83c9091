"""Competition mathematics: a problem with its worked solution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes import noting
from ttc.formats.shapes.fields import asked, scalar, text
from ttc.formats.shapes.shape import Asked, Shape, of

# What NuminaMath 1.5 writes where a problem has no final answer.
_NO_ANSWER = ("proof", "notfound")


def _boxed(record: Mapping[str, Any], name: str) -> str | None:
    from ttc.answers.extract import boxed

    found = boxed(text(record, name))
    if found is not None:
        noting.role(record, "reference", name)
    return found


class Math(Shape):
    r"""Read MATH and its kin: `problem`, `answer` or the box of `solution`. Verifier: math.

    MATH-500, DeepScaleR, Omni-MATH, Minerva and AIME sets with solutions have these fields too.
    """

    name = "math"
    fields = of("problem", "solution")
    verifier = "math"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the problem and its final answer."""
        answer = scalar("answer", record.get("answer"))
        if answer is not None:
            noting.role(record, "reference", "answer")
        else:
            answer = self._solved(record)
        return Asked(asked(record, "problem"), answer)

    def _solved(self, record: Mapping[str, Any]) -> str | None:
        """Return the answer of the solution."""
        found = _boxed(record, "solution")
        if found is None:
            raise ValueError(r"it has neither an 'answer' nor a \boxed{} in 'solution'")
        return found


class NuminaMath(Math):
    r"""Read NuminaMath: `problem` and the box of `solution`; proofs have none. Verifier: math."""

    name = "numinamath"
    fields = of("source", "problem", "solution", "messages")

    def _solved(self, record: Mapping[str, Any]) -> str | None:
        return _boxed(record, "solution")


class NuminaMath15(Math):
    """Read NuminaMath 1.5 and OpenR1-Math: `problem`, `answer`, if any. Verifier: math."""

    name = "openr1-math"
    fields = of("problem", "solution", "answer", "problem_type", "question_type")

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the problem, and its final answer if there is one."""
        found = scalar("answer", record.get("answer"))
        if found is None or found.strip().lower() in _NO_ANSWER:
            return Asked(asked(record, "problem"))
        noting.role(record, "reference", "answer")
        return Asked(asked(record, "problem"), found)


class OlympiadBench(Shape):
    """Read OlympiadBench: `context`, `question` and `final_answer`. Verifier: math."""

    name = "olympiadbench"
    fields = of("question", "final_answer", "answer_type", "is_multiple_answer")
    verifier = "math"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its context, and its answers as one text; proofs have none."""
        found = record["final_answer"]
        listed = found if isinstance(found, list) else [found]
        golds = [each for each in (scalar("final_answer", item) for item in listed) if each]
        if golds:
            noting.role(record, "reference", "final_answer")
        return Asked(asked(record, "context", "question"), ", ".join(golds) or None)
