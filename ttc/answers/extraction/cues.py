r"""Cues: what announces an answer in a text, such as `\boxed{`, "####" or "The answer is".

`ttc.answers.extraction.languages` has the words of other languages.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ttc.answers.extraction.boxes import boxes
from ttc.answers.extraction.languages import LANGUAGES

BOX, LINE, PHRASE, SENTENCE = 4, 3, 2, 1  # strengths
_MANY = 1000  # occurrences of a noun
_LONGEST_TAGGED = 5000
MOST = 100  # a model stuck in a loop repeats its cue; the last ones are enough


class Cue(NamedTuple):
    """A place where an answer may begin.

    The strongest cue wins, then the last one. `start` and `end` are the offsets of the cue itself;
    what it announces begins at `end`. `closes` is where that ends, if a mark says so, else None.
    `form` is `box`, `tag`, `hash`, `json`, `verb` ("the answer is"), `label` ("Answer:"),
    `correction` ("wait, it is") or `bold`. `negated`: "the answer is not".
    """

    strength: int
    start: int
    end: int
    form: str
    closes: int | None = None
    negated: bool = False


_HASHES = re.compile(r"(?<!#)####(?!#)[ \t]*(?P<value>[^\n#]*)")
_TAGGED = r"(?:final[\s_-]?)?(?:answer|ans)|final"
_TAG = re.compile(rf"<(?:{_TAGGED})>|\[(?:final[\s_-]?)?answer\]", re.I)
_TAG_ENDS = re.compile(rf"</(?:{_TAGGED})\s*>|\[/(?:final[\s_-]?)?answer\]", re.I)
_JSON = re.compile(
    r"""(?P<q>["'])(?:(?:final|correct)[\s_-]?)?answer(?P=q)\s*:\s*
        (?P<value>"(?:[^"\\\n]|\\.){0,300}"|'[^'\n]{0,300}'|-?[0-9][0-9.eE+-]{0,40})""",
    re.I | re.X,
)
_OPENS = r"(?=[ \t$\\(\[*_“\"'-]{0,6}(?:[0-9]|(?-i:[A-Z])\b))"
_EXACT = re.compile(rf"[\s*_:：]{{0,6}}{_OPENS}", re.I)
_SEPARATOR = (
    r"(?:[:：﹕=＝>→⇒ঃ]|\\Rightarrow|\\rightarrow"
    rf"|[ \t]?[-–—]{{1,2}}[ \t]?{_OPENS}|[ \t]*\|[ \t]*)"
)
_ENGLISH_VERB = r"""(?:
    (?:is|are|was|equals|becomes|remains|['’]s)\b
  | (?:would|should|must|will|has|have|needs|ought)\s(?:to\s)?(?:then\s|therefore\s)?be\b
  | (?:seems|appears|turns\sout|comes\sout|works\sout|proves)\sto\sbe\b | (?:looks|seems)\slike\b
  | (?:comes|works|turns)\s(?:out\s)?to\b )"""
