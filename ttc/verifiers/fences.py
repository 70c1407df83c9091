"""Fenced blocks of Markdown: what may be the JSON of a text."""

from __future__ import annotations

import re
from typing import NamedTuple

_FENCE = re.compile(r"^[ \t]*(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)$", re.M)
_MOST_BLOCKS = 200  # of a text; the last ones are kept
_NESTED = ("", "markdown", "md", "text", "txt", "plaintext")


class Block(NamedTuple):
    """The body of a fenced block and the first word behind its fence, in lower case."""

    mark: str
    body: str


def candidates(text: str) -> list[str]:
    """Return the texts that may be the JSON of a completion, in the order to try them.

    They are the whole text, then its blocks marked json or, if there are none, all blocks, from the
    last one on.
    """
    found = blocks(text)
    marked = [block.body for block in found if block.mark == "json"]
    bodies = marked or [block.body for block in found]
    return [text.strip("\ufeff \t\r\n"), *bodies[::-1]]


def blocks(text: str) -> list[Block]:
    """Return the last fenced blocks of a text, by position of their end.

    A fence of backticks or tildes ends at one of the same kind that is at least as long and has
    nothing behind it, or with the text. Blocks of Markdown may contain blocks.
    """
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    found: list[Block] = []
    _scan(text, found, 0)
    return found[-_MOST_BLOCKS:]


def _scan(text: str, found: list[Block], level: int) -> None:
    opened: re.Match[str] | None = None
    for at in _FENCE.finditer(text):
        if opened is None:
            if "`" not in at["info"] or at["fence"][0] == "~":
                opened = at
        elif not at["info"].strip() and at["fence"].startswith(opened["fence"]):
            _keep(opened["info"], text[opened.end() : at.start()], found, level)
            opened = None
    if opened is not None:
        _keep(opened["info"], text[opened.end() :], found, level)


def _keep(info: str, body: str, found: list[Block], level: int) -> None:
    mark = re.split(r"[\s,:;(]", info.lower().strip("{}. \t"), maxsplit=1)[0].strip("{}.")
    if level == 0 and mark in _NESTED:
        _scan(body, found, level + 1)
    found.append(Block(mark, body.strip("\ufeff \t\n")))
