r"""Reads what is ambiguous in an answer in the form that the reference has.

`1,5` is the list of 1 and 5 where the reference has two parts, and 1.5 where it is one number;
`(0,5; 1,5)` is a pair if the reference is; `70k` is 70000 if the reference is a number, and a
multiple of k otherwise. A locale, or a reference that is itself written with decimal commas,
decides before the form does.
"""

from __future__ import annotations

import re
from typing import Any

from ttc.answers.canonical import number
from ttc.answers.numbers import STRICT, Style
from ttc.verifiers.math.structure import Structure, read

__all__ = ["read_like"]

_COMMA = re.compile(r"[0-9],[0-9]")
_PAIR = re.compile(r"[(\[{]\s*[0-9]+,[0-9]+\s*\\?[)\]}]")
_LOOSE = Style(loose=True)


def read_like(answer: str, gold: str, reference: Structure, comma: bool | None) -> Structure:
    """Return the structure of an answer, with its ambiguous numbers read as the reference's form
    has it; `comma` is whether commas are decimal, None if that is not known."""
    letters = reference.atom is not None and reference.atom.kind == "number"
    if comma is None and _COMMA.search(gold) and _is_same_number(answer, gold):
        return reference
    if comma is not None or not _COMMA.search(answer):
        return read(answer, Style(comma, letters=letters))
    styles = (Style(comma=False), _LOOSE)
    for style in styles[:1] if _PAIR.search(answer) else styles:
        found = read(answer, style._replace(letters=letters))
        if _form(found) == _form(reference):
            return found
    return read(answer, Style(letters=letters))


def _is_same_number(answer: str, gold: str) -> bool:
    """Return whether an answer is the number that an ambiguous reference, such as 3,14, may be."""
    value = number(gold, _LOOSE)
    return value is not None and number(answer, STRICT) == value


def _form(structure: Structure) -> Any:
    if structure.kind in ("given", "option"):
        return _form(structure.items[structure.kind == "option"])
    return sorted(map(_form, structure.items), key=repr)
