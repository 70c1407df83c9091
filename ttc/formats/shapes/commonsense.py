"""Common sense by choosing: the end of a text, the filler of a blank, one of two solutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ttc.formats.shapes import choices, noting
from ttc.formats.shapes.fields import asked, has, optional, text
from ttc.formats.shapes.shape import Asked, Shape, lettered, of

_CAUSE = {"cause": "What was the cause of this?", "effect": "What happened as a result?"}
_ENDINGS = tuple(f"ending{at}" for at in range(4))


class HellaSwag(Shape):
    """Read HellaSwag: `activity_label`, `ctx`, `endings`, `label` from 0. Verifier: choice."""

    name = "hellaswag"
    fields = of("ctx", "endings", "label")
    identifiers = ("ind",)
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the beginning with its endings, and the letter of the right one."""
        found = choices.read(record, "endings")
        begun = asked(record, "ctx")
        if activity := optional(record, "activity_label"):
            begun = f"{activity}: {begun}"
            noting.role(record, "question", "activity_label")
        whole = f"Which ending fits best?\n\n{begun}"
        return Asked(whole, lettered(record, "label", found), found)


class Swag(Shape):
    """Read SWAG: `startphrase`, `ending0` to `ending3`, `label` from 0. Verifier: choice."""

    name = "swag"
    fields = of("startphrase", *_ENDINGS, "label")
    verifier = "choice"
    asks: ClassVar[tuple[str, ...]] = ("startphrase",)
    intro: ClassVar[str] = "Which ending fits best?\n\n"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the beginning with its endings, and the letter of the right one."""
        found = choices.of_fields(record, _ENDINGS)
        whole = self.intro + asked(record, *self.asks)
        return Asked(whole, lettered(record, "label", found), found)


class MedQaEndings(Swag):
    """Read MedQA in SWAG's fields: `sent1`, `ending0` to `ending3`, `label`. Verifier: choice."""

    name = "medqa-endings"
    fields = of("sent1", "sent2", *_ENDINGS, "label")
    asks = ("sent2", "sent1")
    intro = ""

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether it has none of SWAG's own fields."""
        return "startphrase" not in record


class WinoGrande(Shape):
    """Read WinoGrande: `sentence` with a blank, two options, `answer` from 1. Verifier: choice."""

    name = "winogrande"
    fields = of("sentence", "option1", "option2", "answer")
    identifiers = ("qID",)
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the sentence with its options, and the letter of the right one."""
        found = choices.of_fields(record, ("option1", "option2"))
        whole = f"Which word fits the blank (_)?\n\n{asked(record, 'sentence')}"
        return Asked(whole, lettered(record, "answer", found, base=1), found)


class Piqa(Shape):
    """Read PIQA: `goal`, `sol1`, `sol2`, `label` from 0. Verifier: choice."""

    name = "piqa"
    fields = of("goal", "sol1", "sol2")
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the goal with both solutions, and the letter of the right one."""
        found = choices.of_fields(record, ("sol1", "sol2"))
        return Asked(asked(record, "goal"), lettered(record, "label", found), found)


class SocialIqa(Shape):
    """Read Social IQa: `context`, `question`, three answers, `label` from 1. Verifier: choice."""

    name = "social-iqa"
    fields = of("context", "question", "answerA", "answerB", "answerC")
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the story and the question with its answers, and the letter of the right one."""
        found = choices.of_fields(record, ("answerA", "answerB", "answerC"))
        gold = "correct" if "correct" in record else "label"
        letter = lettered(record, gold, found, base=1)
        return Asked(asked(record, "context", "question"), letter, found)


class Copa(Shape):
    """Read COPA: `premise`, two choices, cause or effect, `label` from 0. Verifier: choice."""

    name = "copa"
    fields = of("premise", "choice1", "choice2", "question")
    verifier = "choice"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether it asks for a cause or an effect."""
        return has(record, "question", str) and record["question"] in _CAUSE

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the premise with its choices, and the letter of the right one."""
        found = choices.of_fields(record, ("choice1", "choice2"))
        wanted = _CAUSE.get(text(record, "question"))
        if wanted is None:
            raise ValueError("'question' must be cause or effect")
        whole = f"{asked(record, 'premise')} {wanted}"
        return Asked(whole, lettered(record, "label", found), found)


class Cosmos(Shape):
    """Read Cosmos QA and BBQ: `context`, `question`, a field an answer. Verifier: choice."""

    name = "cosmos-qa"
    fields = of("context", "question", "label")
    verifier = "choice"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether its answers have a field each."""
        return bool(self._names(record))

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the text and the question with its answers, and the letter of the right one."""
        names = self._names(record)
        if not names:
            raise KeyError("answer0")
        found = choices.of_fields(record, names)
        letter = lettered(record, "label", found)
        return Asked(asked(record, "context", "question"), letter, found)

    def _names(self, record: Mapping[str, Any]) -> list[str]:
        stem = "answer" if "answer0" in record else "ans"
        return [name for name in (f"{stem}{at}" for at in range(6)) if name in record]


class Winogender(Shape):
    """Read Winogender: `sentence`, `pronoun`, `occupation`, `participant`. Verifier: choice."""

    name = "winogender"
    fields = of("sentence", "pronoun", "occupation", "participant")
    identifiers = ("sentid",)
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the sentence and whom its pronoun may mean, and the letter of the right one."""
        found = choices.of_fields(record, ("occupation", "participant"))
        noting.role(record, "question", "pronoun")
        whole = f"{asked(record, 'sentence')}\n\nWhom does “{text(record, 'pronoun')}” mean?"
        return Asked(whole, lettered(record, "label", found), found)
