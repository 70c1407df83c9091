r"""Units of measurement: which one an answer has, and exact factors between those of one kind.

A unit is a product of powers of base units and a factor. Words that are not in the table (apples,
square units, dollars) are no units of measurement: the question fixes them, and they are dropped.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

Dimension = tuple[tuple[str, Fraction], ...]


class Unit(NamedTuple):
    """`factor` base units, whose powers are `dimension`, in the order of their names. The factor of
    an angle in degrees is one: no fraction is π/180, so degrees and radians are told apart."""

    factor: Fraction
    dimension: Dimension


def _table() -> dict[str, tuple[Fraction, dict[str, int]]]:
    """Return every unit by each of its names."""
    found: dict[str, tuple[Fraction, dict[str, int]]] = {}
    for row in _ROWS.strip().splitlines():
        names, factor, base = (part.strip() for part in row.split("|"))
        powers = {part.partition("^")[0]: int(part.partition("^")[2] or 1) for part in base.split()}
        for name in names.split(","):
            found[name.strip()] = Fraction(factor), powers
    for names, prefixes in ((_PREFIXED, _SHORT), (_LONG_PREFIXED, _LONG)):
        for name in names.split():
            for prefix, power in prefixes.items():
                size, base_powers = found[name]
                found.setdefault(prefix + name, (size * Fraction(10) ** power, base_powers))
    return found


_SHORT = {"k": 3, "m": -3, "μ": -6, "n": -9, "M": 6, "G": 9}
_LONG = {"kilo": 3, "milli": -3, "centi": -2, "micro": -6, "nano": -9, "mega": 6, "giga": 9}
_PREFIXED = "m g s L l J W N Pa Hz V A Ω C F mol eV cal Wh T H"
_LONG_PREFIXED = (
    "meter meters metre metres gram grams second seconds liter liters litre litres joule joules"
    " watt watts newton newtons pascal pascals hertz volt volts ohm ohms calories calorie"
)
_ROWS = """
m, meter, meters, metre, metres | 1 | m
cm | 0.01 | m
dm | 0.1 | m
in, inch, inches | 0.0254 | m
ft, foot, feet | 0.3048 | m
yd, yard, yards | 0.9144 | m
mi, mile, miles | 1609.344 | m
g, gram, grams | 0.001 | kg
t, ton, tons, tonne, tonnes | 1000 | kg
lb, lbs, pound, pounds | 0.45359237 | kg
oz, ounce, ounces | 0.028349523125 | kg
s, sec, secs, second, seconds | 1 | s
min, mins, minute, minutes | 60 | s
h, hr, hrs, hour, hours | 3600 | s
day, days | 86400 | s
week, weeks, wk, wks | 604800 | s
month, months | 1 | month
yr, yrs, year, years | 12 | month
L, l, liter, liters, litre, litres | 0.001 | m^3
cl, cL | 0.00001 | m^3
dl, dL | 0.0001 | m^3
cc | 0.000001 | m^3
gal, gallon, gallons | 0.003785411784 | m^3
qt, quart, quarts | 0.000946352946 | m^3
pt, pint, pints | 0.000473176473 | m^3
cup, cups | 0.0002365882365 | m^3
acre, acres | 4046.8564224 | m^2
ha, hectare, hectares | 10000 | m^2
mph | 0.44704 | m s^-1
kph, kmh | 5/18 | m s^-1
J, joule, joules | 1 | kg m^2 s^-2
cal, calorie, calories | 4.184 | kg m^2 s^-2
Wh | 3600 | kg m^2 s^-2
eV | 1.602176634e-19 | kg m^2 s^-2
W, watt, watts | 1 | kg m^2 s^-3
N, newton, newtons | 1 | kg m s^-2
Pa, pascal, pascals | 1 | kg m^-1 s^-2
atm | 101325 | kg m^-1 s^-2
bar | 100000 | kg m^-1 s^-2
Hz, hertz | 1 | s^-1
A, amp, amps, ampere, amperes | 1 | A
C, coulomb, coulombs | 1 | A s
V, volt, volts | 1 | kg m^2 s^-3 A^-1
Ω, ohm, ohms | 1 | kg m^2 s^-3 A^-2
F, farad, farads | 1 | kg^-1 m^-2 s^4 A^2
T, tesla | 1 | kg s^-2 A^-1
H, henry | 1 | kg m^2 s^-2 A^-2
mol, mole, moles | 1 | mol
K, kelvin, kelvins | 1 | K
degreeC, celsius | 1 | celsius
degreeF, fahrenheit | 1 | fahrenheit
°, deg, degs, degree, degrees | 1 | degree
arcmin, arcminute, arcminutes | 1/60 | degree
arcsec, arcsecond, arcseconds | 1/3600 | degree
rad, rads, radian, radians | 1 | radian
rpm | 1/60 | turn s^-1
B, byte, bytes | 8 | bit
kB, KB | 8000 | bit
MB | 8000000 | bit
GB | 8000000000 | bit
TB | 8000000000000 | bit
bit, bits | 1 | bit
cent, cents | 0.01 | dollar
dollar, dollars | 1 | dollar
"""
_UNITS = _table()
ANGLES = ((("degree", Fraction(1)),), (("radian", Fraction(1)),))
DEGREE = Unit(Fraction(1), (("degree", Fraction(1)),))
RADIAN = Unit(Fraction(1), (("radian", Fraction(1)),))

_WORD = re.compile(r"degree[CF]|[A-Za-zμΩ°]+")
_RAISED = re.compile(r" ?\^ ?\{? ?(-?[0-9]) ?\}?|(²|³| squared\b| cubed\b)")
_SEPARATOR = re.compile(r" ?(/|\bper\b|\\cdot|\*|·| |\\times) ?")
_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3, " squared": 2, " cubed": 3, "²": 2, "³": 3}
_REWRITTEN = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\arcdegree(?![A-Za-z])|\^ ?\\circ(?![A-Za-z])|\^ ?\{ ?\\circ ?\}", "°"),
        (r"\\(?:Omega|ohm)(?![A-Za-z])|Ω", "Ω"),
        (r"\\mu ?(?:\\text)?|µ", "μ"),
        (r"\\frac ?\{([^{}]*)\} ?\{([^{}]*)\}", r"\1/(\2)"),
        (r"  +", " "),
    )
)
_MAGNITUDE = re.compile(r"(?:[0-9)}!]|\\[A-Za-z]+)$")
_NUMBER = re.compile(
    r"[-+]? ?(?:[0-9][0-9.,]*|\\frac ?\{ ?[0-9]+ ?\} ?\{ ?[0-9]+ ?\}|[0-9]+/[0-9]+)"
)
_STARTS = re.compile(r"(?<=[0-9)}!])(?= ?[A-Za-zΩμ])|(?<=\S) (?=[A-Za-zΩμ(])| ?(?=°)| ?(?=\\unit)")
_GLUED = re.compile(
    r"(?:[cmk]m|[mk]?g(?<=.g)|m[lL]|lbs?|oz|ft|mph|hrs?|mins?|secs?|[kMG]?Hz|k?Wh?|.*Ω|[KMGT]B)(?![A-Za-z])"
)
_UPRIGHT = re.compile(r"\\unit ?\{([^{}]*)\}")
_FUNCTION = re.compile(r"\\(?:arc)?(?:sin|cos|tan|cot|sec|csc|log|ln|exp|lim|max|min)h?$")
# The degrees belong to the argument: \sin 30^\circ.
_IN_FUNCTION = re.compile(
    r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])(?: ?\^ ?(?:\w|\{[^{}]*\}))?"
    r"(?:[^()+]|\([^()]*$|(?<=[a-z} ])\([^()]*\)$)*$"
)
_LONGEST = 60  # characters of a unit


def split(text: str) -> tuple[str, Unit] | None:
    """Split an answer into its magnitude, still LaTeX, and its unit; None if it has none.

    In italics a unit of one letter is taken for a variable, except m, s, g, h and L behind a number
    and a space. "5m" is a product.
    """
    for pattern, replacement in _REWRITTEN[:3]:
        text = pattern.sub(replacement, text)
    for start in _STARTS.finditer(text):
        head, tail = text[: start.start()].rstrip(), text[start.end() :].strip()
        if (
            0 < len(tail) <= _LONGEST
            and _MAGNITUDE.search(head)
            and not _FUNCTION.search(head)
            and head.count("{") == head.count("}")
            and _upright(head, tail, glued=text[start.end() - 1 : start.end()] != " ")
            and (unit := parse(tail)) is not None
            and not (_is_angle(unit) and _IN_FUNCTION.search(head))
        ):
            return head.removesuffix(r"\cdot").replace("°", r"\arcdegree ").strip(), unit
    return None


def _is_angle(unit: Unit) -> bool:
    return any(name in ("degree", "radian") for name, _ in unit.dimension)


def _upright(head: str, tail: str, *, glued: bool) -> bool:
    """Return whether a text may be a unit, by how it is written."""
    if tail.startswith((r"\unit", "°")):
        return True
    if glued:
        return bool(_GLUED.match(tail))
    single = re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", tail)
    return not single or (set(single) <= set("msghL") and bool(_NUMBER.fullmatch(head)))


def unwrapped(text: str) -> str:
    """Return a text without the marks of units in it."""
    return _UPRIGHT.sub(r" \1 ", text)


def parse(text: str) -> Unit | None:
    r"""Return the unit of a text such as `m/s^2`, `kg \cdot m` or `square feet`, or None."""
    for pattern, replacement in (*_REWRITTEN, (_UPRIGHT, r"\1")):
        text = pattern.sub(replacement, text)
    reading = _Reading(text.strip().removesuffix("."))
    return reading.unit()


class _Reading:
    """One pass over the text of a unit."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._factor, self._powers = Fraction(1), dict[str, Fraction]()
        self._sign = self._pending = 1
        self._open = False

    def unit(self) -> Unit | None:
        while self._at < len(self._text):
            if not (self._separator() or self._factor_read()):
                return None
        kept = tuple(sorted((name, power) for name, power in self._powers.items() if power))
        return Unit(self._factor, kept) if kept and self._pending == 1 else None

    def _separator(self) -> bool:
        character = self._text[self._at]
        if character in "()":
            self._open = character == "("
            self._sign = self._sign if self._open else 1
            self._at += 1
            return True
        found = _SEPARATOR.match(self._text, self._at)
        if found is None:
            return False
        self._at = found.end()
        if found[1] in ("/", "per"):
            self._sign = -1
        elif found[1] != " " and not self._open:
            self._sign = 1
        return True

    def _factor_read(self) -> bool:
        word = _WORD.match(self._text, self._at)
        if word is None:
            return False
        self._at = word.end()
        if word[0] in ("square", "sq", "cubic", "cu"):
            self._pending = _POWERS[word[0]]
            return True
        if word[0] not in _UNITS:
            return False
        power = self._pending * self._power() * self._sign
        self._pending = 1
        factor, base = _UNITS[word[0]]
        self._factor *= factor**power
        for name, exponent in base.items():
            self._powers[name] = self._powers.get(name, Fraction(0)) + exponent * power
        return True

    def _power(self) -> int:
        found = _RAISED.match(self._text, self._at)
        if found is None:
            return 1
        self._at = found.end()
        return int(found[1]) if found[1] else _POWERS[found[2]]


def ratio(unit: Unit, other: Unit) -> Fraction | None:
    """Return how many of another unit are one of this, or None if they are of different kinds."""
    return unit.factor / other.factor if unit.dimension == other.dimension else None
