r"""Normalises mathematical notation: `sqrt(3)`, √3 and `\sqrt 3` become `\sqrt{3}`."""

from __future__ import annotations

import re

from ttc.answers.characters import plain_characters
from ttc.verifiers.math.wording.symbols import CHARACTERS

_FUNCTIONS = (
    "sqrt|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|sinh|cosh|tanh|log|ln|exp|pi|theta|pm|infty"
    "|gcd|lcm"
)
_ASCII = re.compile(rf"(?<![\\A-Za-z])(?:{_FUNCTIONS})(?![A-Za-z])")
_OVER_ESCAPED = (
    r"(?<!\\)\\\\(?=(?:[dt]?frac|sqrt|pi|text|left|right|cdot|times|infty|begin|end|log|ln|sin|cos"
    r"|tan|le|ge|pm|cup|in|mathbb|circ|theta|alpha|beta)(?![A-Za-z]))"
)
_REPLACED = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (_OVER_ESCAPED, r"\\"),
        (r"(?<=[0-9])(?:,\\!\s*|\{,\}|\\,)(?=[0-9]{3}(?![0-9]))", ""),
        (r"(?<=[0-9])\{,\}(?=[0-9])", "."),
        (r"(\\(?:[dtc]?frac|sqrt) ?\{|\} ?\{)([0-9]+),([0-9]{1,2}|[0-9]{4,})(?=\})", r"\1\2.\3"),
        (r"(?<=[\w)\]}])\*\*(?=[\w({\\-])", "^"),
        (r"(?<![\\A-Za-z])(?:infinity|oo|inf)(?![A-Za-z])", r"\\infty "),
        (r"\\[lr]brace(?![A-Za-z])", lambda found: r"\{" if found[0][1] == "l" else r"\}"),
        (r"\\[lr]angle(?![A-Za-z])", lambda found: "(" if found[0][1] == "l" else ")"),
        (r"\\(?:big|Big|bigg|Bigg)[lrm]?(?![A-Za-z])|\\middle(?![A-Za-z])", ""),
        (r"\\(?:left|right) ?\.", ""),
        (r"\\cdotp?(?![A-Za-z])", r"\\cdot "),
        (r"\\(?:leqslant|leqq?|le)(?![A-Za-z])", r"\\le "),
        (r"\\(?:geqslant|geqq?|ge)(?![A-Za-z])", r"\\ge "),
        (r"\\not ?=", r"\\ne "),
        (r"\\not ?\\in(?![A-Za-z])", r"\\notin "),
        (r"\+\\infty", r"\\infty"),
        (r"\\(?:R|RR|reals|Reals)(?![A-Za-z])", r"\\mathbb{R}"),
        (r"\\(?:Z|ZZ|integers)(?![A-Za-z])", r"\\mathbb{Z}"),
        (r"\+ ?/ ?-|\bplus or minus\b|(?<![\w)}])\+-(?=[\w\\])", r"\\pm "),
        (r"\^ ?(?:\{ ?(?:\\prime ?)+\}|\\prime(?![A-Za-z]))", lambda found: _primes(found[0])),
        (r"\^ ?(?:\{ ?\\(?:top|intercal) ?\}|\\(?:top|intercal)(?![A-Za-z]))", "^T"),
        (r"\^ ?(\{ ?)?\\(?:mathsf|mathrm|text|mathbf|mathtt) ?\{ ?T ?\}(?(1) ?\})", "^T"),
    )
)
# √13 is the root of 13, unlike TeX's \sqrt13.
_ROOT = re.compile(r"(?:√|(?<![\\A-Za-z])sqrt) ?([0-9]+(?:\.[0-9]+)?)")
# ]2, 5[ is (2, 5), as it is written in France.
_TURNED = re.compile(r"([\[\]])([^\[\]();,]+[,;][^\[\]();,]+)([\[\]])")
_NESTING = re.compile(r"\\begin(?![A-Za-z])|\\end(?![A-Za-z])|\\[{}]|\\.|[()\[\]{}]")
_OPENS = frozenset({"(", "[", "{", r"\{", r"\begin"})
_CLOSES = frozenset({")", "]", "}", r"\}", r"\end"})
_ARGUMENT = re.compile(r"(?:\\sqrt|\^) ?\(")
LONGEST = 1000  # characters; a longer answer is not read as a formula


def plain(text: str) -> str:
    """Return an answer in normalised notation."""
    text = plain_characters(_ROOT.sub(r"\\sqrt{\1}", text)).translate(CHARACTERS)
    for pattern, replacement in _REPLACED:
        text = pattern.sub(replacement, text)
    text = _ASCII.sub(lambda found: f"\\{found[0]} ", text)
    text = _braced(re.sub(r"(\\sqrt) +(?=[({0-9A-Za-z])", r"\1 ", text))
    if ("]" in text or "[" in text) and depths(text) is None:
        text = _TURNED.sub(_turned, text)
    return text


def _primes(text: str) -> str:
    return "'" * text.count("prime")


def _turned(found: re.Match[str]) -> str:
    opening, inside, closing = found.groups()
    return f"{'(' if opening == ']' else '['}{inside}{')' if closing == '[' else ']'}"


def depths(text: str) -> list[int] | None:
    """Return the number of open brackets around each character, or None if they do not balance.

    Round and square brackets may close each other, as in half-open intervals.
    """
    found, depth, end = [0] * len(text), 0, 0
    for token in _NESTING.finditer(text):
        found[end : token.start()] = [depth] * (token.start() - end)
        opens, closes = token[0] in _OPENS, token[0] in _CLOSES
        depth += opens
        found[token.start() : token.end()] = [depth] * len(token[0])
        depth -= closes
        end = token.end()
        if depth < 0:
            return None
    found[end:] = [depth] * (len(text) - end)
    return None if depth else found


def _braced(text: str) -> str:
    r"""Replace the brackets of `\sqrt(…)` and `^(…)` by braces, from right to left."""
    for found in reversed(list(_ARGUMENT.finditer(text))):
        start = found.end()
        depth = depths(text[start - 1 :]) or _until_closed(text[start - 1 :])
        end = next((at for at, open_ in enumerate(depth) if at and open_ == 0), len(depth)) - 1
        if end > 0 and text[start - 1 + end] == ")":
            end += start - 1
            text = f"{text[: start - 1]}{{{text[start:end]}}}{text[end + 1 :]}"
    return text


def _until_closed(text: str) -> list[int]:
    """Return the depths up to where the first bracket closes; empty if it never does."""
    depth = 0
    for token in _NESTING.finditer(text):
        depth += (token[0] in _OPENS) - (token[0] in _CLOSES)
        if depth == 0:
            return depths(text[: token.end()]) or []
    return []
