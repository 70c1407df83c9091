r"""Numbers as people write them: 1,000 and 48 300, 1'250'000, 0,75, 2{,}5, 1.5M, 2 3/4, 3.2e5.

Every value is an exact rational, never a float. What is ambiguous alone has a fixed reading, unless
a `Style` says otherwise: `1,234` is a thousand, `0,75` three quarters (no thousands begin with 0),
and `2,5` is no number but perhaps a list of two.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from ttc.answers.repeating import REPEATING, repeating

MOST_DIGITS = 250  # longer numbers are text; Python's lowest limit on printing an int is 640 digits

_SPACE = r"(?:[ \u00a0\u2009\u202f]|\\[, ])"
_COMMA = r"(?:,(?:\\!\ ?)?|\{,\})"
_INTEGER = rf"(?:[0-9]{{1,3}}(?:(?:{_COMMA}|\\,)[0-9]{{3}})+(?![0-9])|[0-9]+)"
_DECIMAL = rf"(?:{_INTEGER}(?:\.[0-9]+)?|(?<![\w.])\.[0-9]+)"
# From the unambiguous to the plain. A comma between digits is never the end of a number: `3,5` is
# one token, and whether it is 3.5 is decided by `_numeral`.
NUMERAL = rf"""(?:
    [1-9][0-9]{{0,2}}(?:['’][0-9]{{3}})+(?![0-9])(?:[.,][0-9]+)?
  | (?<![0-9]\ )(?<![0-9],)[1-9][0-9]{{0,2}}(?:{_SPACE}[0-9]{{3}})+(?![0-9])
        (?!\ ?[0-9/])(?:[.,][0-9]+)?
  | [1-9][0-9]{{0,2}}(?:\.[0-9]{{3}})+,[0-9]+
  | [1-9][0-9]{{0,2}}(?:\.[0-9]{{3}}){{2,}}(?![.0-9])
  | [1-9][0-9]{{0,2}}(?:_[0-9]{{3}})+(?![_0-9])(?:\.[0-9]+)?
  | [1-9][0-9]?(?:,[0-9]{{2}})+,[0-9]{{3}}(?![,0-9])(?:\.[0-9]+)?
  | [1-9][0-9]{{0,2}}(?:{_COMMA}[0-9]{{3}})+(?![0-9])(?:\.[0-9]+)?
  | (?<![0-9],)[0-9]+(?:,|\{{,\}})[0-9]+(?![,.]?[0-9])
  | {_DECIMAL})"""
_CURRENCY = r"(?:\\?\$|[€£¥₹₽₩₪₫₴₦฿¢])"

# Also used to search running text: a hyphen after a letter, digit or bracket is not a sign
# ("3-4"), and the digits of x2, GPT-4, x^{12} and 52_8 are not numbers.
NUMBER = rf"""
    (?P<sign>(?<![A-Za-z0-9_)\]}}-])[-−+])?
    (?:(?:US)?{_CURRENCY}\s?(?P<minus>[-−])?)?
    (?<![A-Za-z0-9_^])(?<![A-Za-z]{{2}}-)(?<![\^_]\{{)
    (?: (?P<repeating>{REPEATING})
      | (?:(?P<whole>[0-9]+)\s?(?=\\|(?<=\s)[0-9]))?
        (?: \\[dtc]?frac\s?(?:\{{\s?(?P<top>-?{_DECIMAL})\s?\}}|[0-9])
            \s?(?:\{{\s?(?P<bottom>-?{_DECIMAL})\s?\}}|[0-9])
          | (?P<over>{_DECIMAL})/(?P<under>-?{_DECIMAL}) )
      | (?:(?P<mantissa>{NUMERAL})\s?(?:\\times|\\cdot|[×·⋅*x])\s?)?
        10(?:\^|\*\*)\{{?(?P<power>[-−+]?[0-9]{{1,4}})\}}?
      | (?P<plain>{NUMERAL})(?:e(?P<exponent>[-−+]?[0-9]{{1,4}})(?!\w))? )
    (?:\s?(?P<percent>\\?%|(?:per\s?cent(?:age\spoints?)?|pct)\b))?
    (?:\s(?P<scale>hundred|thousand|million|billion|trillion|lakh|crore|dozen)s?\b)?
    (?P<letter>(?-i:bn|mn|\ ?k|[KMB])(?![A-Za-z0-9_^/]))?
"""
_NUMBER = re.compile(NUMBER, re.I | re.X)
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:[.,][0-9]{3})+")
_ONE_THOUSAND = re.compile(r"[1-9],[0-9]{3}")
_ZERO_COMMA = re.compile(r"0,[0-9]{2,}")
# 0,75 and 1.234,5 and 2{,}5: nothing else can be meant.
_SHOWN_COMMA = re.compile(
    r"(?<![0-9.,])(?:0,[0-9]{2,}|[0-9]{1,3}(?:[.' ][0-9]{3})+,[0-9]+"
    r"|[0-9]+\{,\}(?![0-9]{3}(?![0-9]))[0-9]+)(?![0-9]*[,.]?[0-9])"
)
_ITEM = re.compile(r"\s*[-+−]?[0-9]+(?:,[0-9]+)?\s*")  # of 0,5; 1,25; 3
_COMMAS = re.compile(
    r"(?<![0-9.,])[0-9]+(?:\.[0-9]{3})*(?:,|\{,\})[0-9]+(?![,.]?[0-9])"
    r"|(?<![0-9.,])[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?![,.]?[0-9])"
)
_SCALES = {"hundred": 2, "thousand": 3, "lakh": 5, "million": 6, "crore": 7, "billion": 9}
_SCALES |= {"trillion": 12, "k": 3, "m": 6, "mn": 6, "b": 9, "bn": 9}
_PREFIX = re.compile(
    r"^(?:[A-Za-z] ?(?:=|≈|\\approx\b)|[=≈~]|\\approx\b"
    r"|(?:about|approximately|approx\.|exactly|only|roughly)(?= )) ?"
)
_MINUS = re.compile(r"^(?:(?:minus|negative) |- )(?=[0-9.\\])")

# Units are in lower case, so that "12 Monkeys" is not 12; of single letters, only those that are
# rarely variables.
_SHORT_UNIT = "cm|mm|km|kg|mg|m[lL]|lbs?|oz|ft|mph|hrs?|mins?|secs?|[KMGT]B|k?Wh?|Hz|USD|EUR|GBP"
_UNITS = re.compile(
    rf"(?: ?(?:\^\\circ|°)(?: ?[CF]\b)?| ?{_CURRENCY}|\.?-(?=[a-z]{{2}}))?"
    rf"(?:(?:{_SHORT_UNIT})(?:\^?[23²³])?\b)?"
    rf"(?:(?: ?/ ?| )\(?(?:[a-z]{{2,}}|{_SHORT_UNIT}|[mgshL])(?:\^?[23²³])?\b\)?){{0,5}}"
)
# Words that change the number before them, or make it no number at all.
NO_UNIT = re.compile(
    r"\b(?:and|or|to|than|plus|minus|times|over|squared|cubed|factorial|choose|base|mod|modulo|pi"
    r"|sqrt|sin|cos|tan|log|ln|am|pm|half|halves|thirds?|repeating|recurring|dozens?|lakhs?|crores?"
    r"|(?:four|fif|six|seven|eigh|nin|ten|hundred|thousand)ths?)\b"
)


class Style(NamedTuple):
    """How ambiguous numbers are read.

    `comma`: a decimal comma (True), never one (False), or only where nothing else is possible
    (None). `loose`: numbers have no commas between them, so `2,5` is no list of two. `letters`:
    the text is one number, so 70k is no multiple of a variable.
    """

    comma: bool | None = None
    loose: bool = False
    letters: bool = False


STRICT = Style()


class Number(NamedTuple):
    """A number as it is written, and whether it is a percentage."""

    value: Fraction
    percent: bool


def read_number(tidy: str, style: Style = STRICT) -> Number | None:
    """Return the number that a tidy text is (see `ttc.answers.canonical.tidy`), or None."""
    tidy = _MINUS.sub("-", _PREFIX.sub("", tidy))
    head = _NUMBER.match(tidy)
    if not head or len(head[0]) > MOST_DIGITS:
        return None
    tail = tidy[head.end() :]
    if not _UNITS.fullmatch(tail) or NO_UNIT.search(tail):
        return None
    if head["letter"] and not style.letters:
        return None
    rational = _rational(head, style)
    return None if rational is None else Number(rational, bool(head["percent"]))


def has_decimal_comma(text: str) -> bool:
    """Return whether a text shows by itself that it is written with decimal commas."""
    items = text.strip(" ()[]").split(";")
    listed = len(items) > 1 and all(map(_ITEM.fullmatch, items)) and "," in text
    return listed or bool(_SHOWN_COMMA.search(text))


def with_points(text: str, style: Style) -> str:
    """Return a text in which decimal commas between two digits are points, by a style.

    `1.234,5` becomes 1234.5. Commas of thousands stay, and so do those that separate items.
    """
    if style.comma is False or not (style.comma or style.loose):
        return text
    return _COMMAS.sub(lambda found: _with_point(found[0], style), text)


def _with_point(digits: str, style: Style) -> str:
    bare = digits.replace("{,}", ",")
    if "," not in bare:
        return bare.replace(".", "") if style.comma else digits
    if _THOUSANDS.fullmatch(bare) and not style.comma:
        return digits
    return bare.replace(".", "").replace(",", ".")


def _rational(head: re.Match[str], style: Style) -> Fraction | None:
    top, bottom = head["top"] or head["over"], head["bottom"] or head["under"]
    value: Fraction | None
    if top and bottom:
        if not _fraction(bottom):
            return None
        value = _fraction(top) / _fraction(bottom)
        if head["whole"]:
            if not 0 < value < 1:  # 4 10/3 is two numbers
                return None
            value += int(head["whole"])
    elif head["repeating"]:
        value = repeating(head["repeating"])
    else:
        value = _scientific(head, style)
    if value is None:
        return None
    scale = (head["scale"] or head["letter"] or "").strip().lower()
    value *= 12 if scale == "dozen" else ten_to(_SCALES.get(scale, 0))
    negative = (head["sign"] or "+") != "+" or head["minus"]
    return -value if negative else value


def _scientific(head: re.Match[str], style: Style) -> Fraction | None:
    power = int((head["power"] or head["exponent"] or "0").replace("−", "-"))
    if abs(power) > MOST_DIGITS:
        return None
    if head["mantissa"] and _ONE_THOUSAND.fullmatch(head["mantissa"]):
        style = style._replace(comma=True)  # 6,022 × 10^23 counts no thousands
    value = _numeral(head["mantissa"] or head["plain"] or "1", style)
    return None if value is None else value * ten_to(power)


def _numeral(digits: str, style: Style) -> Fraction | None:
    """Return the value of digits with separators, or None for what may be two numbers."""
    braced = "{,}" in digits
    bare = re.sub(r"\\[, !]|[^,.0-9]", "", digits)
    commas, points = bare.count(","), bare.count(".")
    if commas and points:
        decimal = "," if bare.rindex(",") > bare.rindex(".") else "."
        return Fraction(bare.replace("." if decimal == "," else ",", "").replace(",", "."))
    if points:
        thousands = points > 1 or (style.comma and _THOUSANDS.fullmatch(bare))
        return Fraction(bare.replace(".", "") if thousands else bare)
    if commas == 1 and not _THOUSANDS.fullmatch(bare):
        zero = style.comma is None and _ZERO_COMMA.fullmatch(bare)
        shown = braced or bare != digits or zero
        if not (shown or style.comma or (style.loose and style.comma is None)):
            return None
        return Fraction(bare.replace(",", "."))
    if commas == 1 and style.comma:
        return Fraction(bare.replace(",", "."))
    if commas > 1 and not _THOUSANDS.fullmatch(bare) and not style.loose:
        return None  # 12,34,567 may be a list as well as twelve lakhs
    return Fraction(bare.replace(",", ""))


def _fraction(digits: str) -> Fraction:
    return Fraction(re.sub(r"[^-.0-9]", "", digits))


def ten_to(power: int) -> Fraction:
    """Return a power of ten."""
    return Fraction(10**power) if power >= 0 else Fraction(1, 10**-power)
