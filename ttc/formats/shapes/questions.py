"""Datasets of a question and an answer, without more to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes import noting, turns
from ttc.formats.shapes.fields import answer, asked, has, several
from ttc.formats.shapes.noting import plain
from ttc.formats.shapes.shape import Asked, Shape, of


class SimpleQa(Shape):
    """Read SimpleQA: `problem`, `answer`, `metadata`. Verifier: judge."""

    name = "simpleqa"
    fields = of("problem", "answer", "metadata")
    verifier = "judge"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the metadata are a text with a topic."""
        return has(record, "answer", str) and "topic" in str(record["metadata"])

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question and its answer."""
        return Asked(asked(record, "problem"), answer(record, "answer"))


class TriviaQa(Shape):
    """Read TriviaQA: `question`, `answer` with value and aliases. Verifier: exact:case=fold."""

    name = "triviaqa"
    fields = of("question", "answer")
    verifier = "exact:case=fold"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the answer is an object with a value."""
        return has(record, "answer", dict) and isinstance(record["answer"].get("value"), str)

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question and its answers."""
        noting.role(record, "reference", "answer")
        return Asked(asked(record, "question"), record["answer"])


class NqOpen(Shape):
    """Read NQ-open: `question`, a list in `answer`. Verifier: exact:case=fold."""

    name = "nq-open"
    fields = of("question", "answer")
    verifier = "exact:case=fold"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the answers are a list, and there is no text to read."""
        return record.keys() <= {"id", "question", "answer"} and has(record, "answer", list)

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question and its answers."""
        return Asked(asked(record, "question"), several(record, "answer") or None)


class Bbh(Shape):
    """Read BIG-Bench Hard: `input` and `target`. Verifier: exact, choice where it is a letter."""

    name = "bbh"
    fields = of("input", "target")
    verifier = "exact"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether both are texts, and there is nothing else that is asked."""
        return (
            has(record, "input", str)
            and has(record, "target", str)
            and not {"choices", "question", "prompt", "problem", "instruction"} & record.keys()
        )

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the input and the target."""
        return Asked(asked(record, "input"), answer(record, "target"))


class IfEval(Shape):
    """Read IFEval: `prompt`; its checks of instructions are no reference."""

    name = "ifeval"
    fields = of("prompt", "instruction_id_list", "kwargs")
    remark = "the checks of instructions are in no verifier: -V cmd:… runs a program of your own"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the prompt."""
        return Asked(asked(record, "prompt"))


class AlpacaEval(Shape):
    """Read AlpacaEval: `instruction`; `output` is that of a model to compare with."""

    name = "alpaca-eval"
    fields = of("instruction", "output", "generator")

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the instruction."""
        return Asked(asked(record, "instruction"))


class MtBench(Shape):
    """Read MT-Bench and LiveBench: the first of `turns`. Verifier: judge."""

    name = "mt-bench"
    fields = of("turns")
    identifiers = ("question_id", "prompt_id")
    verifier = "judge"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the turns are a list."""
        return has(record, "turns", list) and bool(record["turns"])

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the first turn, and its reference."""
        return Asked(turns.first(record, "turns"), self._reference(record))

    def _reference(self, record: Mapping[str, Any]) -> str | None:
        for name in ("ground_truth", "reference"):
            value = plain(record).get(name)
            if isinstance(value, list) and value and isinstance(value[0], str):
                noting.used(record, name)
                noting.role(record, "reference", name)
                return value[0] or None
            if value not in (None, "", []):
                return answer(record, name)
        return None


class MtBenchPrompts(MtBench):
    """Read MT-Bench as prompts: the first of a list of texts in `prompt`. Verifier: judge."""

    name = "mt-bench-prompts"
    fields = of("prompt", "prompt_id", "category")

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the prompt is a list of texts."""
        found = record["prompt"]
        return isinstance(found, list) and bool(found) and isinstance(found[0], str)

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the first turn, and its reference."""
        return Asked(turns.first(record, "prompt"), self._reference(record))
