"""The decimal numerals that a schema of a number allows, as regular languages.

Numerals have no exponent where a bound is given, and so few digits that two of them are never the
same number in floating point: what lies within the bounds as written lies within them as read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ttc_llamacpp.grammars import charset
from ttc_llamacpp.grammars.automaton import Dfa, both, difference
from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.grammars.regex import language

_WHOLE = r"(?:0|[1-9][0-9]{{0,{}}})"
_FREE = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?(?:[eE][-+]?[0-9]{1,2})?"
_DIGITS = 15  # that a double keeps
_MOST_MULTIPLE = 500


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a schema says of a number: its least and most, which of them are excluded."""

    low: Decimal | None
    high: Decimal | None
    above: Decimal | None
    below: Decimal | None

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Bounds:
        """Read the keywords; in old schemas `exclusiveMinimum: true` turns the other one."""
        found = {}
        pairs = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
        for name, exclusive in pairs:
            value, other = schema.get(name), schema.get(exclusive)
            if other is True:
                value, other = None, value
            found[name], found[exclusive] = _decimal(value), _decimal(other)
        return cls(*(found[name] for pair in zip(*pairs, strict=True) for name in pair))

    @property
    def given(self) -> list[Decimal]:
        """The bounds that there are."""
        return [each for each in (self.low, self.high, self.above, self.below) if each is not None]


def numerals(schema: Mapping[str, Any], *, whole: bool) -> Dfa:
    """Return the numerals of a schema of type number, or integer if `whole`.

    Raises GrammarError if there are none, or if the bounds have more digits than a double.
    """
    bounds, multiple = Bounds.of(schema), schema.get("multipleOf")
    if multiple is not None:
        whole = True
    if not whole and not bounds.given:
        return language(_FREE)
    size = max((len(_parts(each)[0]) for each in bounds.given), default=0)
    fine = max((len(_parts(each)[1]) for each in bounds.given), default=0)
    if size > _DIGITS or (not whole and size + fine > _DIGITS):
        raise GrammarError(f"its bounds have more than {_DIGITS} digits")
    size = _DIGITS if whole else max(size, _DIGITS - max(fine, 6))
    fraction = "" if whole else rf"(?:\.[0-9]{{1,{_DIGITS - size}}})?"
    found = language(f"-?{_WHOLE.format(size - 1)}{fraction}")
    found = difference(found, language("-0"))
    if bounds.low is not None:
        found = both(found, _at_least(bounds.low))
    if bounds.above is not None:
        found = difference(both(found, _at_least(bounds.above)), _equal(bounds.above))
    if bounds.high is not None:
        found = both(found, _at_most(bounds.high))
    if bounds.below is not None:
        found = difference(both(found, _at_most(bounds.below)), _equal(bounds.below))
    if multiple is not None:
        found = both(found, _multiples(_decimal(multiple)))
    if not found.moves:
        raise GrammarError("no number lies within its bounds")
    return found


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        if value in (None, False):
            return None
        raise GrammarError(f"a bound must be a number, not {value!r}")
    return Decimal(str(value))


def _parts(value: Decimal) -> tuple[str, str]:
    """Return the digits of a magnitude before and after the point, without needless zeros."""
    whole, _, fraction = f"{abs(value):f}".partition(".")
    return whole.lstrip("0") or "0", fraction.rstrip("0")


def _at_least(bound: Decimal) -> Dfa:
    if bound > 0:
        return language(_large(bound))
    return language(rf"[0-9.]+|-(?:{_small(abs(bound))})")


def _at_most(bound: Decimal) -> Dfa:
    if bound >= 0:
        return language(rf"-[0-9.]+|{_small(bound)}")
    return language(rf"-(?:{_large(abs(bound))})")


def _equal(bound: Decimal) -> Dfa:
    whole, fraction = _parts(bound)
    sign = "-?" if bound == 0 else "-" if bound < 0 else ""
    tail = rf"\.{fraction}0*" if fraction else r"(?:\.0+)?"
    return language(sign + whole + tail)


def _small(bound: Decimal) -> str:
    """Return a pattern of magnitudes up to a bound."""
    whole, fraction = _parts(bound)
    inner = "0*"
    for digit in reversed(fraction):
        less = rf"[0-{int(digit) - 1}][0-9]*|" if digit != "0" else ""
        inner = f"(?:{less}{digit}{inner})?"
    # The point alone, without a digit, is removed with what else is no numeral.
    ways = [rf"{whole}(?:\.{inner})?"]
    ways += [rf"{way}(?:\.[0-9]+)?" for way in _whole_below(whole)]
    return "|".join(ways)


def _large(bound: Decimal) -> str:
    """Return a pattern of magnitudes from a bound."""
    whole, fraction = _parts(bound)
    inner = "[0-9]*"
    for digit in reversed(fraction):
        more = f"[{int(digit) + 1}-9][0-9]*|" if digit != "9" else ""
        inner = f"(?:{more}{digit}{inner})"
    ways = [rf"{whole}\.{inner}" if fraction else rf"{whole}(?:\.[0-9]+)?"]
    ways += [rf"{way}(?:\.[0-9]+)?" for way in _whole_above(whole)]
    return "|".join(ways)


def _whole_below(bound: str) -> list[str]:
    """Return patterns of the whole numbers below one, which is given by its digits."""
    ways = [] if bound == "0" else ["0"]
    if len(bound) > 1:
        ways.append(rf"[1-9][0-9]{{0,{len(bound) - 2}}}")
    for place, digit in enumerate(bound):
        least = 1 if place == 0 else 0
        if int(digit) > least:
            rest = len(bound) - place - 1
            ways.append(rf"{bound[:place]}[{least}-{int(digit) - 1}][0-9]{{{rest}}}")
    return ways


def _whole_above(bound: str) -> list[str]:
    """Return patterns of the whole numbers above one, which is given by its digits."""
    ways = [rf"[1-9][0-9]{{{len(bound)},}}"]
    for place, digit in enumerate(bound):
        if digit != "9":
            rest = len(bound) - place - 1
            ways.append(rf"{bound[:place]}[{int(digit) + 1}-9][0-9]{{{rest}}}")
    return ways


def _multiples(of: Decimal | None) -> Dfa:
    """Return the numerals of the multiples of a whole number, and others that are no numerals."""
    if of is None or of != of.to_integral_value() or not 0 < of <= _MOST_MULTIPLE:
        raise GrammarError(f"multipleOf must be a whole number up to {_MOST_MULTIPLE}")
    number, made = int(of), Dfa()
    for rest in range(number):
        made.add(accepts=rest == 0)
    for rest in range(number):
        ways: dict[int, list[tuple[int, int]]] = {}
        for digit in range(10):
            code = ord("0") + digit
            ways.setdefault((rest * 10 + digit) % number, []).append((code, code))
        made.moves[rest] = [(charset.ranges(parts), to) for to, parts in ways.items()]
    # The sign leaves the remainder.
    start = made.moves[0]
    made.moves[0] = [*start, (charset.of("-"), 0)]
    return made
