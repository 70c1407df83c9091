r"""Rewrites operators that the parser does not know: degrees, \bmod, n!!, \lg, upright d."""

from __future__ import annotations

import re

_REWRITTEN = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\lg(?![A-Za-z_])", r"\\log_{10} "),
        (r"\\(?:l|r)Vert(?![A-Za-z])|\\(?:l|r)\|", r"\\|"),
        (r"\\(?:d|t|c)frac(?![A-Za-z])", r"\\frac"),
        (r"\\(?:d|t)binom(?![A-Za-z])", r"\\binom"),
        (r"\\(max|min|gcd|lcm) ?\\\{([^{}]*)\\\}", r"\\\1(\2)"),
        (r"([0-9]+|(?<![\\A-Za-z])[A-Za-z]|\([^()]*\)) ?!!", r"\\operatorname{!!}(\1)"),
        (r"\\(?:lvert|rvert|vert)(?![A-Za-z])", "|"),
        (r"\{ ?([^{}]*?)\\choose(?![A-Za-z])([^{}]*)\}", r"\\binom{\1}{\2}"),
        (r"(?<![A-Za-z\\])d ?([A-Za-z]) ?/ ?d ?([A-Za-z])(?![A-Za-z])", r"\\frac{d\1}{d\2}"),
    )
)
_MODULO = re.compile(r"^(.+?)\\b?mod(?![A-Za-z])(.+)$")
_DEGREE = r"\degree"


def operators(latex: str) -> str:
    """Return a formula with operators that the parser knows."""
    for pattern, replacement in _REWRITTEN:
        latex = pattern.sub(replacement, latex)
    if modulo := _MODULO.match(latex):
        latex = rf"\operatorname{{mod}}({modulo[1]},{modulo[2]})"
    return _degrees(latex)


def _degrees(latex: str) -> str:
    r"""Replace 30\degree by 30π/180, with brackets."""
    while (at := latex.find(_DEGREE)) >= 0:
        head, tail = latex[:at].rstrip(), latex[at + len(_DEGREE) :]
        start = _operand(head)
        latex = rf"{head[:start]}({head[start:]}\cdot\frac{{\pi}}{{180}}){tail}"
    return latex


def _operand(head: str) -> int:
    """Return where the last factor of a text starts."""
    if found := re.search(r"(?:[0-9]+(?:\.[0-9]+)?|\\[A-Za-z]+|[A-Za-z])$", head):
        return found.start()
    depth, opens = 0, {")": "(", "}": "{", "]": "["}
    for at in range(len(head) - 1, -1, -1):
        depth += (head[at] in opens) - (head[at] in opens.values())
        if depth == 0:
            command = re.search(r"\\[A-Za-z]+(?: ?\{[^{}]*\})?$", head[:at])
            return command.start() if command and head[at] == "{" else at
    return len(head)
