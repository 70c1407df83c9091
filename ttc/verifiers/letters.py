"""Reads the option that a multiple-choice answer chooses, by letter, by number or by its text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import islice
from string import ascii_uppercase
from typing import Literal, NamedTuple

from ttc.answers.extract import canonical, extract, own, statements
from ttc.answers.languages import LANGUAGES
from ttc.answers.mentions import denied
from ttc.verifiers.letter_cues import CHOSEN, CORRECTED, QUALIFIED, conditional

_MOST_LINES = 1000  # distinct lines; a model stuck in a loop repeats itself
_MOST_STATED = 20

# Letters of other alphabets by place, where they stand alone. В and С are taken for the Latin
# letters that they look like, since the options of the benchmarks are labelled in Latin letters.
_ALPHABETS = ("أبجده", "কখগঘঙ", "अबसद", "कखगघङ", "アイウエオ", "甲乙丙丁戊", "가나다라마", "กขคงจ")
_OTHER_LETTERS = {
    letter: "ABCDE"[place] for letters in _ALPHABETS for place, letter in enumerate(letters)
} | {"ا": "A", "অ": "A", "ব": "B", "ড": "C", "ঢ": "D", "Б": "B", "Г": "D"}
_ALIKE = str.maketrans("АВСЕНІЈКМОРТХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHIJKMOPTXABEZHIKMNOPTYX")
_LONE_ALIKE = re.compile(r"(?<!\w)[АВСЕНІЈКМОРТХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ](?!\w)(?!\s+[а-яёіїєґα-ωάέήίόύώ])")
# Full-width, circled, squared and mathematical forms of Latin letters.
_STYLED = re.compile(
    r"[\uff01-\uff5e\u2460-\u2473\u249c-\u24e9\U0001d400-\U0001d6a3\U0001f110-\U0001f169]"
)

_KINDS = "|".join(each.option for each in LANGUAGES.values() if each.option)
_NAMED = (
    r"(?:both\s)?(?:the\s|a\s|la\s|l['’]|die\s|de\s)?(?:correct\s|right\s|best\s|final\s)?"
    rf"(?:(?:(?:option|choice|answer|letter|alternative)s?|letra|lettre|buchstabe|{_KINDS})\s*:?\s*)?"
)
# A letter is an option only if it stands alone or punctuation sets it off: "A train leaves" and
# "I think" contain words, and "A: Paris" may be an answer to "Q: …".
_ALONE = re.compile(rf"{_NAMED}[(\[{{]*([A-Z])[)\]}}]*", re.I)
_MARKED = re.compile(
    rf"{_NAMED}(?:[(\[]([A-Z])[)\]]|([A-Z])[).]|([B-PR-Z]):)(?=\s)(?!\s+(?:and|or|&)\s)", re.I
)
_REASONS = r"(?:because|since|as|for|which|so|given|due|weil|da|denn|porque|car|parce|ya|perché)\b"
# "B — London", "B, since …"
_SET_OFF = re.compile(
    rf"{_NAMED}[(\[]?((?-i:[A-Z]))[)\]]?(?:\s*[—–;]|\s-{{1,2}}\s|,?\s{_REASONS}|\s*\((?![A-Z]\)))",
    re.I,
)
# "B is …" and "B: …" behind a cue; other words in any language follow a letter only there.
_STATED = re.compile(
    rf"{_NAMED}[(\[]?((?-i:[A-Z]))[)\]]?(?:[:：=]\s*\S|,\s(?![A-Z]\b(?!\sis))|\s(?:is|was|would|not|rather"
    r"|instead|but|and\snot|in|with|on|at|to|under|given|where|if|when)\b|\s?[^\x00-\x7f])",
    re.I,
)
_SEVERAL = re.compile(
    rf"\W*{_NAMED}[(\[]?[A-Z][)\]]?\s*(?:,|/|&|\+|、|(?:and|or|nor|und|oder|et|ou|y|o|e|и|или|en|of"
    r"|和|或|と|および)(?!\w))\s*(?:(?:option|choice|and|or)\s)?[(\[]?[A-Z][)\]]?(?![\w'’])"
    r"(?=\W*$|\s*(?:,|and|or|are|both)\b|[.;)])"
)
_NUMBER = re.compile(rf"{_NAMED}[(\[#]*([0-9]{{1,2}})(?:[)\].:]*$|[).:]\s|\s*[—–]|,\s)", re.I)
_ORDINAL = re.compile(
    r"(?:the\s)?(?:(first|second|third|fourth|fifth|last)\s(?:option|choice|answer)"
    r"|(?:option|choice)\s(?:number\s)?\#?([0-9]{1,2}))\W*",
    re.I,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_LABEL = r"[(\[]?{}[)\].:]+\s+"
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mathbf|textrm|mathsf|boxed|bf|rm)\s*\{([^{}]*)\}")

# The place of an option, or what a text says instead of one: several, or a letter out of range.
Place = int | Literal["several", "outside"] | None


class Options(NamedTuple):
    """The options of a question: their labels and, if they are given, their canonical texts."""

    labels: tuple[str, ...]
    texts: tuple[str, ...] = ()

    @property
    def numbered(self) -> bool:
        """Whether the labels are numbers."""
        return self.labels[0].isdecimal()

    @classmethod
    def of(cls, choices: object) -> Options:
        """Read the `choices` of a reference. ValueError if they are not in a known form."""
        if not choices and not isinstance(choices, str):
            return cls(tuple(ascii_uppercase))
        labels, texts = _read(choices)
        return cls(
            labels, tuple(_spell(text, label) for text, label in zip(texts, labels, strict=True))
        )

    def place(self, label: str) -> Place:
        """Return the place of a label, or of the letter that stands for a number."""
        if label.upper() in self.labels:
            return self.labels.index(label.upper())
        at = ascii_uppercase.find(label.upper())
        return at if self.numbered and 0 <= at < len(self.labels) else "outside"


def _read(choices: object) -> tuple[tuple[str, ...], list[str]]:
    """Return the labels and the texts of choices."""
    if isinstance(choices, Mapping):
        texts, labels = choices.get("text"), choices.get("label")
        if isinstance(texts, list) and isinstance(labels, list) and len(texts) == len(labels):
            return tuple(str(label).strip().upper() for label in labels), [*map(str, texts)]
        if all(re.fullmatch(r"[A-Za-z]|[0-9]{1,2}", str(label)) for label in choices):
            return tuple(str(label).upper() for label in choices), [*map(str, choices.values())]
        raise ValueError("choices are neither a list nor an object of labels")
    if isinstance(choices, str) or not isinstance(choices, Sequence):
        raise ValueError("choices are not a list")
    if all(isinstance(each, Mapping) and {"text", "label"} <= {*each} for each in choices):
        return _read({name: [each[name] for each in choices] for name in ("text", "label")})
    if len(choices) > len(ascii_uppercase):
        return tuple(map(str, range(1, len(choices) + 1))), [*map(str, choices)]
    return tuple(ascii_uppercase[: len(choices)]), [*map(str, choices)]


def chosen(text: str, options: Options) -> int | None:
    """Return the place of the option that a completion chooses.

    None if it chooses none or several, or states a letter out of range.
    """
    text = _latin(own(text))
    place = _corrected(text, options)
    if place is None:
        place = _stated(text, options)
    if place is None:
        place = _announced(text, options)
    if place is None:
        place = _by_line(text, options)
    if place is None:
        place = _by_text(extract(text) or "", options)
    return place if isinstance(place, int) else None


def named(text: str, options: Options, *, stated: bool = False) -> Place:
    """Return the option that a short text names, by its label or else by its text.

    `stated`: the text is behind a cue, so that more may follow the letter.
    """
    bare = _bare(text)
    lone = _lone(bare, options)
    if isinstance(lone, int):
        return lone
    place = _by_text(text, options)
    if place is not None:
        return place
    if _SEVERAL.match(bare):
        return "several" if stated else None
    if found := _MARKED.match(bare) or _SET_OFF.match(bare) or (stated and _STATED.match(bare)):
        marked = options.place(found[found.lastindex or 0])
        return marked if stated or isinstance(marked, int) else None
    return (lone if stated else None) or _by_number(bare, options)


def _corrected(text: str, options: Options) -> Place:
    """Return what is chosen after the last correction, if no cue announces it."""
    marks = list(CORRECTED.finditer(text))
    if not marks:
        return None
    tail = text[marks[-1].start() :]
    return None if next(statements(tail), None) else _announced(tail, options)


def _stated(text: str, options: Options) -> Place:
    """Return the option that the strongest cue announces which names one."""
    for clause in islice(statements(text), _MOST_STATED):
        place = named(clause, options, stated=True)
        if place is not None:
            return place
    return None


def _announced(text: str, options: Options) -> Place:
    """Return the last option that words for options announce: "I would go with B"."""
    for pattern in (QUALIFIED, CHOSEN):
        for found in list(pattern.finditer(text))[: -_MOST_LINES - 1 : -1]:
            letter = found[found.lastindex or 0]
            start, end = found.span(found.lastindex or 0)
            if denied(text, start, end) or conditional(text, found.start(), start):
                continue
            place = options.place(letter)
            if isinstance(place, int):
                return place
    return None


def _by_line(text: str, options: Options) -> Place:
    """Return the letter alone on the last line, or the only choice that any line names.

    A text that repeats the options line by line has not chosen one.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and isinstance(letter := _lone(_bare(lines[-1]), options), int):
        return letter
    places = {named(line, options) for line in list(dict.fromkeys(lines))[-_MOST_LINES:]} - {None}
    return places.pop() if len(places) == 1 else None


