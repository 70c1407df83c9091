"""The option that a multiple-choice answer chooses, by letter, by number or by its text."""

from __future__ import annotations

import re
from itertools import islice

from ttc.answers.extract import canonical, extract, own, statements
from ttc.answers.extraction.languages import LANGUAGES
from ttc.answers.extraction.mentions import denied
from ttc.verifiers.choices.announcements import (
    CHOSEN,
    CORRECTED,
    QUALIFIED,
    QUALIFIED_KEY,
    conditional,
)
from ttc.verifiers.choices.options import OTHER_LETTERS, Options, Place, bare, latin

_MOST_LINES = 1000  # distinct lines; a model stuck in a loop repeats itself
_MOST_STATED, _LONGEST_SENTENCE = 20, 1000
_TAIL = 20_000  # characters at the end of a text in which words announce an option

_KINDS = "|".join(each.option for each in LANGUAGES.values() if each.option)
_NAMED = (
    r"(?:both\s|either\s)?(?:the\s|a\s|la\s|l['’]|die\s|de\s)?(?:correct\s|right\s|best\s|final\s)?"
    rf"(?:(?:(?:option|choice|answer|letter|alternative)s?|letra|lettre|buchstabe|{_KINDS})\s*:?\s*)?"
)
# A letter is an option only if it stands alone or punctuation sets it off: "A train leaves" and
# "I think" contain words, and "A: Paris" may be an answer to "Q: …".
_ALONE = re.compile(rf"{_NAMED}[(\[{{]*([A-Z])[)\]}}]*", re.I)
_MARKED = re.compile(
    rf"{_NAMED}(?:[(\[]([A-Z])[)\]]|([A-Z])[).]|([B-PR-Z]):)(?=\s)(?!\s+(?:and|or|&)\s)", re.I
)
_REASONS = (
    r"(?:because|since|as|for|which|so|given|due|weil|da|denn|porque|car|parce|ya|perché"
    r"|I\s(?:think|believe|guess))\b"
)
# "B — London", "B, since …"
_SET_OFF = re.compile(
    rf"{_NAMED}[(\[]?((?-i:[A-Z]))[)\]]?(?:\s*[—–;]|\s-{{1,2}}\s|,?\s{_REASONS}|\s*\((?![A-Z]\)))",
    re.I,
)
# "B is …" and "B: …" behind a cue; other words in any language follow a letter only there.
_STATED = re.compile(
    rf"{_NAMED}[(\[]?((?-i:[A-Z]))[)\]]?(?:[:：=]\s*\S|/[A-Za-z]{{2}}|,\s(?![A-Z]\b(?!\sis))"
    r"|\s(?:is|was|would|not|rather|instead|but|and\snot|in|with|on|at|to|under|given|where|if|when)\b|\s?[^\x00-\x7f])",
    re.I,
)
_SEVERAL = re.compile(
    rf"\W*{_NAMED}[(\[]?[A-Z][)\]]?\s*(?:,|/|&|\+|、|(?:and|or|nor|und|oder|et|ou|y|o|e|и|или|en|of"
    r")(?!\w)|和|或|と|および)\s*(?:(?:option|choice|and|or)\s)?[(\[]?[A-Z][)\]]?(?![\w'’])"
    r"(?=\W*$|\s*(?:,|and|or|are|both)\b|[.;)])"
)
_NUMBER = re.compile(rf"{_NAMED}[(\[#]*([0-9]{{1,2}})(?:[)\].:]*$|[).:]\s|\s*[—–]|,\s)", re.I)
_ORDINAL = re.compile(
    r"(?:the\s)?(?:(first|second|third|fourth|fifth|last)\s(?:option|choice|answer)"
    r"|(?:option|choice)\s(?:number\s)?\#?([0-9]{1,2}))\W*",
    re.I,
)
# "London (B)", "London, which is option B"
_TRAILING = re.compile(
    r"[^\n]{1,200}?(?:\s\((?:option\s|choice\s|answer\s)?([A-Z])\)"
    r"|,\s(?:which\sis\s|i\.e\.,?\s)?(?:(?:option|choice|answer)\s)\(?([A-Z])\)?)\W*",
)
# "B) London ✅", "B: London - correct"
_TICKED = re.compile(
    r"^\W{0,6}([A-Z])[).:][^\n]{0,200}?(?:[✅✔✓☑]|[—–:(-]\s?\*{0,2}(?:correct|right|true|yes)\b)",
    re.M | re.I,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_REASON = re.compile(
    r",?\s(?:because|since)\b|,\s(?:and\s)?not\s|\s(?:rather\sthan|instead\sof)\s|\s[—–]\s|[.;]\s"
)
_LISTING = re.compile(r"(?<!\w)A[).:]\s[^\n]{0,300}(?<!\w)B[).:]\s")
_ASKED = re.compile(r"[^.!\n]{0,40}\?")  # "B is correct?"
_IT_IS = re.compile(
    r"^\W*(?:(?:so|therefore|thus|hence),?\s)?(?:it['’]s|it\sis|it\smust\sbe|this\sis|that['’]s|that\sis)\s"
    r"(?:the\s(?=[A-Z]))?",
    re.I,
)
_IS_IT = re.compile(r"\sis\s(?:the\s)?(?:correct|right|best|answer)\b.{0,40}$", re.I)
_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")


def chosen(text: str, options: Options) -> int | None:
    """Return the place of the option that a completion chooses.

    None if it chooses none or several, or states a letter out of range.
    """
    text = latin(own(text))
    place = _corrected(text, options)
    if place is None:
        place = _stated(text, options)
    if place is None:
        place = _announced(text, options)
    if place is None:
        place = _by_line(text, options)
    if place is None:
        place = options.with_text(extract(text) or "")
    return place if isinstance(place, int) else None


def named(text: str, options: Options, *, stated: bool = False) -> Place:
    """Return the option that a short text names, by its label or else by its text.

    `stated`: the text is behind a cue, so that more may follow the letter.
    """
    short = bare(text)
    lone = _lone(short, options)
    if isinstance(lone, int):
        return lone
    place = options.with_text(_REASON.split(text, maxsplit=1)[0], text)
    if place is not None:
        return place
    if _SEVERAL.match(short):
        return "several" if stated else None
    trailing = _TRAILING.fullmatch(short)
    if (
        found := trailing
        or _MARKED.match(short)
        or _SET_OFF.match(short)
        or (stated and _STATED.match(short))
    ):
        marked = options.place(found[found.lastindex or 0])
        return marked if stated or isinstance(marked, int) else None
    return (lone if stated else None) or _by_number(short, options)


def _corrected(text: str, options: Options) -> Place:
    """Return what is chosen after the last correction, if no cue announces it."""
    marks = list(CORRECTED.finditer(text, max(len(text) - _TAIL, 0)))
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
    text = text[-_TAIL:]
    for pattern in (QUALIFIED_KEY, QUALIFIED, CHOSEN):
        for found in list(pattern.finditer(text))[: -_MOST_LINES - 1 : -1]:
            letter = found[found.lastindex or 0]
            start, end = found.span(found.lastindex or 0)
            asked = _ASKED.match(text, found.end())
            if asked or denied(text, start, end) or conditional(text, found.start(), start):
                continue
            place = options.place(letter)
            if isinstance(place, int):
                return place
    return None


def _by_line(text: str, options: Options) -> Place:
    """Return the letter alone on the last line, or the only choice that any line names.

    A text that repeats the options, line by line or in one, has not chosen one.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and isinstance(letter := _lone(bare(lines[-1]), options), int):
        return letter
    distinct = list(dict.fromkeys(line for line in lines if not _LISTING.search(line)))
    ticked = {at[1].upper() for at in _TICKED.finditer(text, max(len(text) - _TAIL, 0))}
    if len(ticked) == 1:
        return options.place(ticked.pop())
    places = {named(line, options) for line in distinct[-_MOST_LINES:]} - {None}
    if not places and lines and options.texts:
        places = _in_sentence(lines[-1][-_LONGEST_SENTENCE:], options)
    return places.pop() if len(places) == 1 else None


def _in_sentence(line: str, options: Options) -> set[Place]:
    """Return the options whose text a sentence chooses: "It's London.", "The capital is **London**"
    and "London is the answer"."""
    bold = [at[1] for at in _BOLD.finditer(line) if not denied(line, *at.span())]
    parts = [_IT_IS.sub("", line), _IS_IT.sub("", line), *bold]
    found: set[Place] = {options.with_text(part) for part in parts}
    return found - {None}


def _lone(short: str, options: Options) -> Place:
    spelt = canonical(short).strip("'\"‘’“”()[]{}<>.,:;!? ")
    if spelt in OTHER_LETTERS:
        return options.place(OTHER_LETTERS[spelt])
    if options.numbered and spelt in options.labels:
        return options.labels.index(spelt)
    alone = _ALONE.fullmatch(spelt)
    return options.place(alone[1]) if alone else None


def _by_number(short: str, options: Options) -> Place:
    """Return the option of a number: a label, or "option 2", which counts from 1."""
    if options.numbered and (found := _NUMBER.match(short)):
        return options.place(found[1])
    if found := _ORDINAL.fullmatch(short):
        word = (found[1] or "").lower()
        last = len(options.labels) if options.texts else 0
        at = int(found[2]) if found[2] else last if word == "last" else _ORDINALS.index(word) + 1
        return at - 1 if 0 < at <= len(options.labels) else None
    return None
