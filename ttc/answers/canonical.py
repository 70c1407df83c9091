r"""The canonical form of an answer: equal answers become equal texts, so that they vote together.

Numbers are exact rationals, never floats: 0.1 + 0.2 is 0.3, and 1/3 is not 0.3333.
"""

from __future__ import annotations

import re
from fractions import Fraction

from ttc.answers.characters import plain_characters
from ttc.answers.numbers import NO_UNIT, NUMBER, STRICT, Number, Style, read_number
from ttc.answers.repeating import MARKED, repeating
from ttc.answers.tex import braced, unwrapped

__all__ = ["NO_UNIT", "NUMBER", "canonical", "count_words", "number", "spelt", "tidy"]

# Longer texts are compared verbatim. This bounds the work on hostile input.
_LONGEST = 1000
_PASSES = 8  # each pass removes one layer of nested \text{…} and trailing marks
_PLACES = 30  # a rational with more decimal places is written as a fraction

_FONTS = re.compile(
    r"\\(?:mbox|boxed|fbox|hbox|text|textnormal|textup|textsf|texttt|textit|textbf|textrm|textmd|emph"
    r"|(?:math|bold)(?:rm|bf|it|sf|tt|normal|symbol)|operatorname\*?|underline|bm|ensuremath"
    r"|(?:bcancel|xcancel|cancel)(?!to)) ?\{"
)
_DECLARED = (
    r"\\(?:left|right|displaystyle|textstyle|scriptstyle|limits|nolimits|rm|bf|it|normalsize|small"
    r"|large|Large|mathstrut|strut|nonumber|notag|hfill|noindent|boldmath)(?![A-Za-z])"
)
_SPACING = (
    r"(?<!\\)\\[,;:> ]|\\q?quad\b|\\(?:thinspace|enspace|medspace|thickspace|negthinspace|space)\b"
    r"|\\[hvm]?(?:phantom|space|kern|skip)\*? ?\{[^{}]*\}|(?<=.)~"
)

_FUNCTIONS = (
    "(?:arc)?(?:sin|cos|tan|cot|sec|csc)|(?:sin|cos|tan)h|log|ln|lg|exp|gcd|lcm|max|min|det|deg|dim"
)
# $1.5M is money, whereas in $1.5M$ the letter is a variable.
_PAID = r"^(-?(?:US)?(?:\\?\$|[€£¥₹]) ?-?[0-9][0-9.,]*)(k|K|M|mn|B|bn)(?=\.?$)"
_AMOUNTS = {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion"}


def _paid(found: re.Match[str]) -> str:
    return f"{found[1]} {_AMOUNTS[found[2].lower()]}"


def _recurring(found: re.Match[str]) -> str:
    value = repeating(found[1])
    return found[1] if value is None else rf"\frac{{{value.numerator}}}{{{value.denominator}}}"


_TIDY = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<=[0-9])(?:\\,|\{,\}|,\\!) ?(?=[0-9]{3})", ","),
        (_PAID, _paid),
        (rf"\\(?:left|right) ?\.|{_DECLARED}|\\!|(?<!\\)\\[()\[\]]", ""),
        (r"\\(?:(?:text)?color|colorbox|tag\*?|label) ?\{[^{}]*\}", ""),
        (r"(?:\bUS)?\\?\$", ""),
        (rf"\\operatorname\*? ?\{{ ?({_FUNCTIONS}) ?\}}", r"\\\1 "),
        (_SPACING, " "),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (rf"(?<![0-9.,])(?<![0-9.,]\s)({MARKED})(?![0-9])", _recurring),
        (r"\\%", "%"),
        (r"\{([-+])\}", r"\1"),
        (r" ?\^ ?", "^"),
        (r"(?:\^ ?)?\\degree(?![A-Za-z])|°|\^ ?(?:\{ ?\\circ ?\}|\\circ(?![A-Za-z]))", r"^\\circ"),
        (r"([_^])\{([0-9A-Za-z]|\\circ)\}", r"\1\2"),
        (r"  +", " "),
    )
)
_INTEGER = re.compile(r"-?[1-9][0-9]{0,17}")  # most answers: nothing to tidy
# In a formula, a space matters only between two letters or two digits.
_IDLE_SPACE = re.compile(r" (?!(?<=[^\W\d_] )[^\W\d_]|(?<=[0-9] )[0-9])")
_COMMAND = re.compile(r"\\(?:begin|end)\{[A-Za-z*]+\}|\\[A-Za-z]+")
_WORD = re.compile(r"[^\W\d_]{2,}")


