"""The units of measurement by name: exact factors to base units, and their powers."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["UNITS"]


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
UNITS = _table()