def _lone(bare: str, options: Options) -> Place:
    spelt = canonical(bare).strip("'\"‘’“”()[]{}<>.,:;!? ")
    if spelt in _OTHER_LETTERS:
        return options.place(_OTHER_LETTERS[spelt])
    if options.numbered and spelt in options.labels:
        return options.labels.index(spelt)
    alone = _ALONE.fullmatch(spelt)
    return options.place(alone[1]) if alone else None


def _by_number(bare: str, options: Options) -> Place:
    """Return the option of a number: a label, or "option 2", which counts from 1."""
    if options.numbered and (found := _NUMBER.match(bare)):
        return options.place(found[1])
    if found := _ORDINAL.fullmatch(bare):
        word = (found[1] or "").lower()
        last = len(options.labels) if options.texts else 0
        at = int(found[2]) if found[2] else last if word == "last" else _ORDINALS.index(word) + 1
        return at - 1 if 0 < at <= len(options.labels) else None
    return None


def _by_text(text: str, options: Options) -> int | None:
    same = [
        at
        for at, (choice, label) in enumerate(zip(options.texts, options.labels, strict=False))
        if choice and choice == _spell(text, label)
    ]
    return same[0] if len(same) == 1 else None


def _spell(text: str, label: str) -> str:
    """Return the canonical text of a choice without its label: "paris" for "B) Paris", label B."""
    return canonical(re.sub(f"^{_LABEL.format(label)}", "", _bare(_latin(text)))).casefold()


def _bare(text: str) -> str:
    return re.sub(r"[*`$]|\\[()\[\]]", "", _TEXT.sub(r"\1", _TEXT.sub(r"\1", text))).strip(" \n\t_")


def _latin(text: str) -> str:
    """Return a text with styled and look-alike letters as Latin ones."""
    if text.isascii():
        return text
    text = _STYLED.sub(lambda letter: unicodedata.normalize("NFKC", letter[0]), text)
    return _LONE_ALIKE.sub(lambda letter: letter[0].translate(_ALIKE), text)
