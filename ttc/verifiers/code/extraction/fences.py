"""Finds the fenced blocks of a text, also those that contain fences in their strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Before a fence: blanks, the mark of a quotation or of an item of a list.
_FENCE = re.compile(
    r"(?P<before>[ \t]*(?:>[ \t]?|[-*+][ \t]+|\d{1,9}[.)][ \t]+)*)"
    r"(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)$"
)
_BEHIND_TEXT = re.compile(r"[^`\n]*[^`\w](?P<mark>`{3,})(?P<info>(?:python|py)[\d.]*)[ \t]*$", re.I)
_AT_END = re.compile(r"[^`\n]*[^`\s](?P<mark>`{3,})[ \t]*$")
_LANGUAGE = re.compile(r"[\s{.]*(?P<language>[\w+#-]*)")
_IS_PYTHON = re.compile(r"(?:i?python|py)[\d.]*|python-?repl|pycon|doctest")
_PART = re.compile(r"'''|\"\"\"|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|#.*|\\.")
_MARKDOWN = ("markdown", "md")


class Block(NamedTuple):
    """A fenced block: its language in lower case (`python` for all its names, "" if unmarked) and
    its body."""

    language: str
    body: str


class _Fence(NamedTuple):
    mark: str
    indent: int
    info: str
    quoted: bool = False  # in a quotation, each line of which begins with >


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a text in order, those of blocks of Markdown included."""
    found: list[Block] = []
    for block in _Reader(text).read():
        if block.language in _MARKDOWN and (inner := list(_Reader(block.body).read())):
            found += inner
        else:
            found.append(block)
    return found


def before_first_fence(text: str) -> tuple[str, bool] | None:
    """Return the text before its first fence, and whether that fence has no language; None if there
    is no fence."""
    start = 0
    for line in text.split("\n"):
        if (fence := _fence(line)) is not None:
            return text[:start], not fence.info.strip()
        if (at_end := _AT_END.match(line)) is not None:
            return text[: start + at_end.start("mark")], True
        start += len(line) + 1
    return None


class Quotes:
    """Tracks whether code is inside a string of three quotation marks, line by line."""

    def __init__(self) -> None:
        self.open = ""

    def after(self, line: str) -> bool:
        """Return whether a part of the next line ends inside a string."""
        ahead = Quotes()
        ahead.open = self.open
        ahead.feed(line)
        return bool(ahead.open)

    def feed(self, line: str) -> None:
        """Go on with the next line, or a part of it."""
        at = 0
        while at < len(line):
            if self.open:
                end = _end_of_string(line, at, self.open)
                if end < 0:
                    return
                self.open, at = "", end
            elif (part := _PART.search(line, at)) is None:
                return
            else:
                at = part.end()
                self.open = part[0] if part[0] in ("'''", '"""') else ""


def _end_of_string(line: str, at: int, mark: str) -> int:
    while at < len(line):
        if line[at] == "\\":
            at += 2
        elif line.startswith(mark, at):
            return at + 3
        else:
            at += 1
    return -1


class _Reader:
    """Reads the blocks of a text. A fence in a string is part of the code, unless nothing closes
    the string and the block."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._trusts_quotes = True

    def read(self) -> Iterator[Block]:
        at = 0
        while at < len(self._lines) - 1:  # a line that opens a block ends with a newline
            if (opened := _opening(self._lines[at])) is None:
                at += 1
            else:
                block, at = self._block(opened, at + 1)
                yield block

    def _block(self, opened: _Fence, start: int) -> tuple[Block, int]:
        """Return the block whose body starts at a line, and the line behind it."""
        language = _language(opened.info)
        quotes = Quotes() if self._trusts_quotes and language in ("", "python") else None
        body: list[str] = []
        held: tuple[Block, int] | None = None  # if a string never ends
        for at in range(start, len(self._lines)):
            line = self._lines[at]
            if opened.quoted:
                line = re.sub(r"^[ \t]*>[ \t]?", "", line, count=1)
            rest, following = _closing(line, opened, at, language)
            if following is not None:
                closed = Block(language, "".join(body) + rest), following
                if quotes is None or not quotes.after(rest):
                    return closed
                held = held or closed
            if quotes is not None:
                quotes.feed(line)
            body.append(line + "\n")
        if held is not None:
            self._trusts_quotes = False
            return held
        return Block(language, "".join(body)[:-1]), len(self._lines)


def _opening(line: str) -> _Fence | None:
    fence = _fence(line)
    if fence is None and (found := _BEHIND_TEXT.match(line)) is not None:
        fence = _Fence(found["mark"], 0, found["info"])
    return fence


def _fence(line: str) -> _Fence | None:
    """Return the fence on a line of its own, or None."""
    found = _FENCE.match(line)
    if found is None or (found["mark"][0] == "`" and "`" in found["info"]):
        return None
    before = found["before"]
    return _Fence(found["mark"], len(before.expandtabs(4)), found["info"], ">" in before)


def _closing(line: str, opened: _Fence, at: int, language: str) -> tuple[str, int | None]:
    """Return the code before the fence on a line that closes a block, and the line to go on at;
    None if the line closes none."""
    mark = opened.mark
    fence = _fence(line)
    if fence is not None and fence.mark.startswith(mark):
        # As in CommonMark, a closing fence is not indented by four blanks or more.
        if fence.indent > opened.indent + 3 and fence.info.strip() == "":
            return "", None
        if fence.info.strip() == "":
            return "", at + 1
        # No line of Python begins with a fence, so this one opens the next block.
        python = language == "python" and fence.indent <= opened.indent
        return "", at if python else None
    at_end = _AT_END.match(line) if language == "python" and "#" not in line else None
    if at_end is not None and at_end["mark"] == mark:
        return line[: at_end.start("mark")] + "\n", at + 1
    return "", None


def _language(info: str) -> str:
    found = _LANGUAGE.match(info)
    language = found["language"].lower() if found is not None else ""
    if language == "code" or language == "code-cell" or language == "code-block":
        found = _LANGUAGE.match(info, found.end() if found is not None else 0)
        rest = info[info.find("}") + 1 :].strip()
        language = (rest.split() or ["python"])[0].lower()
    return "python" if _IS_PYTHON.fullmatch(language) else language
