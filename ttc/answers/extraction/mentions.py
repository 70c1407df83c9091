"""Numbers that a text mentions: the last one is the answer where nothing announces one."""

from __future__ import annotations

import re

from ttc.answers.canonical import NUMBER
from ttc.answers.extraction.languages import DENIED_BEHIND, DENIES

# Labels (step 3, the list number of "3. Then …") are not answers. Dates, times, ratios and
# versions are one token: 12/13/2001 contains neither the number 2001 nor 12/13.
_TOKENS = re.compile(
    rf"""(?P<label>\b(?:step|part|case|equation|problem|question|example|figure|table)\s\#?[0-9]+
       | \b(?:day|week|month|year)\s[0-9]+(?=:) | ^[ \t*\#>]*[0-9]{{1,3}}[.)]\**[ \t]+(?=\S) )
     | (?<![A-Za-z0-9_])(?: [0-9]+(?::[0-9]+)+(?:\s?[ap]\.?m\b)? | [0-9]+(?:/[0-9]+){{2,}}
       | [0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}(?![0-9]) | [0-9]+(?:\.[0-9]+){{2,}} )
     | (?<![A-Za-z0-9_])[-−]?[0-9]*\ ?[¼-¾⅐-⅞]
     | {NUMBER}""",
    re.I | re.M | re.X,
)
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
# Marks between digits that are written together with digits of other scripts.
_OTHER_MARKS = {"．": ".", "，": ",", "٫": ".", "٬": ",", "／": "/", "％": "%", "٪": "%", "－": "-"}
_OTHER_MARK = re.compile(r"(?<=[0-9])[．，٫٬／](?=[0-9])|(?<=[0-9])[％٪]|－(?=[0-9])")
_DENIED = re.compile(
    rf"(?:(?:\b|(?<=[a-z])|(?=[\u0e00-\u0e7f\u3040-\u9fff]))(?:{DENIES})|≠|\\neq?|!=)"
    r"(?:\s(?:just|the|a|about|be|exactly|equal|to|necessarily|simply)){0,3}[\s$*\\(\[“\"'’]*\Z"
    r"|(?:,|\by)\sno\s[$*]*\Z",
    re.I,
)
_DENIED_BEHIND = re.compile(rf"[\s$*\\)\]”\"'’]{{0,4}}(?:\w{{1,12}}\s)?(?:{DENIED_BEHIND})", re.I)
_MOST_REMARKS = 5
_REMARK = re.compile(
    r"\W*(?:let me know|i hope|hope this|feel free|please|if you (?:have|need|want)|would you like"
    r"|is there anything|thank|good luck|happy to|(?:my )?confidence(?: level)?\W*[:=])",
    re.I,
)
_STRETCH = 10_000
_MOST_DENIED = 1000  # a model stuck in a loop repeats its denial
_NEAR = 40  # characters in which a denial of a number begins


def without_remarks(text: str) -> str:
    """Return a text without courtesies and a confidence at its end, if a number is left."""
    shorter = text.rstrip()
    for _ in range(_MOST_REMARKS):
        before, _, line = shorter.rpartition("\n")
        if not _REMARK.match(line) or not re.search(r"[0-9]", before):
            break
        shorter = before.rstrip()
    return shorter


def last_number(text: str) -> str | None:
    """Return the last number of a text that the text does not deny, or None.

    "3 days, not 4" gives 3.
    """
    read = 0
    while end := _last_digit(text):
        # Numbers are searched from the end, a stretch at a time, since the last ones decide.
        start = text.rfind("\n", 0, max(end - _STRETCH, 0)) + 1 if end > _STRETCH else 0
        start = max(start, end - 2 * _STRETCH)
        tokens = [token for token in _TOKENS.finditer(text, start) if not token["label"]]
        for token in reversed(tokens):
            if not denied(text, token.start(), token.end()):
                return token[0].strip()
        read += len(tokens)
        if read > _MOST_DENIED:
            return None
        text = text[:start]
    return None


def _last_digit(text: str) -> int:
    """Return the offset behind the last digit of a text, 0 if there is none."""
    return max(map(text.rfind, "0123456789¼½¾⅓⅔")) + 1


def only_number(text: str) -> str | None:
    """Return the number of a text that has exactly one, or None."""
    tokens = [token for token in _TOKENS.finditer(text) if not token["label"]]
    return tokens[0][0].strip() if len(tokens) == 1 else None


def first_number(text: str) -> re.Match[str] | None:
    """Return the match of the number with which a text begins, or None."""
    token = _TOKENS.match(text)
    return token if token and not token["label"] and token[0].strip() else None


def denied(text: str, start: int, end: int) -> bool:
    """Return whether a text says that what is at these offsets is not the answer."""
    before = text[max(start - _NEAR, 0) : start]
    return bool(_DENIED.search(before) or _DENIED_BEHIND.match(text, end, end + _NEAR))


def plain_digits(text: str) -> str:
    """Return a text with the decimal digits of all scripts as 0 to 9: ４２ and ৪২ become 42.

    The length stays the same.
    """
    if text.isascii():
        return text
    text = _OTHER_DIGIT.sub(lambda digit: str(int(digit[0])), text)
    return _OTHER_MARK.sub(lambda mark: _OTHER_MARKS[mark[0]], text)
