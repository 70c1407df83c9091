r"""Boxes: the contents of `\boxed{…}` and `\fbox{…}`, with balanced braces."""

from __future__ import annotations

import re
from typing import NamedTuple

_MANY_MARKS = 40  # characters between boxes that belong together

_BRACES = re.compile(
    r"\\(?:boxed|fbox)\s*(?:(?P<box>\{)|(?P<bare>[-+.0-9][^\s{}$]*|[A-Za-z](?![A-Za-z])))|\\.|[{}]"
)
_JOINED = re.compile(
    r"[\s$*]*(?:\\[\])])?[\s$*]*(?:[,;]|(?:[,;]\s*)?(?:\\text\{)?\s*(?:and|or)\s*\}?)"
    r"(?:[\s$*]|\\[\[(])*(?:[A-Za-z]\w?\s?=\s?)?"
)


class Box(NamedTuple):
    """The offsets of a box's content, and of the whole box."""

    start: int
    end: int
    opened: int
    closed: int


def boxed(text: str) -> str | None:
    r"""Return the content of the last `\boxed{…}` or `\fbox{…}` that is closed, or None."""
    for box in reversed(boxes(text)):
        if content := text[box.start : box.end].strip():
            return content
    return None


def boxed_together(text: str) -> list[str]:
    r"""Return the contents of the last box and of the boxes that belong to it, in order.

    Boxes belong together if only a comma, "and" or "or" is between them: `\boxed{1}$ and $x =
    \boxed{2}` are two answers, whereas a box in an earlier sentence is an earlier attempt.
    """
    found: list[str] = []
    following: Box | None = None
    for box in reversed(boxes(text)):
        content = text[box.start : box.end].strip()
        if not content or (following and box.closed > following.opened):
            continue  # empty, or around the box found before
        if following and not _joined(text[box.closed : following.opened]):
            break
        found, following = [content, *found], box
    return list(dict.fromkeys(found))


def boxes(text: str) -> list[Box]:
    """Return all closed boxes, sorted by the start of their content."""
    found: list[Box] = []
    opened: list[tuple[int, int] | None] = []  # for each open brace, its box if it opens one
    if "boxed" not in text and "fbox" not in text:
        return []
    for token in _BRACES.finditer(text):
        if token["bare"]:
            found.append(Box(*token.span("bare"), *token.span()))
        elif token["box"]:
            opened.append((token.end(), token.start()))
        elif token[0] == "{":
            opened.append(None)
        elif token[0] == "}" and opened and (box := opened.pop()):
            found.append(Box(box[0], token.start(), box[1], token.end()))
    return sorted(found)


def _joined(between: str) -> bool:
    return len(between) <= _MANY_MARKS and _JOINED.fullmatch(between) is not None
