"""Multiple choice about a text, and in BIG-bench."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes import choices, noting
from ttc.formats.shapes.fields import asked
from ttc.formats.shapes.multiple_choice import shows
from ttc.formats.shapes.shape import Asked, Shape, lettered, of

_OPTION = re.compile(r"([a-z]) \) (.*?)(?= , [a-z] \) |$)", re.S)


class Race(Shape):
    """Read RACE: `article`, `question`, `options`, the letter in `answer`. Verifier: choice."""

    name = "race"
    fields = of("article", "question", "options", "answer")
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the article and the question with its options, and the letter of the right one."""
        found = choices.read(record, "options")
        whole = asked(record, "article", "question")
        return Asked(whole, lettered(record, "answer", found), found)


class LogiQa(Shape):
    """Read LogiQA: `context`, `question`, `options`, the letter in `label`. Verifier: choice."""

    name = "logiqa"
    fields = of("context", "question", "options", "label")
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the text and the question with its options, and the letter of the right one."""
        found = choices.read(record, "options")
        whole = asked(record, "context", "question")
        return Asked(whole, lettered(record, "label", found), found)


class MathQa(Shape):
    """Read MathQA: `Problem`, `options` in one text, `correct`. Verifier: choice."""

    name = "mathqa"
    fields = of("Problem", "options", "correct")
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the problem with its options, and the letter of the right one."""
        given = record["options"]
        if isinstance(given, str) and given.lstrip().startswith("["):
            given = " , ".join(choices.read(record, "options").texts)
        pairs = _OPTION.findall(given) if isinstance(given, str) else []
        if [letter for letter, _ in pairs] != [*"abcdefghij"[: len(pairs)]] or not pairs:
            raise ValueError("'options' must be a text such as \"a ) 38 , b ) 27\"")
        noting.role(record, "choices", "options")
        found = choices.of_texts([text.strip() for _, text in pairs])
        return Asked(asked(record, "Problem"), lettered(record, "correct", found), found)


class HeadQa(Shape):
    """Read HEAD-QA: `qtext`, `answers` with text, `ra` from 1. Verifier: choice."""

    name = "headqa"
    fields = of("qtext", "answers", "ra")
    identifiers = ("qid",)
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its answers, and the letter of the right one."""
        given = record["answers"]
        try:
            texts = [each["atext"] for each in given]
        except (KeyError, TypeError):
            raise ValueError("'answers' must be a list of objects with 'atext'") from None
        noting.role(record, "choices", "answers")
        found = choices.of_texts(texts)
        return Asked(asked(record, "qtext"), lettered(record, "ra", found, base=1), found)


class BbhChoices(Shape):
    """Read BBH with its choices apart: `input`, `choices`, `target_idx`. Verifier: choice."""

    name = "bbh-choices"
    fields = of("input", "choices", "target_idx")
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the task and the input with its choices, and the letter of the right one."""
        found = choices.read(record, "choices")
        whole = asked(record, "task_prefix", "input")
        letter = lettered(record, "target_idx", found)
        return Asked(whole, letter, found, listed=shows(whole, found))


class BigBench(Shape):
    """Read BIG-bench: `inputs`, `targets`, `multiple_choice_targets`. Verifier: choice."""

    name = "bigbench"
    fields = of("inputs", "targets", "multiple_choice_targets")
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the input with its choices, if it has any, and the right ones."""
        whole, golds = asked(record, "inputs"), record["targets"]
        if not isinstance(golds, list):
            raise ValueError("'targets' must be a list")
        noting.role(record, "reference", "targets")
        if not record["multiple_choice_targets"]:
            return Asked(whole, golds or None)
        found = choices.read(record, "multiple_choice_targets")
        right = [found.labels[found.texts.index(gold)] for gold in golds if gold in found.texts]
        return Asked(whole, right or None, found, listed=shows(whole, found))
