r"""Units of measurement: which one an answer has, and exact factors between those of one kind.

A unit is a product of powers of base units and a factor. Words that are not in the table (apples,
square units, dollars) are no units of measurement: the question fixes them, and they are dropped.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from ttc.verifiers.math.measures.table import UNITS

Dimension = tuple[tuple[str, Fraction], ...]


class Unit(NamedTuple):
    """`factor` base units, whose powers are `dimension`, in the order of their names. The factor of
    an angle in degrees is one: no fraction is π/180, so degrees and radians are told apart."""

    factor: Fraction
    dimension: Dimension


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
_PART = re.compile(r" ?,? ?([0-9]+(?:\.[0-9]+)?) ?(?:\\unit ?\{([^{}]*)\}|([A-Za-z]+|°|''|'|\")) ?")
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


def compound(text: str) -> tuple[Fraction, Unit] | None:
    """Return the sum of `1 hour 30 minutes` or `30° 15'` in its first unit, or None."""
    for pattern, replacement in _REWRITTEN[:3]:
        text = pattern.sub(replacement, text)
    parts = [_PART.match(text)]
    while (last := parts[-1]) is not None and last.end() < len(text):
        parts.append(_PART.match(text, last.end()))
    if len(parts) < 2:
        return None
    total, first = Fraction(0), None
    for part in parts:
        name = "" if part is None else part[2] or part[3]
        unit = parse({"'": "arcmin", "''": "arcsec", '"': "arcsec"}.get(name, name))
        if part is None or unit is None:
            return None
        first = first or unit
        factor = ratio(unit, first)
        if factor is None or factor > 1:
            return None
        total += Fraction(part[1]) * factor
    return None if first is None else (total, first)


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
        if word[0] not in UNITS:
            return False
        power = self._pending * self._power() * self._sign
        self._pending = 1
        factor, base = UNITS[word[0]]
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
