r"""Systems of equations, however they are set: on lines, in `cases`, with `\quad` or "with"."""

from __future__ import annotations

import re

__all__ = ["pieces", "separated"]

_ENVIRONMENT = (
    r"\\begin\{(cases|dcases|rcases|aligned|align\*?|gathered|gather\*?|split|eqnarray\*?|array)\}"
    r"(?:\{[lcr| ]*\})?(.*?)\\end\{\1\}"
)
_BRACED = re.compile(
    rf"(?:\\left)?\s*(?:\\\{{|\\lbrace(?![A-Za-z]))\s*{_ENVIRONMENT}\s*(?:\\right\s*\.)?", re.S
)
_BARE = re.compile(_ENVIRONMENT, re.S)
_PIECES = re.compile(r"\\begin\{[dr]?cases\}(.*)\\end\{[dr]?cases\}", re.S)
_BREAK = re.compile(r"(?<!\\)\\\\(?:\[[^\[\]]*\])?|\\newline(?![A-Za-z])|\n")
_ROW = re.compile(r"\\\\(?:\[[^\[\]]*\])?")
_CELL = re.compile(r"(?<!\\)&")
_SIGN = re.compile(r"[=<>]|\\(?:le|ge|ne|lt|gt|in|approx)(?:q|slant|qslant)?(?![A-Za-z])")
_GOES_ON = re.compile(r"[-+*/&)\]]|\\(?:times|cdot|pm|cup|cap)(?![A-Za-z])")
_UNFINISHED = re.compile(r"(?:[-+*/=<>,;(\[]|\\(?:times|cdot|cup|cap))\s*$")
_WORDS = re.compile(r"\\(?:text|textrm|textnormal|mbox|textit) ?\{([^{}\\$]*)\}")
_LINK = re.compile(
    r"\b(?:with|while|whereas|where|but)\b|\\(?:land|wedge)(?![A-Za-z])"
    r"|(?:\\q?quad(?![A-Za-z])\s*)+(?:(?:and|,|;)\s*(?:\\q?quad(?![A-Za-z])\s*)*)?"
)


def separated(text: str) -> str:
    r"""Return a system of equations with `;` between them.

    Matrices keep their line breaks, and so do the pieces of a function.
    """
    text = _BARE.sub(_rows, _BRACED.sub(_rows, _WORDS.sub(r" \1 ", text)))
    if r"\begin" not in text and _BREAK.search(text):
        text = _joined(_BREAK.split(text))
    parts = _LINK.split(text)
    if len(parts) > 1 and all(_SIGN.search(part) for part in parts):
        text = " ; ".join(part.strip(" ,;") for part in parts)
    return text


def pieces(text: str) -> list[tuple[str, str]] | None:
    """Return the values and the conditions of a function given in pieces, or None."""
    found = _PIECES.fullmatch(text)
    rows = [_CELL.split(row) for row in _ROW.split(found[1]) if row.strip()] if found else []
    if not rows or any(len(row) != 2 for row in rows):
        return None
    return [(value.strip(" ,;"), _condition(given)) for value, given in rows]


def _condition(text: str) -> str:
    return re.sub(r"^(?:if|for|when|where|,)\b ?|[.,;]$", "", text.strip()).strip()


def _rows(found: re.Match[str]) -> str:
    """Return the rows of an environment as a system, unless they are a matrix or pieces."""
    rows = [row for row in _ROW.split(found[2]) if row.strip()]
    system = all(_SIGN.search(row) and not _is_piece(row) for row in rows)
    if not system and not (rows and found[1] not in ("array", "cases", "dcases", "rcases")):
        return found[0]
    return _joined([_CELL.sub("", row) for row in rows])


def _is_piece(row: str) -> bool:
    cells = _CELL.split(row)
    return len(cells) > 1 and not all(_SIGN.match(cell.strip()) for cell in cells[1:])


def _joined(lines: list[str]) -> str:
    """Join lines: by `;` where each is whole, by a space where one goes on with the last."""
    text = ""
    for line in filter(None, map(str.strip, lines)):
        whole = _SIGN.search(line) or line[0] in "(["
        goes_on = _SIGN.match(line) or _GOES_ON.match(line) or _UNFINISHED.search(text)
        text += f" ; {line}" if text and whole and not goes_on else f" {line}"
    return text.strip()
