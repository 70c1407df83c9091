"""What shapes of datasets have in common: from the parts of a question to a problem."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ttc.formats.shapes import choices as listing
from ttc.formats.shapes import noting
from ttc.formats.shapes.choices import Choices
from ttc.formats.shapes.fields import ask, identifier
from ttc.records import Message, Problem


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a problem, as a shape reads them.

    `question` is a text or a chat that ends with the user's turn. `choices` are put into it, but
    for those of a question that has them in it already (`listed`). `answer` is the reference's:
    None if the record has none. `reference` holds what else verifiers read.
    """

    question: str | tuple[Message, ...]
    answer: Any = None
    choices: Choices | None = None
    listed: bool = False
    reference: Mapping[str, Any] = field(default_factory=dict)


class Shape:
    """A shape of a dataset: the base of those of ttc.

    `identifiers` are the names that the dataset has for the identifier of a problem, besides `id`,
    `unique_id` and `task_id`. `remark` is told of every file of this shape. `verifier` is the one
    that fits its references. `leaves` are texts that the dataset has beside the question, and that
    are no part of it.
    """

    name: ClassVar[str] = ""
    fields: frozenset[str] = frozenset()
    template: str | None = None
    identifiers: ClassVar[tuple[str, ...]] = ()
    remark: ClassVar[str] = ""
    verifier: ClassVar[str] = ""
    leaves: ClassVar[frozenset[str]] = frozenset()
    choices_template = listing.TEMPLATE

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record that has all of `fields` is one of this shape."""
        return True

    def problem(self, record: Mapping[str, Any], default_id: str) -> Problem:
        """Return the problem of a record; KeyError or ValueError names what is missing."""
        name = self.identify(record, default_id)
        asked = self.read(record)
        reference = {} if asked.answer is None else {"answer": asked.answer}
        reference |= asked.reference
        if asked.choices is not None:
            reference["choices"] = asked.choices.given
        return Problem(name, self._messages(asked), reference=reference)

    def identify(self, record: Mapping[str, Any], default_id: str) -> str:
        """Return the identifier of a record."""
        return identifier(record, default_id, *self.identifiers)

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the parts of a record; KeyError or ValueError names what is missing."""
        raise NotImplementedError

    def showing(self, template: str) -> Shape:
        """Return the shape with another text around questions with choices. UsageError if it
        shows no question or no choices."""
        other = copy(self)
        other.choices_template = listing.check(template)
        return other

    def _messages(self, asked: Asked) -> tuple[Message, ...]:
        turns = ask(asked.question) if isinstance(asked.question, str) else asked.question
        if asked.choices is None or asked.listed:
            return turns
        last = turns[-1]
        whole = listing.shown(last.content, asked.choices, self.choices_template)
        return (*turns[:-1], Message(last.role, whole))


def of(*names: str) -> frozenset[str]:
    """Return the names of the fields of a shape."""
    return frozenset(names)


def lettered(
    record: Mapping[str, Any], name: str, choices: Choices, *, base: int = 0
) -> str | None:
    """Return the label that a field gives: a label, a place counted from `base`, or the text of a
    choice; None for null, blank and -1. ValueError if it is none of them."""
    value = record.get(name)
    if isinstance(value, str):
        bare = value.strip().strip("()").removesuffix(".")
        if not bare:
            return None
        labels = {label.upper(): label for label in choices.labels}
        begun = re.match(r"\s*\(?(\w+)[).:]\s*(.+)", value, re.S)
        if begun and begun[2].strip() == choices.text_of(labels.get(begun[1].upper())):
            bare = begun[1]  # "B) Paris"
        found = labels.get(bare.upper())
        if found is None and value in choices.texts:
            found = choices.labels[choices.texts.index(value)]
        if found is not None:
            noting.role(record, "reference", name)
            return found
        if not bare.lstrip("-").isdecimal():
            raise ValueError(f"{name!r} is {value!r:.60}, which is none of the choices")
        value = int(bare[:9])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or value == -1:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        if str(value) in choices.labels:
            noting.role(record, "reference", name)
            return str(value)
        value -= base
    found = choices.label(name, value)
    if found is not None:
        noting.role(record, "reference", name)
    return found
