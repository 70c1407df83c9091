"""Multiple choice as most datasets have it: in a list, or with a field for each choice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import Any, ClassVar

from ttc.formats.shapes import choices, noting
from ttc.formats.shapes.choices import Choices
from ttc.formats.shapes.fields import about, asked, asking, has
from ttc.formats.shapes.noting import plain
from ttc.formats.shapes.shape import Asked, Shape, lettered

_MOST = 10  # choices that have a field each
_STEMS = ("option", "choice", "answer", "ans", "ending", "sol", "opa", "candidate")
# Names of one field a choice, in series, and where their places are counted from.
_SERIES: tuple[tuple[int, tuple[str, ...]], ...] = (
    (0, tuple(ascii_uppercase[:_MOST])),
    *(
        (base, tuple(f"{stem}{between}{at + base}" for at in range(_MOST)))
        for base in (0, 1)
        for stem in _STEMS
        for between in ("", "_", " ")
    ),
    *(
        (0, tuple(f"{stem}{between}{letter}" for letter in letters[:_MOST]))
        for letters in (ascii_lowercase, ascii_uppercase)
        for stem in _STEMS
        for between in ("", "_", " ")
    ),
)


class MultipleChoice(Shape):
    """Read multiple choice as most have it: a question, choices, the right one. Verifier: choice.

    The choices are a list (`choices`, `options`, `answers`, …) or have a field each (`A` to `D`,
    `option_a`, `choice1`, …). The right one is a letter, a text, the name of its field, or a place,
    counted from 0 in a list and as the fields are numbered. A text that the question is about
    (`passage`, `context`, …) is asked with it.
    """

    name = "multiple-choice"
    fields = frozenset()
    verifier = "choice"
    asks: ClassVar[tuple[str, ...]] = ("question", "query", "prompt", "problem", "input")
    lists: ClassVar[tuple[str, ...]] = (
        *("choices", "options", "answers", "references", "endings", "candidates"),
        "multiple_choice_targets",
    )
    golds: ClassVar[tuple[str, ...]] = (
        *("answer", "answerKey", "answer_key", "answer_letter", "answer_index", "answer_idx"),
        *("correct_answer", "correct_option", "correct_answer_id", "correct", "correct_choice"),
        *("label", "gold", "gold_index", "gold_label", "target", "target_idx", "Answer", "Correct"),
    )

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether it has a question, choices and the right one."""
        listed, gold = self._list(record), self._gold(record)
        if self._asks(record) is None or gold is None:
            return False
        if listed is None:
            return series(record) is not None
        # The generic shape has always read these.
        plainly = listed == "choices" and gold in ("answer", "answerKey", "target")
        return not plainly or about(record, "text", "support") is not None

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question with its choices, and the letter of the right one."""
        gold, asks = self._gold(record), self._asks(record)
        if gold is None or asks is None:
            raise KeyError("question" if asks is None else "answer")
        found, base = self._choices(record)
        text = about(record, "text", "support")
        whole = asked(record, *([text] if text else []), asks)
        letter = lettered(_one(record, gold, found), gold, found, base=base)
        return Asked(whole, letter, found, listed=shows(whole, found))

    def _choices(self, record: Mapping[str, Any]) -> tuple[Choices, int]:
        if (listed := self._list(record)) is not None:
            return _bared(choices.read(record, listed)), 0
        one_each = series(record)
        if one_each is None:
            raise KeyError("choices")
        base, names = one_each
        return choices.of_fields(record, names), base

    def _asks(self, record: Mapping[str, Any]) -> str | None:
        named = next((name for name in self.asks if has(record, name, str)), None)
        return named or asking(record)

    def _list(self, record: Mapping[str, Any]) -> str | None:
        there = plain(record)
        for name in self.lists:
            value = there.get(name)
            if isinstance(value, (list, dict)) and value:
                return name
            if isinstance(value, str) and value.lstrip().startswith("["):
                return name
        return None

    def _gold(self, record: Mapping[str, Any]) -> str | None:
        return next((name for name in self.golds if name in record), None)


def _bared(found: Choices) -> Choices:
    """Return choices without the labels that their texts begin with, if all have their own."""
    pairs = list(zip(found.labels, found.texts, strict=True))
    if not all(re.match(rf"\s*\(?{re.escape(label)}[).:]", text) for label, text in pairs):
        return found
    return choices.of_texts([_bare(text) for text in found.texts])


def series(record: Mapping[str, Any]) -> tuple[int, list[str]] | None:
    """Return the fields that hold a choice each, at least two, and where they count from."""
    there = plain(record)
    for base, names in _begun(frozenset(there)):
        found = []
        for name in names:
            if there.get(name) in (None, ""):
                break
            found.append(name)
        if len(found) > 1:
            return base, found
    return None


@lru_cache(maxsize=256)
def _begun(there: frozenset[str]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Return the series of names whose first two are there."""
    return tuple(each for each in _SERIES if there.issuperset(each[1][:2]))


def _one(record: Mapping[str, Any], gold: str, found: Choices) -> Mapping[str, Any]:
    """Return a record whose gold is no list of one, and no name of a field."""
    value = record[gold]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    one_each = series(record)
    if isinstance(value, str) and one_each is not None and value in one_each[1]:
        value = found.labels[one_each[1].index(value)]
    if value not in (None, ""):
        noting.role(record, "reference", gold)
    return {gold: value}


def shows(question: str, found: Choices) -> bool:
    """Return whether a question has all its choices in it, each in a line or behind a label."""
    lines = re.split(r"\n|\([A-Za-z]\)|\b[A-J][).:]", question)
    there = {line.strip() for line in lines}
    return all(_bare(text) in there for text in found.texts)


def _bare(text: str) -> str:
    return re.sub(r"^\(?[A-Za-z][).:]\s*", "", text).strip()


def listed_in(record: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Return whether a record has choices under one of these names, or a field for each."""
    return any(plain(record).get(name) for name in names) or series(record) is not None
