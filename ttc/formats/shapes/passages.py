"""Multiple choice about a text, and multiple choice in general."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from ttc.formats.shapes import choices, noting
from ttc.formats.shapes.choices import Choices
from ttc.formats.shapes.fields import asked, has, optional
from ttc.formats.shapes.noting import plain
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


class MultipleChoice(Shape):
    """Read multiple choice as most have it: a question, a list, the right one. Verifier: choice.

    The text that the question is about may be called passage, context or the like, the question
    also query, and the choices also options, answers or endings. The right one is a letter, a
    text, or a place from 0.
    """

    name = "multiple-choice"
    fields = frozenset()
    verifier = "choice"
    texts: ClassVar[tuple[str, ...]] = (
        "passage", "context", "article", "paragraph", "story", "document", "background",
        "narrative", "text", "support")  # fmt: skip
    asks: ClassVar[tuple[str, ...]] = ("question", "query", "prompt", "problem", "input")
    lists: ClassVar[tuple[str, ...]] = (
        "choices", "options", "answers", "references", "endings", "candidates",
        "multiple_choice_targets")  # fmt: skip
    golds: ClassVar[tuple[str, ...]] = (
        "answer", "answerKey", "answer_key", "answer_letter", "answer_index", "answer_idx",
        "correct_answer", "correct_option", "correct_answer_id", "correct", "label", "gold",
        "gold_index", "gold_label", "target", "target_idx")  # fmt: skip

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether it has a question, a list of choices and the right one."""
        listed, gold = self._list(record), self._gold(record)
        return bool(self._asks(record) and listed and gold) and (
            listed != "choices" or gold not in ("answer", "answerKey", "target")
            or self._text(record) is not None
        )  # fmt: skip

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its choices, and the letter of the right one."""
        listed, gold, asks = self._list(record), self._gold(record), self._asks(record)
        if listed is None or gold is None or asks is None:
            missing = (("question", asks), ("choices", listed), ("answer", gold))
            raise KeyError(next(name for name, there in missing if there is None))
        found, text = choices.read(record, listed), self._text(record)
        whole = asked(record, *([text] if text else []), asks)
        letter = lettered(_one(record, gold), gold, found)
        return Asked(whole, letter, found, listed=_shows(whole, found))

    def _asks(self, record: Mapping[str, Any]) -> str | None:
        return next((name for name in self.asks if has(record, name, str)), None)

    def _text(self, record: Mapping[str, Any]) -> str | None:
        there = [n for n in self.texts if has(record, n, str) and optional(plain(record), n)]
        return there[0] if len(there) == 1 else None

    def _list(self, record: Mapping[str, Any]) -> str | None:
        for name in self.lists:
            if has(record, name, list, dict) and plain(record)[name]:
                return name
            if has(record, name, str) and plain(record)[name].lstrip().startswith("["):
                return name
        return None

    def _gold(self, record: Mapping[str, Any]) -> str | None:
        return next((name for name in self.golds if name in record), None)


def _one(record: Mapping[str, Any], gold: str) -> Mapping[str, Any]:
    """Return a record whose gold is no list of one."""
    value = record[gold]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    noting.role(record, "reference", gold)
    return {gold: value}


def _shows(question: str, found: Choices) -> bool:
    """Return whether a question has all its choices in it, each in a line or behind a label."""
    lines = re.split(r"\n|\([A-Za-z]\)|\b[A-J][).:]", question)
    there = {line.strip() for line in lines}
    return all(_bare(text) in there for text in found.texts)


def _bare(text: str) -> str:
    return re.sub(r"^\(?[A-Za-z][).:]\s*", "", text).strip()


class MathQa(Shape):
    """Read MathQA: `Problem`, `options` in one text, `correct`. Verifier: choice."""

    name = "mathqa"
    fields = of("Problem", "options", "correct")
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the problem with its options, and the letter of the right one."""
        given = record["options"]
        if isinstance(given, str) and given.lstrip().startswith("["):
            given = " , ".join(ast.literal_eval(given))
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
        return Asked(whole, letter, found, listed=_shows(whole, found))


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
        return Asked(whole, right or None, found, listed=_shows(whole, found))