_INEXACT = re.compile(r"≈|≃|≅|≐|\\(?:approx|approxeq|simeq|doteq)(?![A-Za-z])")
_ASIDE = re.compile(r"([^()]+) \((?:or |= ?)?([^()]+)\)")
_OR = re.compile(r",? or |(?<![<>!:])=")
_EXACT = re.compile(r"\\(?:frac|sqrt|pi|ln|log)(?![A-Za-z])")


def canonical(answer: str) -> str:
    r"""Return the canonical form of an answer.

    A number becomes its exact decimal, or a fraction in lowest terms if the decimal does not end:
    "$1,000.00" and "1000 dollars" become "1000", `\frac12` "0.5", "2/6" "1/3". Currency and
    unit words are removed, since the question fixes them; a percent sign stays, since 1 is not
    100 %. In other text, whitespace, outer markup, dollar signs and the trailing period are
    normalised, `\text{…}` is unwrapped, `\dfrac` becomes `\frac`, "(B)" becomes "B", and
    meaningless spaces in formulas are removed. Case is kept. Formulas that only algebra can
    equate stay different.
    """
    if _INTEGER.fullmatch(answer):
        return answer
    neat = _exactly(tidy(answer))
    value = _read(neat)
    if value is not None:
        return spelt(value.value) + "%" * value.percent
    text = _compact(neat)
    for _ in range(_PASSES):  # without its spaces, a text may have more to tidy
        if (again := _compact(tidy(text))) == text:
            break
        text = again
    return re.sub(r"^\(([A-Za-z])\)$", r"\1", text) or " ".join(answer.split())


def number(text: str, style: Style = STRICT) -> Fraction | None:
    """Return the exact value of a short answer that is one number, or None.

    A percent sign is a unit like any other: 50% reads as 50, never as 1/2.
    """
    if _INTEGER.fullmatch(text):
        return Fraction(text)
    value = _read(_exactly(tidy(text)), style)
    return value.value if value else None


def count_words(text: str) -> int:
    """Count the words of prose: two letters or more, without LaTeX commands."""
    return len(_WORD.findall(_COMMAND.sub(" ", text)))


def tidy(text: str) -> str:
    """Return an answer without outer markup, spacing commands and redundant spaces."""
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        return text
    for _ in range(_PASSES):
        before = text
        text = braced(unwrapped(plain_characters(text), _FONTS))
        for pattern, replacement in _TIDY:
            text = pattern.sub(replacement, text)
        text = text.strip(' *`"“”')
        if text[-1:] in {".", ",", ";", ":"} and not text.endswith("..."):
            text = text[:-1]
        if text == before:
            break
    return text


def _exactly(text: str) -> str:
    r"""Return the exact side of `2\sqrt{3} \approx 3.464`; `x \approx 3.46` stays as it is."""
    sides = [side.strip() for side in _INEXACT.split(text)]
    if len(sides) < 2 or not all(map(read_number, sides[1:])) or count_words(sides[0]):
        return text
    return tidy(sides[0]) if _EXACT.search(sides[0]) or read_number(sides[0]) else text


def _compact(tidy: str) -> str:
    if len(tidy) > _LONGEST or count_words(tidy):
        return tidy
    return re.sub(r", ?", ", ", _IDLE_SPACE.sub("", tidy)).strip()


def _read(tidy: str, style: Style = STRICT) -> Number | None:
    if len(tidy) > _LONGEST or not any(map(str.isdigit, tidy)):
        return None
    found = read_number(tidy, style) or read_number(_compact(tidy), style)
    return found or _alternatives(tidy, style)


def _alternatives(tidy: str, style: Style) -> Number | None:
    """Return the number that `3/4 or 0.75`, `3/4 = 0.75` and `3/4 (0.75)` give twice, or None."""
    aside = _ASIDE.fullmatch(tidy)
    if not aside and " or " not in tidy and "=" not in tidy:
        return None
    parts = aside.groups() if aside else _OR.split(tidy)
    found = {read_number(part.strip(), style) for part in parts}
    if len(found) > 1 or (aside and len(set(parts)) == 1):  # 2 (2) is a product
        return None
    return found.pop()


def spelt(value: Fraction) -> str:
    """Return the canonical text of a number: its decimal, or a fraction if that does not end."""
    scaled = value * 10**_PLACES
    if scaled.denominator != 1:
        return str(value)
    digits = str(abs(scaled.numerator)).zfill(_PLACES + 1)
    text = f"{digits[:-_PLACES]}.{digits[-_PLACES:]}".rstrip("0").rstrip(".")
    return "-" * (value < 0) + text
