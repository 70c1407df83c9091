r"""The answer extractor: from the text of a completion to the answer it gives.

It reads only the text, never a reference or a problem id, so it cannot favour the right answer.

Cues in order of strength, wherever they are: `\boxed{…}`, `#### X`, "the answer is X", the last
number. A box is typed on purpose to hold the answer, whereas numbers are also mentioned after it
(checks, units, remarks). Of several cues of one kind the last wins, since corrections come later.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ttc.answers.canonical import NUMBER, canonical, count_words, number
from ttc.answers.thinking import said

__all__ = ["boxed", "boxed_together", "canonical", "extract", "number", "stated", "visible"]

_FEW_WORDS, _MANY_WORDS = 4, 12  # up to 4 words: a name; up to 12: a phrase; more: prose
_WINDOW = 300  # characters after its cue within which an answer ends
_MANY_MARKS = 40  # characters between boxes that belong together
_MOST_CUES = 100  # a model stuck in a loop repeats its cue; the last ones are enough

_CALCULATION = re.compile(r"<<[-+*/=.,()0-9 ]*>>")
_BRACES = re.compile(
    r"\\(?:boxed|fbox)\s*(?:(?P<box>\{)|(?P<bare>[-+.0-9][^\s{}$]*|[A-Za-z](?![A-Za-z])))|\\.|[{}]"
)
_JOINED = re.compile(
    r"[\s$*]*(?:\\[\])])?[\s$*]*(?:[,;]|(?:[,;]\s*)?(?:\\text\{)?\s*(?:and|or)\s*\}?)"
    r"(?:[\s$*]|\\[\[(])*(?:[A-Za-z]\w?\s?=\s?)?"
)
_HASHES = re.compile(r"(?<!#)####(?!#)[ \t]*([^\n#]*)")
# Labels (step 3, the list number of "3. Then …") are not answers. Dates, times, ratios and
# versions are one token: 12/13/2001 contains neither the number 2001 nor 12/13.
_TOKENS = re.compile(
    rf"""(?P<label>\b(?:step|part|case|equation|problem|question|example|figure|table)\s\#?[0-9]+
       | \b(?:day|week|month|year)\s[0-9]+(?=:) | ^[ \t*\#>]*[0-9]{{1,3}}[.)]\**[ \t]+(?=\S) )
     | (?<![A-Za-z0-9_])(?: [0-9]+(?::[0-9]+)+(?:\s?[ap]\.?m\b)? | [0-9]+(?:/[0-9]+){{2,}}
       | [0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}(?![0-9]) | [0-9]+(?:\.[0-9]+){{2,}} )
     | {NUMBER}""",
    re.I | re.M | re.X,
)

_CUE = re.compile(
    r"""(?<![/\w])answers?(?:\s(?:to|for)\s(?:this|the|your)\s\w+)?[*_\s]{0,4}
        (?:(?P<verb>(?:is|are|(?:would|should|must|will)\sbe)\b)|[:=>])
      | ^[#*_\ \t]*(?:(?:final|correct)\s)?answer[*_\ \t]*$""",
    re.I | re.M | re.X,
)
_LEAD = re.compile(
    r"(?:[\s*_:=>`]|\$\$|\\[\[(]|(?:indeed|therefore|thus|simply|clearly|actually)\b,?)*", re.I
)
_SENTENCE_END = re.compile(
    r"(?<!\bDr)(?<!\bMr)(?<!\bMs)(?<!\bSt)(?<!\bMt)(?<!\bMrs)(?<!\b[A-Z]\.[A-Z])(?<![.\s])"
    r"(?:[.?]|(?<=[a-z]{2})!)(?=[*_\"”)]*(?:\s|$))|</"
)
_REASON = re.compile(r",?\s(?:because|since|which)\b")
_ASIDE = re.compile(r",?\s(?:as|so|when|where|if|for|after)\b|,\s(?=[A-Za-z]{2})|\s[(–—]|;")
_OPTION = re.compile(r"\W*(?:(?:option|choice)\s)?\(?[A-Z](?:[).:]\W*\s|\W*$)", re.I)
# "the answer is …" and "Answer: …" also introduce remarks on an answer, and reasoning.
_NO_ANSWER = re.compile(
    r"(?:(?:in)?correct|reasonable|consistent|verified|confirmed|below|as follows|step [0-9]+"
    r"|not (?:[0-9$]+|correct|the)|let(?:['’]s| us| me)|we|first(?=,))\b",
    re.I,
)


def extract(text: str) -> str | None:
    r"""Return the answer a completion gives, verbatim, or None.

    Thinking blocks are removed first (see `visible`). Then, in order:

    - the last closed `\boxed{…}` or `\fbox{…}`; one whose braces do not balance is truncated;
    - the last `#### X`, if X is a number or ends the text; otherwise it is a heading;
    - the last "the answer is X", "Answer: X" or `<answer>X`, up to the end of the sentence or the
      start of its reasons; prose after such a cue is not an answer;
    - the last number.
    """
    text = visible(text)
    return stated(text) or _last_number(text)


def stated(text: str) -> str | None:
    """Return the answer that a cue announces, or None if there is no cue."""
    text = visible(text)
    return boxed(text) or _hashed(text) or _phrased(text)


def visible(text: str) -> str:
    """Return the text without its thinking blocks and GSM8K's `<<9*2=18>>` annotations.

    `ttc.answers.thinking` lists how models mark thoughts.
    """
    return _CALCULATION.sub("", said(text)).strip()


def boxed(text: str) -> str | None:
    r"""Return the content of the last `\boxed{…}` or `\fbox{…}` that is closed, or None."""
    for box in reversed(_boxes(text)):
        if content := text[box.start : box.end].strip():
            return content
    return None


def boxed_together(text: str) -> list[str]:
    r"""Return the contents of the last box and of the boxes that belong to it, in order.

    Boxes belong together if only a comma, "and" or "or" is between them: `\boxed{1}$ and $x =
    \boxed{2}` are two answers, whereas a box in an earlier sentence is an earlier attempt.
    """
    found: list[str] = []
    following: _Box | None = None
    for box in reversed(_boxes(text)):
        content = text[box.start : box.end].strip()
        if not content or (following and box.closed > following.opened):
            continue  # empty, or around the box found before
        if following and not _joined(text[box.closed : following.opened]):
            break
        found, following = [content, *found], box
    return list(dict.fromkeys(found))


def _joined(between: str) -> bool:
    return len(between) <= _MANY_MARKS and _JOINED.fullmatch(between) is not None


class _Box(NamedTuple):
    """The offsets of a box's content, and of the whole box."""

    start: int
    end: int
    opened: int
    closed: int


def _boxes(text: str) -> list[_Box]:
    """Return all closed boxes, sorted by the start of their content."""
    boxes: list[_Box] = []
    opened: list[tuple[int, int] | None] = []  # for each open brace, its box if it opens one
    for token in _BRACES.finditer(text):
        if token["bare"]:
            boxes.append(_Box(*token.span("bare"), *token.span()))
        elif token["box"]:
            opened.append((token.end(), token.start()))
        elif token[0] == "{":
            opened.append(None)
        elif token[0] == "}" and opened and (box := opened.pop()):
            boxes.append(_Box(box[0], token.start(), box[1], token.end()))
    return sorted(boxes)


def _hashed(text: str) -> str | None:
    for line in list(_HASHES.finditer(text))[: -_MOST_CUES - 1 : -1]:
        content = line[1].strip()
        last = line.end() == len(text) and not content.endswith(":") and not _CUE.search(content)
        if number(content) is not None or (content and last):
            return content
    return None


def _phrased(text: str) -> str | None:
    for cue in list(_CUE.finditer(text))[: -_MOST_CUES - 1 : -1]:
        window = text[cue.end() : cue.end() + _WINDOW]
        line, _, below = window[_leading(window) :].partition("\n")
        clause = _clause(line)
        followed = len(line) > len(clause) + 1 or bool(below.strip())
        if _answers(clause, brief=followed and not cue["verb"]):
            return clause
    return None


def _leading(window: str) -> int:
    lead = _LEAD.match(window)
    return lead.end() if lead else 0


def _clause(line: str) -> str:
    """Cut a line to the answer at its start: before the next sentence, reasons and asides."""
    clause = _REASON.split(_SENTENCE_END.split(line, maxsplit=1)[0], maxsplit=1)[0].strip()
    head = _ASIDE.split(clause, maxsplit=1)[0].strip()
    if number(head) is not None or re.fullmatch(r"\W*[A-Z]\W*|\([a-z]\)", head):
        return head
    work, _, result = clause.rpartition("=")
    arithmetic = work and not re.search(r"[A-Za-z,;]", re.sub(r"\\[a-z]+", "", work))
    return result.strip() if arithmetic and number(result) is not None else clause


def _answers(clause: str, *, brief: bool) -> bool:
    """Return whether a clause is an answer rather than prose (which may contain one).

    `brief`: the clause begins a longer text, as in "Answer: Let us see. …".
    """
    if not re.search(r"\w", clause) or _NO_ANSWER.match(clause):
        return False
    words = count_words(clause)
    if words <= _FEW_WORDS or number(clause) is not None or _OPTION.match(clause):
        return True
    return words <= _MANY_WORDS and not brief and not re.search(r"[0-9]", clause)


def _last_number(text: str) -> str | None:
    numbers = [token[0] for token in _TOKENS.finditer(text) if not token["label"]]
    return numbers[-1].strip() if numbers else None
