"""The options of a question: their labels and their texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Literal, NamedTuple

from ttc.answers.extract import canonical

# Letters of other alphabets by place, where they stand alone. В and С are taken for the Latin
# letters that they look like, since the options of the benchmarks are labelled in Latin letters.
_ALPHABETS = ("أبجده", "কখগঘঙ", "अबसद", "कखगघङ", "アイウエオ", "甲乙丙丁戊", "가나다라마", "กขคงจ")
OTHER_LETTERS = {
    letter: "ABCDE"[place] for letters in _ALPHABETS for place, letter in enumerate(letters)
} | {"ا": "A", "অ": "A", "ব": "B", "ড": "C", "ঢ": "D", "Б": "B", "Г": "D"}
_ALIKE = str.maketrans("АВСЕНІЈКМОРТХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHIJKMOPTXABEZHIKMNOPTYX")
_LONE_ALIKE = re.compile(r"(?<!\w)[АВСЕНІЈКМОРТХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ](?!\w)(?!\s+[а-яёіїєґα-ωάέήίόύώ])")
# Full-width, circled, squared and mathematical forms of Latin letters.
_STYLED = re.compile(
    r"[\uff08\uff09\uff0e\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u2460-\u2473\u249c-\u24e9"
    r"\U0001d400-\U0001d6a3\U0001f110-\U0001f169]"
)

_LABEL = re.compile(r"[(\[]?([A-Za-z]|[0-9]{1,2})[)\].:]+\s+")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mathbf|textrm|mathsf|boxed|bf|rm)\s*\{([^{}]*)\}")

_SPACING = re.compile(r"\\[;,:! ]|\\(?:rm|bf|sf|q?quad)(?![A-Za-z])\s?")

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
        pairs = zip(labels, texts, strict=True)
        return cls(labels, tuple(_spell(_unlabelled(text, label)) for label, text in pairs))

    def place(self, label: str) -> Place:
        """Return the place of a label, or of the letter that stands for a number."""
        if label.upper() in self.labels:
            return self.labels.index(label.upper())
        at = ascii_uppercase.find(label.upper())
        return at if self.numbered and 0 <= at < len(self.labels) else "outside"

    def with_text(self, *texts: str) -> int | None:
        """Return the place of the only option with one of these texts, labelled or not."""
        for text in texts if self.texts else ():
            spelt = _spell(text)
            marked = _LABEL.match(bare(text))
            same = [
                at
                for at, choice in enumerate(self.texts)
                if choice and (choice == spelt or (marked and self._labelled(at, marked, text)))
            ]
            if len(same) == 1:
                return same[0]
        return None

    def _labelled(self, at: int, marked: re.Match[str], text: str) -> bool:
        label = self.labels[at]
        return marked[1].upper() == label and _spell(_unlabelled(text, label)) == self.texts[at]


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


def _unlabelled(text: str, label: str) -> str:
    """Return the text of a choice without its label: "Paris" for "B) Paris", label B."""
    short = bare(latin(text))
    marked = _LABEL.match(short)
    return short[marked.end() :] if marked and marked[1].upper() == label else text


def _spell(text: str) -> str:
    return canonical(bare(latin(text))).casefold()


def bare(text: str) -> str:
    """Return a text without markup: bold, dollars, `\\text{…}`."""
    text = _SPACING.sub(" ", _TEXT.sub(r"\1", _TEXT.sub(r"\1", text)))
    return re.sub(r"[*`$]|\\[()\[\]]", "", text).strip(" \n\t_")


def latin(text: str) -> str:
    """Return a text with styled and look-alike letters as Latin ones."""
    if text.isascii():
        return text
    text = _STYLED.sub(lambda letter: unicodedata.normalize("NFKC", letter[0]), text)
    return _LONE_ALIKE.sub(lambda letter: letter[0].translate(_ALIKE), text)
