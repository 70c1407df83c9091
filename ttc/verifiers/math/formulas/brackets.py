"""Arguments and brackets in LaTeX, for rewriting formulas before they are parsed."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.S)
_OPENS = {"(": ")", "[": "]", "{": "}", r"\{": r"\}"}
_CLOSES = frozenset(_OPENS.values())


def closing(text: str, at: int) -> int | None:
    """Return where the bracket that opens at `at` closes (its index), or None if it never does."""
    depth = 0
    for token in _TOKEN.finditer(text, at):
        if token[0] in _OPENS:
            depth += 1
        elif token[0] in _CLOSES:
            depth -= 1
            if depth == 0:
                return token.start()
    return None


def argument(text: str, at: int) -> tuple[str, int] | None:
    """Return the argument of a command that ends at `at`, without braces, and where it ends."""
    while text[at : at + 1] == " ":
        at += 1
    if text[at : at + 1] == "{":
        end = closing(text, at)
        return None if end is None else (text[at + 1 : end].strip(), end + 1)
    token = _TOKEN.match(text, at)
    return None if token is None or token[0] in _CLOSES else (token[0], token.end())


def pieces(text: str) -> tuple[str, ...]:
    """Split a text at its commas and semicolons outside brackets."""
    found, depth, start = [], 0, 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in _OPENS) - (token[0] in _CLOSES)
        if depth == 0 and token[0] in (",", ";"):
            found.append(text[start : token.start()].strip())
            start = token.end()
    return (*found, text[start:].strip())
