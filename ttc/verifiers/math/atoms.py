r"""The smallest parts of an answer: a number, a word, a formula, or a numeral in some base."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from ttc.answers.canonical import NO_UNIT, canonical, number
from ttc.verifiers.math.measures.units import Unit, compound, split, unwrapped

_BASED = re.compile(r"(?=[0-9A-F]*[0-9])([0-9A-F]+)_\{?([0-9]{1,2})\}?")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}")
# No word of four letters or less is without a vowel, unless it is an abbreviation in capitals.
_PRODUCT = re.compile(r"(?=.*[a-z])[B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{2,4}")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_UNIT = re.compile(
    r"(?: (?:[a-z]{3,}|cm|mm|km|kg|mg|ft|in|mi|yd|ml|mL|lb|oz|hr|mph)"
    r"(?:\^\{?[23]\}?)?(?:/(?:[a-z]+))?){1,4}$"
)

_CONGRUENCE = re.compile(
    r"([^=<>]{1,40}?) ?\\equiv ?(-? ?[0-9]{1,40})"
    r" ?[,(]? ?\\?(?:pmod|bmod|mod) ?\{? ?([0-9]{1,40}) ?\}? ?\)?"
)
# Other than "5 apples", "5 dozen apples" are sixty.
_COUNTS = {"dozen": 12, "dozens": 12, "doz": 12, "score": 20, "gross": 144}
_COUNTED = re.compile(
    r"^(.+?) ?(dozens?|doz|score|gross)\b(?! (?:points?|profit|income|weight|pay))", re.I
)
_FUNCTION = re.compile(r"\\(?:arc)?(?:sin|cos|tan|cot|sec|csc|log|ln|exp)h?$")


class Atom(NamedTuple):
    """`kind` is `number` (`value` is exact), `word`, `formula` (LaTeX), `based` (`sign` is the
    base), or `relation` (`text` is left side minus right side, `sign` one of `=≠<≤`). A `family`
    is a formula with the parameter k, for all integers. `unit` is a unit of measurement."""

    kind: str
    text: str
    value: Fraction | None = None
    sign: str = ""
    unit: Unit | None = None


def atom(text: str) -> Atom:
    """Return the atom of a text without structure.

    Percent signs, currency and units are removed, as from numbers: the question fixes them.
    Letters alone are a word, whose case is ignored, unless it is one letter or two capitals
    (AB may be a line), or has no vowel (kx); mixed with digits or operators they are variables.
    """
    if (total := compound(text)) is not None:
        return _number(total[0])._replace(unit=total[1])
    if (quantity := split(text)) is not None:
        magnitude = atom(quantity[0])
        if magnitude.kind in ("number", "formula"):
            return magnitude._replace(unit=quantity[1])
    text = unwrapped(text)
    if (many := _COUNTED.match(text)) and (value := number(many[1])) is not None:
        return _number(value * _COUNTS[many[2].lower()])
    if (value := number(text)) is not None:
        return _number(value)
    if congruence := _CONGRUENCE.fullmatch(text):
        name, rest, modulus = congruence[1], int(congruence[2].replace(" ", "")), int(congruence[3])
        name = "".join(name.split())
        return Atom("word", rf"{name}\equiv {rest % modulus if modulus else rest} \pmod{modulus}")
    if based := _BASED.fullmatch(text.replace(r"\text", "")):
        return Atom("based", based[1].lstrip("0") or "0", None, based[2])
    bare = _without_unit(re.sub(r" ?\\?%$", "", text))
    if bare != text and (value := number(bare)) is not None:
        return _number(value)
    spelt = canonical(bare)
    words = re.split(r"[\s.'’-]+", spelt)
    wordy = all(map(str.isalpha, words)) and (len(words) == 1 or max(map(len, words)) > 2)
    if wordy and len(spelt) > 1 and not _PRODUCT.fullmatch(spelt):
        return Atom("word", spelt if spelt.isupper() and len(spelt) < 3 else spelt.casefold())
    if re.search(r"[^\W\d_]{4}", _COMMAND.sub(" ", spelt)) or _CLOCK.fullmatch(spelt):
        return Atom("word", spelt.casefold())
    return Atom("formula", spelt)


def is_quantity(text: str) -> bool:
    """Return whether a text has a unit of measurement or a word that multiplies."""
    return split(text) is not None or bool(_COUNTED.match(unwrapped(text)))


def _number(value: Fraction) -> Atom:
    return Atom("number", str(value), value)


def scaled(content: Atom, factor: Fraction | str) -> Atom:
    """Return a multiple of a number or a formula; a factor may be LaTeX."""
    if factor == 1:
        return content
    if content.value is not None and isinstance(factor, Fraction):
        return _number(content.value * factor)._replace(unit=content.unit)
    return content._replace(kind="formula", text=rf"({content.text})\cdot ({factor})", value=None)


def relation(left: str, right: str, sign: str) -> Atom:
    """Return a relation of two formulas as one of their difference to zero."""
    return Atom("relation", canonical(unwrapped(f"{left}-({right})")), None, sign)


def rebased(content: Atom, base: str) -> Atom:
    """Return plain digits as a numeral in the reference's base."""
    if content.kind != "number" or not re.fullmatch(r"[0-9]+", content.text):
        return content
    return Atom("based", content.text, None, base)


def _without_unit(text: str) -> str:
    unit = _UNIT.search(text)
    if unit is None or NO_UNIT.search(unit[0]):
        return text
    head = text[: unit.start()]
    # "\sin abc" and "black cat" end in words that are not units.
    return head if re.search(r"[0-9\\]", head) and not _FUNCTION.search(head) else text
