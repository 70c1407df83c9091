"""Run-on text: what a model writes after its answer, such as a next question with its answer.

Base models continue a prompt of examples with further examples; chat models that miss their end
play both sides. All of that follows the answer to the question that was asked.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ttc.answers.canonical import count_words, number
from ttc.answers.extraction.clauses import clause_of
from ttc.answers.extraction.cues import MOST, cues
from ttc.answers.extraction.languages import ENGLISH, LANGUAGES

# Tokens that end a turn, or begin one of the user's.
_TOKEN = re.compile(
    r"<[|｜](?:endoftext|im_end|eot_id|eom_id|end_of_text|end|eot|return|user|User|prompter|system"
    r"|end▁of▁sentence|(?:im_start|start_header_id)[|｜]>\s*(?:user|system|human))(?:[|｜]>)?"
    r"|</s>|<eos>|<end_of_turn>|<start_of_turn>user|\[INST\]|\[DONE\]"
)
_HEADER = re.compile(r"<[|｜][^<>\s]{1,30}[|｜]>(?:assistant)?(?:<[|｜][^<>\s]{1,30}[|｜]>)?|<s>")
_START = r"(?:^[ \t>*_#(\[]{0,12}|(?<=[.!?。)]\s))"
_WORDS = [
    *ENGLISH.split("|"),
    *(word for each in LANGUAGES.values() for word in each.question.split("|") if word),
    *("example", "input", "q"),
]
_ROLE = re.compile(
    r"^[ \t>*_#\[]{0,12}(?:Human|User|HUMAN|USER)(?:\s[0-9]{1,3})?[*_\]]{0,3}\s?[:：]\s*"
    r"(?=(.{0,200}))"
    r"|(?:^|(?<=[.!?}$)\]0-9]))(?:user|User|human|Human)[ \t]*\n(?=(.{1,200}))",
    re.M,
)
_SOLVED = re.compile(r"^####(?!#)[ \t]*\S[^\n]*", re.M)
_ASSISTANT = re.compile(r"\W*(?:assistant|ai|model|bot)\W*", re.I)
_CONCLUDES = re.compile(
    r"\W*(?:so|therefore|thus|hence|in total|altogether|consequently|this means|that is)\b", re.I
)
_SHORT = re.compile(r"\W*[A-Z]\W*|.*[^\s.?!]", re.S)  # an option's letter, or no sentence
_FEW_WORDS = 4


def cut(text: str) -> str:
    """Return a text up to the end of its own turn, and to the next question after its answer.

    A question that comes before any answer is the one asked, restated, and stays. If the text
    divides its problem into numbered questions, they are its own.
    """
    text = _first_solution(_turn(text))
    asked = _questions(text)
    if not asked:
        return text
    answered = _first_answer(text)
    own = {_word(at) for at in asked if at.start() < answered and _numbered(at)}
    for at in asked[:MOST]:
        if _numbered(at) and _word(at) in own:
            continue
        if at.start() >= answered or _concluded(text, at.start()):
            return text[: at.start()].rstrip()
    return text


def _first_solution(text: str) -> str:
    """Cut a text after its first `#### X` if a question and another `#### Y` follow it."""
    solved = list(_SOLVED.finditer(text))[:2]
    if len(solved) == 2:
        between = text[solved[0].end() : solved[1].start()]
        if between.startswith("\n\n") and "?" in between:
            return text[: solved[0].end()]
    return text


def _questions(text: str) -> list[re.Match[str]]:
    lowered = text.lower()
    present = tuple(word for word in _WORDS if word.lower() in lowered)
    return list(_question(present).finditer(text)) if present else []


@lru_cache(maxsize=64)
def _question(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of the labels and headings of questions."""
    either = "|".join(words)
    return re.compile(
        rf"""{_START}(?:(?:new|next|another|follow-?up|similar|example|practice|math|word|test)\s)?
            (?:(?P<word>{either})(?P<number>\s?\#?[0-9]{{1,3}}(?=[*_\s]{{0,3}}[:：.)\n]))?
            [*_ ]{{0,4}}(?:[:：]|(?<=[0-9])[.)]))
          | ^[ \t*_\#\[<]{{0,8}}(?:new\s|next\s)?(?P<heading>{either})(?P<count>\s?\#?[0-9]{{1,3}})?
            [ \t*_:]{{0,6}}(?:$|[\]>])""",
        re.I | re.M | re.X,
    )


def _turn(text: str) -> str:
    """Cut a text where its turn ends, or the user's begins."""
    ends = [at.start() for at in _TOKEN.finditer(text)][:MOST]
    ends += [
        at.start() for at in list(_ROLE.finditer(text))[:MOST] if _speaks(at[1] or at[2] or "")
    ]
    for end in sorted(ends):
        before = text[max(end - 200, 0) : end]
        before = before if end > 200 else _HEADER.sub("", before)
        spoken = before.strip()
        if spoken and not spoken.endswith((":", "：")) and not _ASSISTANT.fullmatch(spoken):
            return text[:end].rstrip()
    return text


def _speaks(line: str) -> bool:
    return count_words(line) >= 3 or "?" in line or any(letter >= "\u0900" for letter in line)


def _first_answer(text: str) -> int:
    """Return the offset of the first answer that is announced in a text; its length if none is."""
    for cue in sorted(cues(text, first=True), key=lambda cue: cue.end):
        if clause_of(text, cue):
            return cue.end
    return len(text)


def _concluded(text: str, end: int) -> bool:
    """Return whether a text answers before an offset without a cue: it is a short answer alone, or
    its last line concludes with a number."""
    before = text[max(end - 1000, 0) : end].strip()
    if not before or before.endswith((":", "：")):
        return False
    lines = before.split("\n")
    if end <= 1000 and len(lines) == 1 and (number(before) is not None or _SHORT.fullmatch(before)):
        return count_words(before) <= _FEW_WORDS
    last = lines[-1].strip()
    if re.match(r"####(?!#)\s*\S", last):
        return True
    return bool(_CONCLUDES.match(last)) and any(map(str.isdigit, last))


def _numbered(found: re.Match[str]) -> bool:
    return bool(found["number"] or found["count"])


def _word(found: re.Match[str]) -> str:
    return (found["word"] or found["heading"] or "").lower()
