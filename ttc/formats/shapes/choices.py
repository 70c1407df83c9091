"""Choices: how they are read, shown in the question, and named by the reference."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_uppercase
from typing import Any, NamedTuple

from ttc.errors import UsageError
from ttc.formats.files.column_values import python_literal
from ttc.formats.shapes import noting

# How a question with choices is asked unless --choices-template says otherwise.
TEMPLATE = "{question}\n{label}) {text}\nAnswer with the {kind} of the right choice."
_PLACES = ("question", "choices", "label", "text", "labels", "kind")
# Python would join these texts.
_UNPARTED = re.compile(r"""(?<=[\w.!?)])['"]\s+['"](?=[\w(])""")
_PLACE = re.compile("{(" + "|".join(_PLACES) + ")}")


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of a question. `given` is what the reference holds: as the dataset has them, or
    the texts alone."""

    labels: tuple[str, ...]
    texts: tuple[str, ...]
    given: Any = None

    @property
    def kind(self) -> str:
        """The word for a label: letter or number."""
        return "number" if self.labels[0].isdecimal() else "letter"

    def text_of(self, label: str | None) -> str | None:
        """Return the text of a label; None for a label that is not there."""
        return self.texts[self.labels.index(label)].strip() if label in self.labels else None

    def label(self, name: str, at: object) -> str | None:
        """Return the label of the choice at a place, counted from 0; None for null, -1 and blank.
        ValueError names the field if there is no such place."""
        if isinstance(at, float) and at.is_integer():
            at = int(at)
        if isinstance(at, str):
            at = int(at) if re.fullmatch(r"-?[0-9]{1,4}", at.strip()) else (at.strip() or None)
        if at is None or at == -1:
            return None
        if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < len(self.labels):
            raise ValueError(f"{name!r} is {at!r}, no place among {len(self.labels)} choices")
        return self.labels[at]


def of_texts(texts: Sequence[object], given: Any = None) -> Choices:
    """Return texts with the labels A, B, C, …; numbers if there are more than 26 of them."""
    labels = tuple(ascii_uppercase[: len(texts)])
    if len(texts) > len(ascii_uppercase):
        labels = tuple(map(str, range(1, len(texts) + 1)))
    shown = tuple(map(_text, texts))
    return Choices(labels, shown, list(shown) if given is None else given)


def _text(choice: object) -> str:
    if isinstance(choice, (dict, list)) or choice is None:
        raise ValueError(f"a choice must be a text or a number, not {choice!r:.40}")
    return choice if isinstance(choice, str) else str(choice)


def read(record: Mapping[str, Any], name: str) -> Choices:
    """Return the choices in a field: a list of texts, `{"text": […], "label": […]}`, an object from
    label to text, or a list of objects with `label` (or `key`) and `text` (or `value`). A text may
    be the list as Python writes it. ValueError for anything else."""
    value = record[name]
    noting.role(record, "choices", name)
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        if _UNPARTED.search(value):
            raise ValueError(f"{name!r} has no commas between its texts, as numpy writes a list")
        try:
            value = python_literal(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            raise ValueError(f"{name!r} is no list of choices") from None
    found = _of_object(value) if isinstance(value, Mapping) else _of_list(value)
    if found is None:
        raise ValueError(
            f"{name!r} must be a list of strings, or an object with 'text' and 'label'"
        )
    return found


def _of_list(value: object) -> Choices | None:
    if not isinstance(value, list) or not value:
        return None
    if all(isinstance(each, (str, int, float)) for each in value):
        return of_texts(value)
    for label, text in (("label", "text"), ("key", "value")):
        if all(isinstance(each, Mapping) and {label, text} <= each.keys() for each in value):
            rows = {
                "text": [each[text] for each in value],
                "label": [each[label] for each in value],
            }
            return _of_object(rows)
    return None


def _of_object(value: Mapping[str, Any]) -> Choices | None:
    texts, labels = value.get("text"), value.get("label")
    if isinstance(texts, list) and isinstance(labels, list) and 0 < len(texts) == len(labels):
        return Choices(tuple(map(str, labels)), tuple(map(str, texts)), dict(value))
    if value and all(re.fullmatch("[A-Za-z]|[0-9]{1,2}", str(label)) for label in value):
        named = {label: text for label, text in value.items() if text not in (None, "")}
        return Choices(tuple(map(str, named)), tuple(map(str, named.values())), dict(named))
    return None


def of_fields(record: Mapping[str, Any], names: Sequence[str]) -> Choices:
    """Return the choices that have a field each. KeyError or ValueError for a missing one."""
    texts = []
    for name in names:
        texts.append(_text(record[name]))
        noting.role(record, "choices", name)
    return of_texts(texts)


def shuffled(question: str, texts: Sequence[str]) -> tuple[Choices, Sequence[int]]:
    """Return choices in an order that the question alone makes, and the place that each of
    `texts` then has."""

    def rank(at: int) -> tuple[bytes, int]:
        return hashlib.sha256(f"{question}\0{texts[at]}".encode()).digest(), at

    order = sorted(range(len(texts)), key=rank)
    return of_texts([texts[at] for at in order]), [order.index(at) for at in range(len(texts))]


def check(template: str) -> str:
    """Return a template of choices. UsageError if it shows no question or no choices."""
    found = set(_PLACE.findall(template))
    if "question" not in found or not ({"choices", "text"} & found):
        raise UsageError(
            "the template of choices needs {question}, and {choices} or a line with {label} and "
            "{text}, which is repeated for each choice"
        )
    return template


def shown(question: str, choices: Choices, template: str) -> str:
    """Return a question with its choices, as a template that passed `check` puts them.

    `{choices}` are the lines "A) text", `{labels}` "A, B, C", `{kind}` is letter or number. A line
    of the template with `{label}` or `{text}` is repeated for each choice.
    """
    pairs = list(zip(choices.labels, choices.texts, strict=True))
    values = {"question": question, "kind": choices.kind}
    if "{labels}" in template:
        values["labels"] = ", ".join(choices.labels)
    if "{choices}" in template:
        values["choices"] = "\n".join(f"{label}) {text}" for label, text in pairs)
    lines = []
    for line in _lines(template):
        for label, text in pairs if line.repeated else pairs[:1]:
            lines.append(line.form.format(label=label, text=text, **values))
    return "\n".join(lines)


class _Line(NamedTuple):
    """A line of a template: whether each choice has one, and its form for `str.format`."""

    repeated: bool
    form: str


@lru_cache(maxsize=16)
def _lines(template: str) -> tuple[_Line, ...]:
    lines = []
    for line in template.split("\n"):
        parts = _PLACE.split(line)  # texts and names of places by turns
        repeated = "label" in parts[1::2] or "text" in parts[1::2]
        # Other braces than those of places are text.
        parts[::2] = [part.replace("{", "{{").replace("}", "}}") for part in parts[::2]]
        parts[1::2] = [f"{{{place}}}" for place in parts[1::2]]
        lines.append(_Line(repeated, "".join(parts)))
    return tuple(lines)
