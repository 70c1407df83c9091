r"""Words before and behind an answer, and the letter of an option before its value."""

from __future__ import annotations

import re

__all__ = ["option", "without_remarks"]

_OPERATOR = (
    r"(?:[-+]\s|[+*/^=<>&|),;]|(?:and|or)\b|\\(?:c[ua]p|in|times|cdot|subset|setminus|le|ge|ne|to"
    r"|pm|perp|parallel|rightarrow|sim|cong)(?![A-Za-z]))"
)
_OPTION = re.compile(rf"(?:\(([A-J])\) ?|([A-J])(?:\)|[.:](?= )) ?)(?! ?{_OPERATOR})(?=.)")
_HEAD = re.compile(
    r"(?:(?:so|thus|hence|therefore|then|i\.e\.),? )?(?:the )?(?:"
    r"(?:(?:final|correct) )?(?:answer|solution|result)s?(?: (?:is|are)|:) "
    r"|(?:ordered (?:pair|triple)|point|pair|triple|vector|interval|set|coordinates)s?"
    r"(?: is| are|:)? (?=[(\[\\]))",
    re.I,
)
_CONCLUSION = re.compile(r"\\(?:implies|Rightarrow|Longrightarrow|therefore)(?![A-Za-z])|∴")
_ABOUT = r"\\(?:approx|approxeq|simeq|doteq)(?![A-Za-z])|(?:about|approximately|approx\.|roughly)"
_NUMBER = r"(?:[-+.,0-9 \\{}^e%]|\\times|\\cdot)+"
_TAILS = tuple(
    re.compile(pattern + "$")
    for pattern in (
        rf",? ?\((?:or |= ?|is )?(?:{_ABOUT}) ?{_NUMBER}\)",
        rf",? (?:or|which is|i\.e\.,?) (?:{_ABOUT}) ?{_NUMBER}",
        r",? ?\(?(?:as (?:desired|required|expected|claimed)|in total|in all|in simplest form)\)?",
    )
)


def option(text: str) -> tuple[str, str] | None:
    """Split `(C) 7` into the letter of the option and its value; None if it is none."""
    found = _OPTION.match(text)
    return (found[1] or found[2], text[found.end() :]) if found else None


def without_remarks(text: str) -> str:
    """Return a text without words around the answer that say nothing about it, and without the
    rounded value behind the exact one."""
    text = _CONCLUSION.split(text)[-1].strip() or text
    for pattern in (_HEAD, *_TAILS):
        found = pattern.match(text) if pattern is _HEAD else pattern.search(text)
        shorter = "" if found is None else (text[: found.start()] + text[found.end() :]).strip()
        text = shorter or text
    return text
