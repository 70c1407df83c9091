r"""The canonical form of an answer: equal answers become equal texts, so that they vote together.

Numbers are exact rationals, never floats: 0.1 + 0.2 is 0.3, and 1/3 is not 0.3333.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

# Longer texts are compared verbatim, and longer numbers are treated as text. Both bound the work
# on hostile input; Python's lowest possible limit on printing an int is 640 digits.
_LONGEST, _MOST_DIGITS = 1000, 250
_PASSES = 8  # each pass removes one layer of nested \text{…} and trailing marks
_PLACES = 30  # a rational with more decimal places is written as a fraction

_INTEGER = r"(?:[0-9]{1,3}(?:(?:,(?:\\!\ ?)?|\{,\}|\\,)[0-9]{3})+(?![0-9])|[0-9]+)"
_DECIMAL = rf"(?:{_INTEGER}(?:\.[0-9]+)?|(?<![\w.])\.[0-9]+)"
# Also used to search running text: a hyphen after a letter, digit or bracket is not a sign
# ("3-4"), and the digits of x2, GPT-4, x^{12} and 52_8 are not numbers.
NUMBER = rf"""
    (?P<sign>(?<![A-Za-z0-9_)\]}}-])[-−+])?
    (?:(?:US)?(?:\\?\$|[€£¥₹])\s?(?P<minus>[-−])?)?
    (?<![A-Za-z0-9_^])(?<![A-Za-z]{{2}}-)(?<![\^_]\{{)
    (?: (?:(?P<whole>[0-9]+)\s?(?=\\|(?<=\s)[0-9]))?
        (?: \\[dt]?frac\s?(?:\{{\s?(?P<top>-?{_DECIMAL})\s?\}}|[0-9])
            \s?(?:\{{\s?(?P<bottom>-?{_DECIMAL})\s?\}}|[0-9])
          | (?P<over>{_DECIMAL})/(?P<under>-?{_DECIMAL}) )
      | (?:(?P<mantissa>{_DECIMAL})\s?(?:\\times|\\cdot|[×·*x])\s?)?
        10\^\{{?(?P<power>[-−+]?[0-9]{{1,4}})\}}?
      | (?P<plain>{_DECIMAL})(?:e(?P<exponent>[-−+]?[0-9]{{1,4}})(?!\w))? )
    (?:\s?(?P<percent>\\?%|per\s?cent(?:age\spoints?)?\b))?
    (?:\s(?P<scale>hundred|thousand|million|billion|trillion)\b)?
"""
_NUMBER = re.compile(NUMBER, re.I | re.X)
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_PREFIX = re.compile(r"^(?:[A-Za-z] ?=|=|≈|~|\\approx\b|(?:about|approximately|exactly|only)\b) ?")
_MINUS = re.compile(r"^(?:(?:minus|negative) |- )(?=[0-9.\\])")

# Units are in lower case, so that "12 Monkeys" is not 12; of single letters, only those that are
# rarely variables.
_SHORT_UNIT = "cm|mm|km|kg|mg|m[lL]|lbs?|oz|ft|mph|hrs?|mins?|secs?|[KMGT]B|k?Wh?|Hz|USD|EUR|GBP"
_UNITS = re.compile(
    rf"(?:(?:{_SHORT_UNIT})(?:\^?[23²³])?\b)?"
    rf"(?:(?: ?/ ?| )\(?(?:[a-z]{{2,}}|{_SHORT_UNIT}|[mgshL])(?:\^?[23²³])?\b\)?){{0,5}}"
)
# Words that change the number before them, or make it no number at all.
NO_UNIT = re.compile(
    r"\b(?:and|or|to|than|plus|minus|times|over|squared|cubed|factorial|choose|base|mod|modulo|pi"
    r"|sqrt|sin|cos|tan|log|ln|am|pm|half|halves|thirds?"
    r"|(?:four|fif|six|seven|eigh|nin|ten|hundred|thousand)ths?)\b"
)

_TIDY = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[−－]", "-"),
        (r"(?<=[0-9])(?:\\,|\{,\}|,\\!) ?(?=[0-9]{3})", ","),
        (r"\\(?:left|right|displaystyle)(?![A-Za-z])|\\!|(?<!\\)\\[()\[\]]", ""),
        (r"(?:\bUS)?\\?\$", ""),
        (r"(?<!\\)\\[,;: ]|\\q?quad\b|(?<=.)~", " "),
        (r"\\(?:mbox|boxed|fbox|text|(?:text|math)(?:rm|bf|it)) ?\{([^{}]*)\}", r" \1 "),
        (r"\\[dt]frac", r"\\frac"),
        (r"\\frac ?([0-9])", r"\\frac{\1}"),
        (r"(\\frac ?\{[^{}]*\}) ?([0-9])", r"\1{\2}"),
        (r"\\sqrt ?([0-9A-Za-z])", r"\\sqrt{\1}"),
        (r"\\%", "%"),
        (r" ?\^ ?", "^"),
        (r"([_^])\{([0-9A-Za-z]|\\circ)\}", r"\1\2"),
        (r" ?(?:\^\\circ\b|°)(?: ?[CF]\b)?", ""),
        (r"  +", " "),
    )
)
# In a formula, a space matters only between two letters or two digits.
_IDLE_SPACE = re.compile(r" (?!(?<=[^\W\d_] )[^\W\d_]|(?<=[0-9] )[0-9])")
_COMMAND = re.compile(r"\\(?:begin|end)\{[A-Za-z*]+\}|\\[A-Za-z]+")
_WORD = re.compile(r"[^\W\d_]{2,}")


class _Value(NamedTuple):
    number: Fraction
    percent: bool


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
    neat = tidy(answer)
    value = _read(neat)
    if value is not None:
        return _spelt(value.number) + "%" * value.percent
    return re.sub(r"^\(([A-Za-z])\)$", r"\1", _compact(neat)) or " ".join(answer.split())


def number(text: str) -> Fraction | None:
    """Return the exact value of a short answer that is one number, or None.

    A percent sign is a unit like any other: 50% reads as 50, never as 1/2.
    """
    value = _read(tidy(text))
    return value.number if value else None


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
        for pattern, replacement in _TIDY:
            text = pattern.sub(replacement, text)
        text = text.strip(' *`"“”')
        if text[-1:] in {".", ",", ";", ":"} and not text.endswith("..."):
            text = text[:-1]
        if text == before:
            break
    return text


def _compact(tidy: str) -> str:
    if len(tidy) > _LONGEST or count_words(tidy):
        return tidy
    return re.sub(r", ?", ", ", _IDLE_SPACE.sub("", tidy)).strip()


def _read(tidy: str) -> _Value | None:
    if len(tidy) > _LONGEST or not any(map(str.isdigit, tidy)):
        return None
    return _value(tidy) or _value(_compact(tidy))


def _value(tidy: str) -> _Value | None:
    tidy = _MINUS.sub("-", _PREFIX.sub("", tidy))
    head = _NUMBER.match(tidy)
    if not head or len(head[0]) > _MOST_DIGITS:
        return None
    tail = tidy[head.end() :]
    if not _UNITS.fullmatch(tail) or NO_UNIT.search(tail):
        return None
    rational = _rational(head)
    return None if rational is None else _Value(rational, bool(head["percent"]))


def _rational(head: re.Match[str]) -> Fraction | None:
    top, bottom = head["top"] or head["over"], head["bottom"] or head["under"]
    if top and bottom:
        if not _fraction(bottom):
            return None
        value = _fraction(top) / _fraction(bottom)
        if head["whole"]:
            if not 0 < value < 1:  # 4 10/3 is two numbers
                return None
            value += int(head["whole"])
    else:
        power = int((head["power"] or head["exponent"] or "0").replace("−", "-"))
        if abs(power) > _MOST_DIGITS:
            return None
        value = _fraction(head["mantissa"] or head["plain"] or "1") * _ten_to(power)
    value *= _ten_to(_SCALES.get((head["scale"] or "").lower(), 0))
    negative = (head["sign"] or "+") != "+" or head["minus"]
    return -value if negative else value


def _fraction(digits: str) -> Fraction:
    return Fraction(re.sub(r"[^-.0-9]", "", digits))


def _ten_to(power: int) -> Fraction:
    return Fraction(10**power) if power >= 0 else Fraction(1, 10**-power)


def _spelt(value: Fraction) -> str:
    scaled = value * 10**_PLACES
    if scaled.denominator != 1:
        return str(value)
    digits = str(abs(scaled.numerator)).zfill(_PLACES + 1)
    text = f"{digits[:-_PLACES]}.{digits[-_PLACES:]}".rstrip("0").rstrip(".")
    return "-" * (value < 0) + text