_ENGLISH = re.compile(
    rf"""(?:(?<![/\w<\[])|(?<=final_))(?:answers?|(?<=final\s)(?:result|value|solution|total))
        (?:\s(?:to|for|of)\s(?:this|the|your|that|my|our)(?:\s[a-z]+){{1,3}}?
          |\s(?:that\s)?(?:we|I|you)\s(?:get|got|find|found|want|need|obtain|obtained|seek|compute)
          |\s(?:in|as)\s(?:a\s|the\s)?[a-z]+(?=\s?(?:is|are)\b) )?
        (?:\s?\((?![A-Za-z]\))[^()\n]{{1,30}}\))?
        (?:,\s[^,.;\n\d]{{1,25}},)?
        [*_}}\s]{{0,4}}
        (?: (?P<negated>(?:is|are|was|would|could|can)n['’]t(?:\sbe)?\b|can(?:\s?not|['’]t)\sbe\b)
          | (?:,?\s?(?:then|therefore|thus|hence|still|simply|now|indeed|probably|also),?\s)?
            (?P<verb>{_ENGLISH_VERB}) | (?P<label>{_SEPARATOR}))
      | ^[^\w\n]{{0,8}}(?:[0-9]{{1,2}}[.)]\s)?[*_]{{0,3}}(?:(?:the|my|final|correct)\s){{0,2}}answer
        (?:[^\w\n]{{0,6}}$ | \s(?:in|as)\s[a-z]+(?:\s[a-z]+)?[*_]{{0,3}}\s?[:=])
      | \banswer\sof(?=\s[$\\*]{{0,3}}[0-9])
      | (?<!\w)ans(?:\.?\s?[:=]|\.\s{_OPENS})""",
    re.I | re.M | re.X,
)
_NOT = re.compile(
    r"\bno\b|\bnão\b|\bnon\b|(?<!\w)(?:не|ні)(?!\w)|\bnie\b|n['’]$|n['’]est\b|\bniet\b|\bbukan\b"
    r"|n['’]t\b|\bcan ?not\b|không|ليس|不",
    re.I,
)
# "Wait, it is 5": a correction without a noun for the answer.
_CORRECTED = re.compile(
    rf"""(?:\b(?:wait|correction|sorry|oops)|\bi\smeant?
          |(?:^|(?<=[.!?;—–]\s))(?:actually|no|rather)(?=\W{{1,3}}(?:it|that|this)\b))
        (?:[,.:;!—–…-]{{1,3}}\s{{1,2}}|\s(?=it\b|i\smean)|(?:(?<=mean)|(?<=meant))\s)
        (?:(?:no|actually|that['’]s\s(?:wrong|incorrect|not\sright)|i\smade\san?\s\w+)
          [,.;:!—–\s]{{1,3}}){{0,2}}
        (?:(?:so\s|then\s)?(?:it|that|this)?\s?(?:['’]s|is|should\sbe|must\sbe|i\smeant?)\s)?{_OPENS}
      | \bthe\sanswer\s(?:isn['’]t|is\snot)\s[^.\n]{{1,40}}?[,;.]\s(?:but|it['’]s|it\sis)\s""",
    re.I | re.M | re.X,
)
_CORRECTING = (
    "wait",
    "sorry",
    "actually",
    "correction",
    "oops",
    "rather",
    "i mean",
    "no,",
    "answer is",
)
_CORRECTION = re.compile(
    r"\bwait(?=[,.!…—–:]|\s(?:a|no|that|but|I)\b)|\bactually,|\bcorrection\b|\bhold on\b|\boops\b"
    r"|\bsorry[,.!…—–]|\bmy mistake\b|\bscratch that\b|\bon second thought"
    r"|\bI made an? (?:\w+ )?(?:mistake|error)"
    r"|\bthat(?:['’]s| is| was) (?:wrong|incorrect|not right)\b|\blet me (?:correct|fix)",
    re.I,
)
_BOLD = re.compile(r"\*\*(?=\S)(?P<value>[^*\n]{1,80})\*\*")


def cues(text: str, *, first: bool = False) -> list[Cue]:
    """Return the last cues of each kind in a text, the strongest first; with `first`, the first
    ones instead.

    What a model states after a correction ("Wait, that is wrong") is stronger than what it stated
    before, if it is a number or a letter.
    """
    some = slice(MOST) if first else slice(-MOST, None)
    found = [
        *(Cue(BOX, box.opened, box.start, "box", box.end) for box in boxes(text)[some]),
        *(_delimited(LINE, "hash", at) for at in list(_HASHES.finditer(text))[some]),
        *_tags(text, list(_TAG.finditer(text))[some]),
        *(_delimited(LINE, "json", at) for at in list(_JSON.finditer(text))[some]),
        *phrases(text, first=first),
        *(_delimited(SENTENCE, "bold", at) for at in list(_BOLD.finditer(text))[some]),
    ]
    corrections = [at.start() for at in _CORRECTION.finditer(text)]

    def order(cue: Cue) -> tuple[int, int, int]:
        exact = cue.form not in ("verb", "label", "bold") or _EXACT.match(text, cue.end)
        after = bisect(corrections, cue.end) if exact and cue.strength > SENTENCE else 0
        return after, cue.strength, cue.end

    return sorted(found, key=order, reverse=True)


