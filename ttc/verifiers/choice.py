"""choice: the letter of a multiple-choice answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ttc.answers.extract import canonical, extract, stated, visible
from ttc.options import OptionReader
from ttc.records import Sample, Verdict

_NAMED = r"(?:the\s)?(?:correct\s)?(?:option\s|choice\s|answer\s)?"
# A letter is an option only if it stands alone or punctuation sets it off: "A train leaves" and
# "I think" contain words, and "A: Paris" may be an answer to "Q: …".
_ALONE = re.compile(rf"{_NAMED}[(\[]?([A-Z])[)\]]?", re.I)
_MARKED = re.compile(
    rf"{_NAMED}(?:[(\[]([A-Z])[)\]]|([A-Z])[).]|([B-PR-Z]):)(?=\s)(?!\s+(?:and|or|&)\s)", re.I
)
_LABEL = r"[(\[]?{}[)\].:]+\s+"
_CHOSEN = re.compile(
    r"""(?i:\b(?:(?:correct|right|best)\s(?:option|choice|letter)\s?(?:is|:)
          |I(?:\swould|['’]d|\swill)?\s(?:choose|pick|select|go\swith))[\s*:]*(?:option\s)?)
        \(?(?P<after>[A-Z])(?=\W*$|\**[).:,;]|\s(?:because|as|since)\b)
      | (?<![\w'’])(?P<before>[A-Z])\)?\**\s(?:is|would\sbe)\s(?:the\s)?(?:correct|right|best)\b""",
    re.M | re.X,
)
_MOST_LINES = 1000  # distinct lines; a model stuck in a loop repeats itself


class Choice:
    """The option letter of the answer equals that of the reference.

    The reference answer is a letter, or the text of one of the reference's `choices`. An
    integer is refused, since it may count from 0 or from 1. A completion names its choice by
    letter ("(B)", "B.", "Option B", "B) Paris") or by the whole text of exactly one choice.
    """

    name = "choice"
    version = "1"
    reads_reference = True

    def __init__(self, **options: object) -> None:
        OptionReader(self.name, options).end()

    @property
    def config(self) -> Mapping[str, Any]:
        """There are no options."""
        return {}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict a sample, in order."""
        return map(_judge, samples)


def _judge(sample: Sample) -> Verdict:
    choices = sample.reference.get("choices") or []
    if isinstance(choices, str) or not isinstance(choices, Sequence):
        answer = _answer(sample.text, [])
        detail = "the reference's choices are not a list"
        return Verdict(answer, status="no_reference", detail=detail)
    texts = [_spell(str(choice), index) for index, choice in enumerate(choices)]
    answer = _answer(sample.text, texts)
    gold = sample.reference.get("answer")
    expected = _named(gold, texts) if isinstance(gold, str) else None
    if expected is None:
        reason = "neither a letter nor one of the choices"
        if type(gold) is int:
            reason = "an integer, which may count from 0 or from 1: give the letter"
        detail = f"the reference answer is {gold!r}, {reason}"
        return Verdict(answer, status="no_reference", detail=detail)
    if answer is None:
        return Verdict(correct=False, score=0.0, status="no_answer")
    return Verdict(answer, answer == expected, float(answer == expected))


def _answer(text: str, texts: Sequence[str]) -> str | None:
    """Return the letter a completion chooses; None if it states a letter out of range."""
    text = visible(text)
    if cued := stated(text):
        letter = _named(cued, texts)
        if letter or _lone(cued) or _marked(cued):
            return letter
    if chosen := list(_CHOSEN.finditer(text)):
        return _within(chosen[-1]["after"] or chosen[-1]["before"], texts)
    return _by_line(text, texts) or _by_text(extract(text) or "", texts)


def _by_line(text: str, texts: Sequence[str]) -> str | None:
    """Return the letter alone on the last line, or the only choice that any line names.

    A text that repeats the options line by line has not chosen one.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and (letter := _within(_lone(lines[-1]), texts)):
        return letter
    named = {_named(line, texts) for line in list(dict.fromkeys(lines))[-_MOST_LINES:]} - {None}
    return named.pop() if len(named) == 1 else None


def _named(text: str, texts: Sequence[str]) -> str | None:
    """Return the letter of the choice that a short text names, by letter or else by its text."""
    alone = _within(_lone(text), texts)
    return alone or _by_text(text, texts) or _within(_marked(text), texts)


def _within(letter: str | None, texts: Sequence[str]) -> str | None:
    exists = letter and (not texts or ord(letter) - ord("A") < len(texts))
    return letter if exists else None


def _lone(text: str) -> str | None:
    alone = _ALONE.fullmatch(canonical(_bare(text)))
    return alone[1].upper() if alone else None


def _marked(text: str) -> str | None:
    marked = _MARKED.match(_bare(text))
    return marked[marked.lastindex or 0].upper() if marked else None


def _by_text(text: str, texts: Sequence[str]) -> str | None:
    same = [index for index, choice in enumerate(texts) if choice and choice == _spell(text, index)]
    return chr(ord("A") + same[0]) if len(same) == 1 else None


def _spell(text: str, index: int) -> str:
    """Return the canonical text of a choice without its label: "paris" for "B) Paris", index 1."""
    label = _LABEL.format(chr(ord("A") + index))
    return canonical(re.sub(f"^{label}", "", _bare(text))).casefold()


def _bare(text: str) -> str:
    return re.sub(r"[*`$]", "", text).strip()