def phrases(text: str, *, first: bool = False) -> list[Cue]:
    """Return the last cues in words, or the first ones, in any language, by position."""
    found = []
    lowered = text.lower()
    if (noun := "ans") in lowered or (noun := "final ") in lowered:
        found += [
            Cue(PHRASE, *at.span(), _form(at), negated=bool(at["negated"]))
            for at in _near(_ENGLISH, noun, text, lowered, first)
        ]
    if any(map(lowered.__contains__, _CORRECTING)):
        found += [Cue(PHRASE, *at.span(), "correction") for at in _CORRECTED.finditer(text)]
    for name, nouns in _NOUNS.items():
        for noun in nouns:
            if noun in lowered:
                found += [
                    Cue(PHRASE, *at.span(), _form(at), negated=bool(_NOT.search(at[0])))
                    for at in _near(_foreign(name), noun, text, lowered, first)
                ]
    found = sorted(set(found), key=lambda cue: (cue.end, -cue.start))
    return found[:MOST] if first else found[-MOST:]


def _near(
    pattern: re.Pattern[str], noun: str, text: str, lowered: str, first: bool
) -> Iterator[re.Match[str]]:
    """Search a text that repeats a noun very often only around its last or first occurrences."""
    if lowered.count(noun) <= _MANY or len(lowered) != len(text):
        return pattern.finditer(text)
    at = 0 if first else len(text)
    for _ in range(_MANY):
        at = lowered.find(noun, at) + len(noun) if first else lowered.rfind(noun, 0, at)
    start = text.rfind("\n", max(at - 100, 0), at) + 1 or max(at - 20, 0)
    return pattern.finditer(text, 0, at + 100) if first else pattern.finditer(text, start)


def _form(found: re.Match[str]) -> str:
    return "verb" if found["verb"] else "label"


# What to look for before a language's pattern is built; a noun may end in a lookahead.
_NOUNS = {
    name: [noun.partition("(")[0].lower() for noun in language.answer.split("|")]
    for name, language in LANGUAGES.items()
}


@cache
def _foreign(name: str) -> re.Pattern[str]:
    """Return the pattern of the cues of a language."""
    language = LANGUAGES[name]
    if language.joined:
        gap = r"[^\s\d:：，。,.*(（]{0,12}?(?:[(（](?![A-Za-z][)）])[^()（）\n]{1,12}[)）])?"
        start = f"(?:{language.answer}){gap}"
    else:
        gap = r"(?:[ \t]+[^\s\d:：.,;=|*()]{1,14}){0,3}?(?:\s?\((?![A-Za-z]\))[^()\n]{1,30}\))?"
        start = rf"(?<![/\w])(?:{language.answer})(?:\w{{0,3}})(?!\w){gap}"
    words = sorted({*language.verb.split("|")} - {"="}, key=len, reverse=True)
    verb = "|".join(words if language.joined else [rf"\s(?:n['’])?{word}(?!\w)" for word in words])
    ends = [
        rf"(?P<verb>{verb or '(?!)'})",
        rf"[*_}}\s]{{0,4}}{_SEPARATOR}",
        *([rf"[ \t*_]{{0,4}}{_OPENS}(?![0-9]{{1,3}}[:)])"] if language.direct else []),
        r"[*_\ \t#]*$",
    ]
    return re.compile(f"{start}(?:{'|'.join(ends)})", re.I | re.M)


def _delimited(strength: int, form: str, found: re.Match[str]) -> Cue:
    return Cue(strength, found.start(), found.start("value"), form, found.end("value"))


def _tags(text: str, tags: list[re.Match[str]]) -> Iterator[Cue]:
    """Yield the cues of `<answer>`, `<FINAL_ANSWER>`, `[ANSWER]` and the like.

    A tag in a sentence that nothing closes is a mention of it.
    """
    for at in tags:
        close = _TAG_ENDS.search(text, at.end(), at.end() + _LONGEST_TAGGED)
        before = text[max(at.start() - 20, 0) : at.start()].rpartition("\n")[2]
        if close or not before.strip(" \t*#>"):
            yield Cue(LINE, at.start(), at.end(), "tag", close.start() if close else None)
